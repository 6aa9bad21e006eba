"""The look that the course's widgets share, and how keys reach them.

They are the browser's own controls: Tab goes from one to the next, arrows and space choose, Enter presses. Text takes
its colour from the page, for light and dark themes. What is right or wrong is said by a sign and in words.
"""

from __future__ import annotations

import html
from typing import Any

import ipywidgets

PANEL = "course-panel"
SLOT = "course-slot"  # in a panel: where the controls of one question take the place of another's
# Long options wrap; what has the keyboard's focus is seen.
STYLE = f"""<style>
.{PANEL} {{border:1px solid var(--jp-border-color1,#999);border-radius:4px;padding:.4em 1em .8em;max-width:54em}}
.{PANEL} .widget-html-content, .{PANEL} .widget-radio-box label, .{PANEL} .widget-checkbox label {{
  color:var(--jp-content-font-color1,inherit);font-size:var(--jp-content-font-size1,14px);line-height:1.45;
  white-space:normal}}
.{PANEL} .widget-radio-box label {{height:auto;overflow:visible;text-overflow:clip;display:flex;align-items:baseline;
  gap:.5em;margin:.25em 0}}
.{PANEL} .widget-radio-box {{width:auto;margin:0}}
.{PANEL} .widget-radio-box input {{height:auto;margin:0;flex:none;order:-1}}
.{PANEL} .course-row .widget-radio-box {{display:flex;flex-flow:row wrap;gap:0 1.6em}}
.{PANEL} .course-row .widget-radio-box label {{white-space:nowrap;width:auto}}
.{PANEL} .widget-checkbox label {{height:auto;align-items:baseline;gap:.5em}}
.{PANEL} .widget-checkbox input {{flex:none;margin:0 .5em 0 0}}
.{PANEL} .widget-checkbox, .{PANEL} .widget-radio, .{PANEL} .widget-radio-box {{height:auto;overflow:visible}}
.{PANEL} .widget-button {{height:auto;width:auto;line-height:1.4;padding:.3em .9em;overflow:visible}}
.{PANEL} :is(button,input,select,.noUi-handle):focus-visible {{
  outline:2px solid var(--jp-brand-color1,#0072B2);outline-offset:2px}}
.{PANEL} .widget-hbox, .{PANEL} .widget-vbox {{overflow:visible}}
.{PANEL} .widget-html-content ul, .{PANEL} .widget-html-content ol {{margin:.3em 0;padding-left:1.4em}}
.{PANEL} .widget-html-content p {{margin:.4em 0}}
</style>"""
# JupyterLab takes the arrows, and single letters as commands on the cell, wherever no text is typed; in a panel they
# are the controls'. Radio buttons of one question become a group, in which arrows choose. Escape leads to the cell.
# When a button has brought new controls into the slot, the keyboard's focus goes to the first of them.
KEYS = """
const page = document.body;
if (!page.dataset.coursePanels) {
  page.dataset.coursePanels = "tended";
  page.addEventListener("keydown", event => {
    const command = event.ctrlKey || event.metaKey || event.altKey || (event.shiftKey && event.key === "Enter");
    if (event.target.closest(".PANEL") && !command && event.key !== "Escape") event.stopPropagation();
  });
  page.addEventListener("focusin", event => {
    const slider = event.target.closest(".PANEL .widget-slider");
    if (slider) event.target.ariaLabel = slider.querySelector("label")?.innerText ?? "";
    const group = event.target.closest(".PANEL .widget-radio-box");
    if (!group || group.role === "radiogroup") return;
    const name = "course-" + Math.random();
    const told = [...group.closest(".PANEL").querySelectorAll(".widget-html-content")]
      .filter(text => text.compareDocumentPosition(group) & Node.DOCUMENT_POSITION_FOLLOWING && text.innerText.trim());
    group.role = "radiogroup";
    group.ariaLabel = told.length ? told.at(-1).innerText : "";
    group.querySelectorAll("input").forEach(input => { input.name = name; });
  });
  page.addEventListener("click", event => {
    const slot = event.target.closest("button")?.closest(".PANEL")?.querySelector(".SLOT");
    const first = () => slot.querySelector(":is(input,select,button):not([disabled])");
    const known = new Set(slot?.querySelectorAll("input,select,button"));
    const drawn = new MutationObserver(() => {
      if (!first() || known.has(first())) return;
      first().focus();
      drawn.disconnect();
    });
    if (slot) drawn.observe(slot, {childList: true, subtree: true});
    setTimeout(() => drawn.disconnect(), 20000);
  });
}
""".replace("PANEL", PANEL).replace("SLOT", SLOT)
CALM = "var(--jp-border-color1,#999)"
COLOURS = {"✓": "#009E73", "✗": "#D55E00"}


def panel(*children: ipywidgets.Widget) -> ipywidgets.VBox:
    """A framed column of widgets."""
    box = ipywidgets.VBox([ipywidgets.HTML(STYLE, layout=ipywidgets.Layout(height="0", margin="0")), *children])
    box.add_class(PANEL)
    return box


def display(box: ipywidgets.Widget, what: str = "go on here; what you have committed is kept") -> None:
    """Show a panel, and see to its keys. `what` a reader of the page that is opened again runs the cell for."""
    from IPython.display import HTML, Javascript
    from IPython.display import display as show

    show(box)
    show(HTML(again(what)))
    show(Javascript(KEYS))


def again(what: str) -> str:
    """What stands in a widget's place on a page that is opened again: it has none until the cell has run.

    JupyterLab writes an error there, which is hidden; where the widget lives, this is. A living button, too, has
    nothing in it but its words.
    """
    return (
        "<style>.jp-OutputArea:has(.jupyter-widgets > *) .course-again {display:none}"
        ".jp-OutputArea:has(.course-again) .jupyter-widgets:not(button, :has(*)) {display:none}</style>"
        f'<p class="course-again">Run this cell again to {html.escape(what)}.</p>'
    )


def beside(*children: ipywidgets.Widget) -> ipywidgets.HBox:
    """Widgets in a row."""
    return ipywidgets.HBox(children, layout=ipywidgets.Layout(align_items="center"))


def prose(page: str) -> ipywidgets.HTML:
    return ipywidgets.HTML(page, layout=ipywidgets.Layout(width="auto"))


def button(words: str) -> ipywidgets.Button:
    return ipywidgets.Button(description=words)


def status(sentence: str, sign: str = "") -> str:
    """A line that screen readers say when it appears. `sign` is ✓ or ✗; the sentence says the same in words."""
    line = html.escape(f"{sign} {sentence}".strip())
    style = f"border-left:4px solid {COLOURS.get(sign, CALM)};padding:.2em .8em"
    return f'<div role="status" aria-live="polite" style="{style}">{line}</div>'


def row(options: list[tuple[str, Any]], value: Any = None) -> ipywidgets.RadioButtons:
    """Radio buttons side by side, for short words."""
    made = ipywidgets.RadioButtons(options=options, value=value, layout=ipywidgets.Layout(width="auto"))
    made.add_class("course-row")
    return made


def choose(options: list[tuple[str, Any]], label: str, about: str, value: Any = None) -> ipywidgets.Dropdown:
    """A list to choose one from; at first nothing is chosen. `about` says to whom cannot see it what it belongs to."""
    values = [None, *(id for _, id in options)]
    layout = ipywidgets.Layout(flex="1 1 13em", width="auto", min_width="0")
    return ipywidgets.Dropdown(
        options=[("choose …", None), *options], index=values.index(value), description=label, tooltip=about,
        style={"description_width": "initial"}, layout=layout,
    )  # fmt: skip
