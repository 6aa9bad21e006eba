"""The course's widgets at the keyboard alone: Tab goes on, arrows and space choose, Enter presses."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from course.exam.items import CASE, MATCHING, ORDERING, Item
from tests.browser.notebook import Notebook

WAIT = 60  # seconds for the kernel to answer, on a busy machine too
REACH = 60  # presses of Tab at most, from a cell to its panel or through a panel
CONFIDENCE = (25, 50, 75, 95)
# What the focused element is, and which of its group.
FOCUSED = """
const one = document.activeElement, panel = one.closest(".course-panel");
if (!panel) return ["outside", 0, one.className];
const of = selector => [...panel.querySelectorAll(selector)].indexOf(one.closest(selector));
if (one.type === "radio") return ["radio", of(".widget-radio-box"), one.closest(".course-row") ? "sure" : ""];
if (one.type === "checkbox") return ["box", of("input[type=checkbox]"), ""];
if (one.tagName === "SELECT") return ["list", of("select"), ""];
if (one.tagName === "BUTTON") return ["button", of("button"), one.innerText];
return [one.type === "text" ? "field" : "slider", of(".widget-slider"), one.getAttribute("role") ?? ""];
"""


class Panel:
    """The panel in a cell's output, reached and used by keys."""

    def __init__(self, notebook: Notebook, cell: str) -> None:
        self.notebook, self.browser, self.cell = notebook, notebook.browser, cell

    @property
    def element(self) -> WebElement:
        return self.notebook.cell(self.cell).find_element(By.CSS_SELECTOR, ".course-panel")

    @property
    def text(self) -> str:
        return self.browser.execute_script("return arguments[0].innerText", self.element)

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def focused(self) -> tuple[str, int, str]:
        return tuple(self.browser.execute_script(FOCUSED))

    def enter(self) -> None:
        """From the cell, which is made the active one, into its panel, as soon as that is drawn."""
        self.notebook.until(lambda: self.element.find_elements(By.CSS_SELECTOR, "button"), WAIT)
        activate(self.browser, self.notebook, self.cell)
        for _ in range(REACH):
            self.press(Keys.TAB)
            if self.focused()[0] != "outside":
                return
        raise AssertionError(f"Tab does not lead into the panel of {self.cell}")

    def back_to_the_start(self) -> None:
        """From wherever the focus is in the panel to its first control."""
        for _ in range(REACH):
            if self.focused()[0] == "outside":
                return self.press(Keys.TAB)
            ActionChains(self.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
        raise AssertionError(f"Shift+Tab does not lead out of the panel of {self.cell}")

    def walk(self, until: str):
        """Each control that Tab leads to, the present one first, until the button that says `until` has the focus."""
        passed = []
        for _ in range(REACH):
            focused = self.focused()
            assert focused[0] != "outside", f"Tab left the panel of {self.cell} before {until}: {passed}\n{self.text}"
            passed.append(focused)
            if focused[0] == "button" and focused[2] == until:
                return
            yield focused
            self.press(Keys.TAB)
        raise AssertionError(f"Tab does not lead to {until}")

    def says(self, words: str) -> None:
        """Wait until these words stand in the panel."""
        self.notebook.until(lambda: words in self.text, WAIT)

    def stands_at_the_first_option(self) -> None:
        """Wait until the focus is on the first control of a question."""
        first = (
            "const slot = document.activeElement.closest('.course-slot');"
            "return slot?.querySelector(':is(input,select,button):not([disabled])') === document.activeElement"
        )
        self.notebook.until(lambda: self.browser.execute_script(first), WAIT)

    def answer(self, item: Item, choice: Any, confidence: int) -> None:
        """Answer the question on whose first option the focus stands, and commit it."""
        if item.kind == ORDERING:
            self._order([next(s.text for s in item.steps if s.id == id) for id in choice])
            self.back_to_the_start()
        radios, boxes, lists = _places(item, choice)
        for kind, number, of in self.walk("Commit"):
            if kind == "radio":
                place = CONFIDENCE.index(confidence) if of == "sure" else radios[number]
                self.press(Keys.SPACE, *[Keys.ARROW_DOWN] * place)
            elif kind == "box" and number in boxes:
                self.press(Keys.SPACE)
            elif kind == "list":
                self.press(*[Keys.ARROW_DOWN] * (lists[number] + 1))
        self.press(Keys.ENTER)

    def _order(self, texts: Sequence[str]) -> None:
        """Move the steps up, each to its place."""
        for place, text in enumerate(texts):
            rows = re.findall(r"^\d\. (.*)$", self.text, re.MULTILINE)
            for number in range(rows.index(text), place, -1):
                self._focus(f"Move {number + 1} up")
                self.press(Keys.ENTER)
                self.says(f"{text}: now ")
                self.says(f"{number}. {text}")

    def _focus(self, button: str) -> None:
        """Tab to a button of the panel, backwards if it lies before the focus."""
        names = [one.text for one in self.element.find_elements(By.CSS_SELECTOR, "button:not([disabled])")]
        for _ in range(REACH):
            kind, _, words = self.focused()
            if words == button:
                return
            back = kind != "button" or names.index(button) < names.index(words)
            keys = ActionChains(self.browser).send_keys(Keys.TAB)
            if back:
                keys = ActionChains(self.browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT)
            keys.perform()
        raise AssertionError(f"Tab does not lead to {button}")


def _places(item: Item, choice: Any) -> tuple[dict[int, int], set[int], list[int]]:
    """(place to choose by number of the group of radio buttons, numbers of the boxes to tick, places in the lists)."""
    radios: dict[int, int] = {}
    boxes: set[int] = set()
    asked = [(item.options, choice)] if item.kind not in (CASE, MATCHING, ORDERING) else []
    kinds = [item.kind]
    if item.kind == CASE:
        asked = [(question.options, choice[question.id]) for question in item.questions]
        kinds = [question.kind for question in item.questions]
    ticked = 0
    for kind, (options, chosen) in zip(kinds, asked, strict=False):
        ids = [option.id for option in options]
        if kind == "multiple-choice":
            radios[len(radios)] = ids.index(chosen[0])
        else:
            boxes |= {ticked + ids.index(id) for id in chosen}
            ticked += len(ids)
    return radios, boxes, _lists(item, choice) if item.kind == MATCHING else []


def _lists(item: Item, choice: Mapping[str, Sequence[str]]) -> list[int]:
    return [
        [one.id for one in facet.choices].index(id)
        for prompt in item.prompts
        for facet, id in zip(item.facets, choice[prompt.id], strict=True)
    ]


def activate(browser: Chrome, notebook: Notebook, cell: str) -> None:
    """Make a cell the active one by the arrow keys, in command mode."""
    wanted = notebook.ids.index(cell)
    now = (
        "const all = [...document.querySelectorAll('.jp-Notebook .jp-Cell')];"
        "return all.findIndex(one => one.classList.contains('jp-mod-active'))"
    )
    on_cell = "return document.activeElement.matches('.jp-Cell.jp-mod-active')"
    ActionChains(browser).send_keys(Keys.ESCAPE).perform()
    for _ in range(3):
        steps = wanted - browser.execute_script(now)
        if not steps:
            return notebook.until(lambda: browser.execute_script(on_cell), WAIT)
        ActionChains(browser).send_keys(*[Keys.ARROW_DOWN if steps > 0 else Keys.ARROW_UP] * abs(steps)).perform()
    raise AssertionError(f"the arrows do not lead to {cell}")
