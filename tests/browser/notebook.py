"""A notebook in JupyterLab, as a person at the keyboard has it. Cells are named by their ids."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

CARD = re.compile(r"^(\S+) .*: ([\d.]+) of ([\d.]+) points$")
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
        return WebDriverWait(self.browser, seconds, ignored_exceptions=PASSING).until(lambda _: condition())

    def cell(self, id: str) -> WebElement:
        return self._cells()[self.ids.index(id)]

    def run_all(self) -> None:
        """Run → Run All Cells, by the menu."""
        self.browser.find_element(By.XPATH, "//div[@id='jp-top-bar' or @id='jp-menu-panel']//div[text()='Run']").click()
        entry = (By.CSS_SELECTOR, "li[data-command='runmenu:run-all']")
        self.until(lambda: self.browser.find_element(*entry).is_displayed(), 10)
        self.browser.find_element(*entry).click()

    def type(self, id: str, text: str) -> None:
        """Replace a code cell's text, as by pasting."""
        editor = self.cell(id).find_element(By.CSS_SELECTOR, ".cm-content")
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", editor)
        editor.click()
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).perform()
        self.browser.execute_cdp_cmd("Input.insertText", {"text": text})
        lines = self.cell(id).find_elements(By.CSS_SELECTOR, ".cm-line")
        assert "\n".join(line.text for line in lines) == text

    def count(self, id: str) -> int:
        """How many cells the kernel had run when this one was run; 0 while it waits or runs, or never ran."""
        prompt = self.cell(id).find_element(By.CSS_SELECTOR, ".jp-InputPrompt").text
        return int(digits[0]) if (digits := re.findall(r"\d+", prompt)) else 0

    def output(self, id: str) -> str:
        return self.cell(id).find_element(By.CSS_SELECTOR, ".jp-OutputArea").text

    def points(self, id: str) -> tuple[float, float]:
        """What the last card in a check's output says: points, and of how many."""
        titles = self.cell(id).find_elements(By.CSS_SELECTOR, "section[aria-label]")
        _, points, of = CARD.match(titles[-1].get_attribute("aria-label")).groups()
        return float(points), float(of)

    def errors(self) -> list[str]:
        """The ids of the cells that show an error."""
        return [
            id
            for id, cell in zip(self.ids, self._cells(), strict=True)
            if cell.find_elements(By.CSS_SELECTOR, "[data-mime-type='application/vnd.jupyter.error']")
        ]

    def photograph(self, id: str, path: Path) -> None:
        """A screenshot of the page with the end of that cell in sight."""
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'end'})", self.cell(id))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.browser.save_screenshot(str(path))

    def _cells(self) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, ".jp-Notebook .jp-Cell")

    def _is_idle(self) -> bool:
        return bool(self.browser.find_elements(By.CSS_SELECTOR, ".jp-NotebookPanel [data-status='idle']"))
