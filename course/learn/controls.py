"""The look that the course's widgets share. They are the browser's own controls, so Tab, arrows, space and Enter work.

Text takes its colour from the page, for light and dark themes. What is right or wrong is said by a sign and in words.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

PANEL = "course-panel"
# Long options wrap; what has the keyboard's focus is seen.
STYLE = f"""<style>
.{PANEL} {{border:1px solid var(--jp-border-color1,#999);border-radius:4px;padding:.4em 1em .8em;max-width:54em}}
.{PANEL} .widget-html-content, .{PANEL} .widget-radio-box label, .{PANEL} .widget-checkbox label {{
  color:var(--jp-content-font-color1,inherit);font-size:var(--jp-content-font-size1,14px);line-height:1.45;
  white-space:normal}}
.{PANEL} .widget-radio-box label {{height:auto;overflow:visible;text-overflow:clip;display:flex;align-items:baseline;
  gap:.5em;margin:.25em 0}}
.{PANEL} .widget-radio-box {{width:auto;margin:0}}
.{PANEL} .widget-radio-box input {{height:auto;margin:0;flex:none}}
.{PANEL} .widget-checkbox label {{height:auto;align-items:baseline;gap:.5em}}
.{PANEL} .widget-checkbox input {{flex:none;margin:0 .5em 0 0}}
.{PANEL} .widget-checkbox, .{PANEL} .widget-radio, .{PANEL} .widget-radio-box {{height:auto;overflow:visible}}
.{PANEL} .widget-button {{height:auto;width:auto;line-height:1.4;padding:.3em .9em;overflow:visible}}
.{PANEL} :is(button,input,select,.noUi-handle):focus-visible {{
  outline:2px solid var(--jp-brand-color1,#0072B2);outline-offset:2px}}
.{PANEL} .widget-html-content ul, .{PANEL} .widget-html-content ol {{margin:.3em 0;padding-left:1.4em}}
.{PANEL} .widget-html-content p {{margin:.4em 0}}
</style>"""
CALM = "var(--jp-border-color1,#999)"
COLOURS = {"✓": "#009E73", "✗": "#D55E00"}


def panel(*children: ipywidgets.Widget) -> ipywidgets.VBox:
    """A framed column of widgets."""
    box = ipywidgets.VBox([ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(height="0", margin="0")), *children])
    box.add_class(PANEL)
    return box


def display(box: ipywidgets.Widget) -> None:
    from IPython.display import display as show

    show(box)


def prose(page: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(page, layout=ipywidgets.Layout(width="auto"))


def button(words: str, tooltip: str | None = None) -> ipywidgets.Button:
    return ipywidgets.Button(description=words, tooltip=tooltip)


def status(sentence: str, sign: str = "") -> str:
    """A line that screen readers say when it appears. `sign` is ✓ or ✗; the sentence says the same in words."""
    line = html.escape(f"{sign} {sentence}".strip())
    style = f"border-left:4px solid {COLOURS.get(sign, CALM)};padding:.2em .8em"
    return f'<div role="status" aria-live="polite" style="{style}">{line}</div>'


def choose(options: list[tuple[str, Any]], label: str, value: Any = None) -> ipywidgets.Dropdown:
    """A list to choose one from; at first nothing is chosen."""
    return ipywidgets.Dropdown(
        options=[("choose …", None), *options], value=value, description=label,
        style={"description_width": "initial"}, layout=ipywidgets.Layout(width="auto"),
    )  # fmt: skip
