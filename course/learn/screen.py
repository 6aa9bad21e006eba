"""What a notebook's cell shows, and whether there is someone to click in it."""

import os
import textwrap
from collections.abc import Iterable, Mapping

WIDTH = 100  # columns of text
READERS = ("JPY_SESSION_NAME", "VSCODE_PID")  # set by Jupyter's server and by VS Code for kernels that people open


def has_reader(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether someone looks at this kernel's notebook. Engines that run it from top to bottom have no reader."""
    return any(environment.get(name) for name in READERS)


def show(page: str, text: str) -> None:
    """Display HTML with its text equivalent; on a bare Python prompt, the text."""
    from IPython.core.getipython import get_ipython

    if get_ipython() is None:
        print(text)
        return
    from IPython.display import publish_display_data

    publish_display_data({"text/html": page, "text/plain": text})


def wrapped(text: str, indent: str = "", hang: str | None = None) -> str:
    """A paragraph in lines of at most WIDTH columns; the first begins with `indent`, the others with `hang`."""
    rest = " " * len(indent) if hang is None else hang
    wrapper = textwrap.TextWrapper(WIDTH, indent, rest, break_on_hyphens=False, break_long_words=False)
    return wrapper.fill(" ".join(text.split()))


def listed(names: Iterable[str], joint: str = "and") -> str:
    """ "a, b and c"; "none" of nothing."""
    *most, last = list(names) or ["none"]
    return f"{', '.join(most)} {joint} {last}" if most else last
