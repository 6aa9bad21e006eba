"""A notebook in JupyterLab, as a person at the keyboard has it. Cells are named by their ids."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, TimeoutException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CARD = re.compile(r"^(\S+) .*: ([\d.]+) of ([\d.]+) points$")
FAILED = Path(__file__).resolve().parents[2] / "artefacts" / "screenshots" / "waited-in-vain.png"
POLL = 0.05  # seconds
# JupyterLab's own notebook, as the page holds it.
CONTENT = "[...jupyterapp.shell.widgets('main')].find(one => one.content?.widgets && one.context).content"
PASSING = (NoSuchElementException, StaleElementReferenceException)  # JupyterLab is drawing


class Notebook:
    """An open notebook. `file` is the released file that it was opened from: it tells where each cell is."""

    def __init__(self, browser: Chrome, file: Path) -> None:
        self.browser = browser
        self.ids = [cell.id for cell in nbformat.read(file, as_version=4).cells]
        self.until(lambda: len(self._cells()) == len(self.ids), 60)
        self.until(self._is_idle, 60)

    def until(self, condition: Callable[[], Any], seconds: float) -> Any:
        """Wait until the condition holds, and return what it gives."""
        try:
            return WebDriverWait(self.browser, seconds, POLL, ignored_exceptions=PASSING).until(lambda _: condition())
        except TimeoutException:
            FAILED.parent.mkdir(parents=True, exist_ok=True)
            self.browser.save_screenshot(str(FAILED))
            raise

    def cell(self, id: str) -> WebElement:
        one = "return document.querySelectorAll('.jp-Notebook .jp-Cell')[arguments[0]]"
        return self.browser.execute_script(one, self.ids.index(id))

    def run_all(self) -> None:
        """Run → Run All Cells, by the menu."""
        self.browser.find_element(By.XPATH, "//div[@id='jp-top-bar' or @id='jp-menu-panel']//div[text()='Run']").click()
        entry = (By.CSS_SELECTOR, "li[data-command='runmenu:run-all']")
        self.until(lambda: self.browser.find_element(*entry).is_displayed(), 10)
        self.browser.find_element(*entry).click()

    def type(self, id: str, text: str) -> None:
        """Replace a cell's text, and draw it if it is prose."""
        self.browser.execute_script(
            f"const cell = {CONTENT}.widgets[arguments[0]]; cell.model.sharedModel.setSource(arguments[1]);"
            "if (cell.model.type === 'markdown') cell.rendered = true;",
            self.ids.index(id), text,
        )  # fmt: skip

    def save(self) -> None:
        """Ctrl+S, and wait until nothing is left to save."""
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys("s").key_up(Keys.CONTROL).perform()
        self.until(lambda: not self.browser.find_elements(By.CSS_SELECTOR, ".lm-TabBar-tab.jp-mod-dirty"), 20)

    def click(self, selector: str) -> None:
        """Click a link in the notebook."""
        link = self.browser.find_element(By.CSS_SELECTOR, f".jp-Notebook {selector}")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", link)
        link.click()

    def activate(self, id: str) -> None:
        """Make a cell the active one by a click beside it."""
        prompt = self.cell(id).find_element(By.CSS_SELECTOR, ".jp-InputPrompt")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", prompt)
        prompt.click()

    def run(self, id: str, seconds: float) -> None:
        """Run one cell, and wait until the kernel has done it."""
        self.activate(id)
        self.browser.set_script_timeout(seconds)
        self.browser.execute_async_script(
            "const done = arguments[0]; jupyterapp.commands.execute('notebook:run-cell').finally(() => done());"
        )
        self.settle(seconds)

    def forget(self, ids: list[str]) -> None:
        """Take the counts off cells, so that it is seen when they have run again."""
        self.browser.execute_script(
            f"const cells = {CONTENT}.widgets;"
            "arguments[0].forEach(place => { cells[place].model.executionCount = null; });",
            [self.ids.index(id) for id in ids],
        )  # fmt: skip

    def settle(self, seconds: float) -> None:
        """Wait until no cell waits or runs, and the kernel is idle."""
        busy = (
            "return [...document.querySelectorAll('.jp-Notebook .jp-InputPrompt')].some(p => p.innerText.includes('*'))"
        )
        self.until(lambda: not self.browser.execute_script(busy) and self._is_idle(), seconds)

    def count(self, id: str) -> int:
        """How many cells the kernel had run when this one was run; 0 while it waits or runs, or never ran."""
        prompt = self.cell(id).find_element(By.CSS_SELECTOR, ".jp-InputPrompt").text
        return int(digits[0]) if (digits := re.findall(r"\d+", prompt)) else 0

    def output(self, id: str) -> str:
        return self.browser.execute_script(
            "return arguments[0].querySelector('.jp-OutputArea').innerText", self.cell(id)
        )

    def points(self, id: str) -> tuple[float, float]:
        """What the last card in a check's output says: points, and of how many."""
        titles = self.cell(id).find_elements(By.CSS_SELECTOR, "section[aria-label]")
        _, points, of = CARD.match(titles[-1].get_attribute("aria-label")).groups()
        return float(points), float(of)

    def errors(self) -> list[str]:
        """The ids of the cells that show an error."""
        failed = (
            "return [...document.querySelectorAll('.jp-Notebook .jp-Cell')]"
            ".map(cell => Boolean(cell.querySelector('[data-mime-type=\"application/vnd.jupyter.error\"]')))"
        )
        return [id for id, found in zip(self.ids, self.browser.execute_script(failed), strict=True) if found]

    def photograph(self, id: str, path: Path) -> None:
        """A screenshot of the page with the end of that cell in sight."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", self.cell(id))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(path))

    def photographs(self, folder: Path, groups: dict[str, str]) -> None:
        """Pictures of groups of neighbouring cells, each as long as it must be: `groups` has the group of a cell."""
        folder.mkdir(parents=True, exist_ok=True)
        cells = "[...document.querySelectorAll('.jp-Notebook .jp-Cell')]"
        width, heights = self.browser.execute_script(f"return [innerWidth, {cells}.map(cell => cell.offsetHeight)]")
        height_of = dict(zip(self.ids, heights, strict=True))
        for group in dict.fromkeys(groups.values()):
            for number, part in enumerate(_screens([id for id in self.ids if groups.get(id) == group], height_of), 1):
                height = min(16000, 400 + sum(height_of[id] for id in part))
                size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
                self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                self.browser.execute_script("arguments[0].scrollIntoView({block: 'start'})", self.cell(part[0]))
                self.browser.save_screenshot(str(folder / f"{group}-{number}.png"))
        self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    def theme(self, name: str) -> None:
        """Settings → Theme: "JupyterLab Light" or "JupyterLab Dark"."""
        chosen = (
            "const done = arguments[1];"
            "jupyterapp.commands.execute('apputils:change-theme', {theme: arguments[0]}).then(() => done());"
        )
        self.browser.execute_async_script(chosen, name)
        now = "return document.body.dataset.jpThemeName"
        self.until(lambda: self.browser.execute_script(now) == name, 20)

    def _cells(self) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, ".jp-Notebook .jp-Cell")

    def _is_idle(self) -> bool:
        return bool(self.browser.find_elements(By.CSS_SELECTOR, ".jp-NotebookPanel [data-status='idle']"))


def _screens(ids: list[str], height_of: dict[str, int], most: int = 1800) -> list[list[str]]:
    """Cells in runs of at most `most` pixels, where one alone is not higher."""
    screens: list[list[str]] = [[]]
    for id in ids:
        if screens[-1] and sum(height_of[one] for one in [*screens[-1], id]) > most:
            screens.append([])
        screens[-1].append(id)
    return screens
