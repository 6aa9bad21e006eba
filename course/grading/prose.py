"""Markdown as learners and authors write it in notebooks, as HTML for a page that nothing can leave.

nbconvert's Markdown, so that feedback reads as the notebook did; formulas stay as they were typed, for what would set
them is a script. Hostile Markdown takes a parser seconds (a run of 3,000 backticks takes 3 s), so what is too long or
takes too long is shown as it was typed.
"""

import re
import time
from functools import cache, lru_cache
from typing import Any

from course.grading import page

LONGEST = 10_000  # characters; the course's cells have fewer than 2,000
RUN = re.compile(r"([^\w\s])(?:\s?\1){99,}")  # a hundred of the same sign: no prose, or a ruler


class Prose:
    """Renders the Markdown of one page within `budget` seconds; what comes after is shown as typed."""

    def __init__(self, budget: float = 5.0) -> None:
        self.left = budget

    def html(self, source: str, lower: int = 1) -> str:
        """Harmless HTML of a cell's Markdown. Its headings stand `lower` levels further down."""
        if len(source) > LONGEST or self.left <= 0 or RUN.search(source):
            return f"<pre>{page.text(source)}</pre>"
        begun = time.monotonic()
        try:
            rendered = _markdown(source)
        except Exception:  # a parser's own trouble with what someone typed is no reason to give no feedback
            return f"<pre>{page.text(source)}</pre>"
        finally:
            self.left -= time.monotonic() - begun
        return page.lower(page.clean(rendered), lower)


@lru_cache(maxsize=1024)  # most cells of a class's notebooks are the same
def _markdown(source: str) -> str:
    return str(_parser().render(page.plain(source)))


@cache
def _parser() -> Any:
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    return MarkdownWithMath(renderer=IPythonRenderer(escape=False, exclude_anchor_links=True))
