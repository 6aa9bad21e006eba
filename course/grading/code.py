"""Python code on a page: coloured by Pygments, harmless because Pygments escapes what it colours."""

from functools import cache
from typing import Any

from course.grading import page

LONGEST = 20_000  # characters; a longer cell has its text, without colours


def highlighted(source: str) -> str:
    """A code cell's source as a pre."""
    source = page.plain(source)
    if len(source) > LONGEST:
        return f"<pre>{page.text(source)}</pre>"
    from pygments import highlight

    lexer, formatter = _tools()
    return f'<pre aria-label="Code">{highlight(source, lexer, formatter).rstrip()}</pre>'


@cache
def _tools() -> tuple[Any, Any]:
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return PythonLexer(stripnl=False), HtmlFormatter(nowrap=True)
