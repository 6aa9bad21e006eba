"""A whole sitting in a real browser: every exercise by its link, what is asked at the keyboard alone, a restart of the
kernel and a closed tab in the middle. Screenshots of every exercise, light and dark, are kept as artefacts."""

import contextlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
import pytest
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By

from course import syllabus
from course.authoring.notebook import BEGIN_SOLUTION, END_SOLUTION, exercise, part
from course.exam import reflections
from course.learn import quiz_results
from tests.browser.keyboard import WAIT, Panel
from tests.browser.notebook import Notebook

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = ROOT / "artefacts" / "screenshots"
ASSIGNMENT = "d0_orientation"
SOURCE, RELEASE = (ROOT / folder / ASSIGNMENT / f"{ASSIGNMENT}.ipynb" for folder in ("source", "release"))
CELLS = nbformat.read(SOURCE, as_version=4).cells
EXERCISES = [one.id for one in syllabus.load().of(ASSIGNMENT)]
ANSWERS = json.loads((ROOT / "tests" / "answers" / f"{ASSIGNMENT}.json").read_text())["answers"]
RUN_SECONDS = 180

pytestmark = pytest.mark.browser


def test_a_whole_sitting(lab: str, browser: Chrome, tmp_path: Path) -> None:
    sitting = Sitting(lab, browser, tmp_path / "work" / ASSIGNMENT)
    sitting.open()
    sitting.early("o-3-check", "check", "imports")
    for id in EXERCISES[:3]:
        sitting.do(id)
    sitting.run("map")
    sitting.photographs(["top", *EXERCISES[:3]])
    before = sitting.answers()

    sitting.restart()
    sitting.early("o-4-check", "check", "imports")
    sitting.notebook.save()
    sitting.close_tab()
    sitting.open()
    assert sitting.answers() == before, "a restart and a closed tab keep every answer"
    for panel in ("o-1-quiz", "o-3-predict"):
        sitting.shows(panel, "Run this cell again to go on here; what you have committed is kept.")
    sitting.goes_on_with("O-4")
    for id in EXERCISES[3:]:
        sitting.do(id)

    sitting.run("map")
    said = sitting.notebook.output("map")
    assert "Everything here is done." in said, said
    assert {id: answer["choice"] for id, answer in sitting.answers().items()} == {
        id: answer["choice"] for id, answer in ANSWERS.items()
    }
    sitting.photographs(EXERCISES[3:])


