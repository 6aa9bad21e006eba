"""Python code on a page: coloured by Pygments, harmless because Pygments escapes what it colours."""

from functools import cache, lru_cache
from typing import Any

from course.grading import page

LONGEST = 20_000  # characters; a longer cell has its text, without colours


def highlighted(source: str) -> str:
    """A code cell's source as a pre."""
    source = page.plain(source)
    if len(source) > LONGEST:
        return f"<pre>{page.text(source)}</pre>"
    return f'<pre aria-label="Code">{_coloured(source).rstrip()}</pre>'


@lru_cache(maxsize=1024)  # most cells of a class's notebooks are the same
def _coloured(source: str) -> str:
    from pygments import highlight

    return highlight(source, *_tools())


@cache
def _tools() -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)
