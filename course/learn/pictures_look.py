"""The one look of the course's pictures: labelled axes, Okabe and Ito's colours, a text that says the same.

A picture has a white ground of its own, so that it reads the same in a light and in a dark theme. What it shows is
printed above it: screen readers, terminals and tests read that.
"""

from __future__ import annotations

import io
from typing import Any

from course.learn import screen

# Okabe and Ito's palette: told apart by colour-blind readers, on white and in grey.
INK, PAPER, FAINT = "#222222", "#FFFFFF", "#999999"
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00")
MARKERS = "osD^vX"  # lines differ by their marks too: colour only repeats it
NO_GUESS: Any = ...  # a picture that nobody was asked to predict
IN_PLACE = "(the picture of the lines above)"


def figure(height: float, rows: int = 1, columns: int = 1, width: float = 8.4) -> tuple[Any, Any]:
    """A figure and its axes: one Axes, or an array of them for several rows or columns. Sizes in inches."""
    from matplotlib.figure import Figure  # without pyplot: no global state, nothing shown twice

    made = Figure(figsize=(width, height), dpi=110, facecolor=PAPER, layout="constrained")
    axes = made.subplots(rows, columns)
    for one in made.axes:
        one.spines[["top", "right"]].set_visible(False)
        one.tick_params(colors=INK, labelsize=9)
    return made, axes


def label(axes: Any, *, title: str, x: str = "", y: str = "", size: float = 11) -> None:
    """Name a picture and its axes."""
    axes.set_title(title, loc="left", fontsize=size, color=INK)
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)


def png(drawn: Any) -> bytes:
    """A figure as the bytes of a PNG file."""
    picture = io.BytesIO()
    drawn.savefig(picture, format="png")
    return picture.getvalue()


def display(drawn: Any, text: str) -> None:
    """The picture with its text, which also stands in for it where pictures are not shown."""
    from IPython.display import publish_display_data

    print(text)
    publish_display_data({"image/png": png(drawn), "text/plain": IN_PLACE}, metadata={"image/png": {"alt": text}})


def waits(guess: Any) -> bool:
    """Whether a picture must not show yet: a prediction was asked for, and its reader has not committed any.

    Where nobody reads, in a notebook that an engine runs, no picture waits.
    """
    return guess is None and screen.has_reader()