class Sitting:
    """One learner with one notebook of a running lab."""

    def __init__(self, lab: str, browser: Chrome, folder: Path) -> None:
        self.address, self.browser, self.folder = urlsplit(lab), browser, folder
        self.notebook: Notebook

    def open(self) -> None:
        self.browser.get(self.address._replace(path=f"/lab/tree/{ASSIGNMENT}/{ASSIGNMENT}.ipynb").geturl())
        self.notebook = Notebook(self.browser, RELEASE)

    def answers(self) -> dict:
        return json.loads((self.folder / "answers.json").read_text())["answers"]

    def page(self) -> str:
        return self.browser.find_element(By.CSS_SELECTOR, ".jp-Notebook").text

    # What a learner does

    def early(self, cell: str, name: str, where: str) -> None:
        """Run a cell in a fresh kernel: one sentence says what to run first."""
        self.run(cell)
        said = self.notebook.output(cell)
        assert f"`{name}` is not there yet" in said and where in said and "Traceback" not in said, said

    def shows(self, cell: str, words: str) -> None:
        """Wait until these words, and nothing else, stand below a cell."""
        self.notebook.until(lambda: self.notebook.output(cell).strip() == words, WAIT)

    def run(self, cell: str) -> None:
        self.notebook.run(cell, RUN_SECONDS)

    def runs(self, id: str) -> None:
        """Run an exercise by one click on its link."""
        code = [cell.id for cell in cells_of(id) if cell.cell_type == "code"]
        self.notebook.forget(code)
        self.notebook.click(f"a[href$='#run-{id}']")
        self.notebook.until(lambda: self.notebook.count(code[-1]), RUN_SECONDS)
        self.notebook.settle(RUN_SECONDS)
        assert self.notebook.errors() == []

    def do(self, id: str) -> None:
        """An exercise to full points: solutions pasted, it is run by its link, and asked things at the keyboard."""
        for cell in cells_of(id):
            if cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution"):
                self.notebook.type(cell.id, solved(cell))
            elif cell.cell_type == "code" and cell.source.startswith("predict("):
                self.predict(cell.id, cell.source.split('"')[1])
        self.runs(id)
        check = next(cell.id for cell in cells_of(id) if part(cell) == "check")
        for cell in cells_of(id):
            if part(cell) == "quiz":
                self.quiz(cell.id, id)
                self.run(check)
            elif part(cell) == "reflection":
                self.reflect(cell)
        points, of = self.notebook.points(check)
        assert points == of, f"{id}: {self.notebook.output(check)}"

    def quiz(self, cell: str, id: str) -> None:
        panel = Panel(self.notebook, cell)
        panel.enter()
        with contextlib.chdir(self.folder):  # where the learner's wording and order are known
            items = [one.item.shuffled(quiz_results.seed_of(one.item)) for one in quiz_results.marked(id)]
        for place, item in enumerate(items, 1):
            panel.says(f"{place} of {len(items)}")
            panel.stands_at_the_first_option()
            given = ANSWERS[item.id]
            panel.answer(item, given["choice"], given["confidence"])
            if place < len(items):
                panel.says("Next question")
                panel.press(Keys.ENTER)
        panel.says("First question")

    def predict(self, cell: str, id: str) -> None:
        """Run the cell that asks, and commit."""
        self.run(cell)
        panel = Panel(self.notebook, cell)
        panel.enter()
        choice = ANSWERS[id]["choice"]
        for kind, number, _ in panel.walk("Commit"):
            if kind == "field":
                panel.press(f"{choice:g}")
            elif kind == "slider":
                steps = round((choice[number] - 0.75) / 0.01)  # a slider starts in the middle of 0.5 to 1
                panel.press(*[Keys.ARROW_UP if steps > 0 else Keys.ARROW_DOWN] * abs(steps))
        panel.press(Keys.ENTER)
        panel.says("Committed")

    def reflect(self, cell: nbformat.NotebookNode) -> None:
        """Write the reflection, save, open the model answer, and score the text before and after it."""
        self.notebook.type(cell.id, cell.source)
        self.notebook.save()
        shown = next(one.id for one in cells_of(exercise(cell)) if part(one) == "model_answer")
        self.run(shown)
        rows = [row.id for row in reflections.load(exercise(cell)).rows]
        panel = Panel(self.notebook, shown)
        panel.enter()
        for when in ("before", "after"):
            panel.back_to_the_start()
            scores = ANSWERS[cell.id]["choice"][when]
            for kind, number, _ in panel.walk("Keep these scores"):
                if kind == "slider":
                    panel.press(Keys.HOME, *[Keys.ARROW_RIGHT] * scores[rows[number]])
            panel.press(Keys.ENTER)
            panel.says("Before the model answer:" if when == "before" else "After it:")

    def goes_on_with(self, id: str) -> None:
        """Continue where one stopped: one click leads to that exercise, and runs it."""
        self.notebook.click("a[href$='#go-on']")
        begin = next(cell.id for cell in cells_of(id) if part(cell) == "begin")
        self.notebook.until(lambda: self.notebook.count(begin), RUN_SECONDS)
        self.notebook.settle(RUN_SECONDS)
        heading = self.notebook.cell(cells_of(id)[0].id)
        assert heading.is_displayed() and "jp-mod-active" in heading.get_attribute("class")

    def restart(self) -> None:
        """Restart the kernel by its keys: 0 twice, then Enter."""
        ActionChains(self.browser).send_keys(Keys.ESCAPE).send_keys("00").perform()
        dialog = (By.CSS_SELECTOR, ".jp-Dialog button.jp-mod-warn")
        self.notebook.until(lambda: self.browser.find_element(*dialog).is_displayed(), WAIT)
        self.browser.find_element(*dialog).click()
        self.notebook.settle(RUN_SECONDS)

    def close_tab(self) -> None:
        old = self.browser.current_window_handle
        self.browser.switch_to.new_window("tab")
        fresh = self.browser.current_window_handle
        self.browser.switch_to.window(old)
        self.browser.close()
        self.browser.switch_to.window(fresh)

    def photographs(self, groups: list[str]) -> None:
        """Of the top and of exercises, as long as each is, in light and dark."""
        parts = {cell.id: exercise(cell) or "top" for cell in CELLS}
        for theme in ("Dark", "Light"):
            self.notebook.theme(f"JupyterLab {theme}")
            shown = {id: group for id, group in parts.items() if group in groups}
            self.notebook.photographs(SCREENSHOTS / theme.lower(), shown)


def cells_of(id: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in CELLS if exercise(cell) == id]


def solved(cell: nbformat.NotebookNode) -> str:
    return "\n".join(line for line in cell.source.split("\n") if line.strip() not in (BEGIN_SOLUTION, END_SOLUTION))
