"""An execution of a pipeline: its steps, who waits for whom, and what became of each."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass
from typing import Any

from course.learn import screen, world
from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, PAPER, display, figure, label, waits

FATES = {  # what became of a step: its colour and mark
    "ran": (COLOURS[2], "✓"),
    "from the cache": (COLOURS[0], "↺"),
    "failed": (COLOURS[5], "✗"),
    "stopped": (COLOURS[3], "■"),
    "on its way": (COLOURS[1], "…"),
    "did not run": (FAINT, "○"),
}
STATUSES = {"Succeeded": "ran", "Failed": "failed", "Stopped": "stopped"}
BRANCHES = {"IfSteps": "if it holds", "ElseSteps": "if not"}
REFERENCE = re.compile(r'"Get": "Steps\.([A-Za-z0-9_-]+)')
LOOK = 0.2  # seconds between two looks at an execution under way


@dataclass(frozen=True)
class Node:
    """A step of the definition. after: names of the steps that it waits for; branch: on which side of a condition."""

    name: str
    type: str
    after: tuple[str, ...]
    branch: str = ""


def show_pipeline(execution: str | None, guess: float | None = NO_GUESS) -> None:
    """Show a pipeline's execution as a graph, coloured by the states of its steps, until it has ended.

    execution: its ARN. guess: how many steps were thought to do their work again.
    """
    if execution is None:
        print("There is no execution to show yet.")
        return
    sm = world.current().client("sagemaker")
    written = sm.describe_pipeline_definition_for_execution(PipelineExecutionArn=execution)["PipelineDefinition"]
    nodes, shown = _nodes(json.loads(written)["Steps"]), None
    while (status := sm.describe_pipeline_execution(PipelineExecutionArn=execution)["PipelineExecutionStatus"]) in (
        "Executing",
        "Stopping",
    ):
        fates = _fates(sm, execution)
        if screen.has_reader() and guess is NO_GUESS and fates != shown:
            _show(nodes, fates, status)
            shown = fates
        time.sleep(LOOK)
    if not waits(guess):
        _show(nodes, _fates(sm, execution), status, guess)


def _show(nodes: list[Node], fates: dict[str, tuple[str, str]], status: str, guess: float | None = NO_GUESS) -> None:
    lines = [f"The execution: {status}"]
    for node in nodes:
        fate, reason = fates.get(node.name, ("did not run", ""))
        after = f", after {screen.listed(node.after)}" if node.after else ""
        lines.append(f"  {node.name} ({node.type}{after}): {fate}{f': {reason}' if reason else ''}")
    if guess not in (None, NO_GUESS):
        ran = sum(fate == "ran" for fate, _ in fates.values())
        lines.append(f"  {ran} of {len(nodes)} steps did their work; your guess was {guess:g}")
    if screen.has_reader():
        from IPython.display import clear_output

        clear_output(wait=True)
    display(_draw(nodes, fates, status), "\n".join(lines))


def _nodes(steps: list[dict[str, Any]]) -> list[Node]:
    """The steps of a definition, those in branches too, each after all that it waits for."""
    found: dict[str, Node] = {}
    for step in steps:
        own = {key: value for key, value in step.get("Arguments", {}).items() if key not in BRANCHES}
        found[step["Name"]] = _node(step, own)
        for member, side in BRANCHES.items():
            for inner in step.get("Arguments", {}).get(member, []):
                found[inner["Name"]] = _node(inner, inner.get("Arguments", {}), step["Name"], side)
    depth = _depths(found)
    return sorted(found.values(), key=lambda node: depth[node.name])


def _node(step: dict[str, Any], own: dict[str, Any], condition: str = "", side: str = "") -> Node:
    named = [*REFERENCE.findall(json.dumps(own)), *step.get("DependsOn", []), *([condition] if condition else [])]
    return Node(step["Name"], step["Type"], tuple(dict.fromkeys(named)), side)


def _depths(nodes: dict[str, Node]) -> dict[str, int]:
    """How many steps lie before each, on the longest way."""
    depth: dict[str, int] = {}

    def of(name: str) -> int:
        if name not in depth:
            depth[name] = max((of(other) + 1 for other in nodes[name].after if other in nodes), default=0)
        return depth[name]

    return {name: of(name) for name in nodes}


def _fates(sm: Any, execution: str) -> dict[str, tuple[str, str]]:
    """What became of each step that has begun, with the reason of one that failed."""
    steps = sm.list_pipeline_execution_steps(PipelineExecutionArn=execution, MaxResults=100)["PipelineExecutionSteps"]
    fates = {}
    for step in steps:
        fate = STATUSES.get(step["StepStatus"], "on its way")
        if "CacheHitResult" in step:
            fate = "from the cache"
        reason = " ".join(step.get("FailureReason", "").split())[:160]
        if "Condition" in step.get("Metadata", {}) and (outcome := step["Metadata"]["Condition"].get("Outcome")):
            reason = reason or f"it {'holds' if outcome.lower() == 'true' else 'does not hold'}"
        fates[step["StepName"]] = (fate, reason)
    return fates


def _draw(nodes: list[Node], fates: dict[str, tuple[str, str]], status: str) -> Any:
    depth = _depths({node.name: node for node in nodes})
    columns = [[node for node in nodes if depth[node.name] == at] for at in range(max(depth.values()) + 1)]
    tallest = max(len(column) for column in columns)
    drawn, axes = figure(1.0 + 1.05 * tallest)
    place = {
        node.name: (at, (len(column) - 1) / 2 - row)
        for at, column in enumerate(columns)
        for row, node in enumerate(column)
    }
    for node in nodes:
        for other in (name for name in node.after if name in place):
            skips = depth[node.name] - depth[other] > 1
            axes.annotate(
                "", place[node.name], place[other], zorder=1,
                arrowprops={"arrowstyle": "-|>", "color": FAINT, "shrinkA": 34, "shrinkB": 40,
                            "connectionstyle": f"arc3,rad={-0.28 if skips else 0}"},
            )  # fmt: skip
        colour, mark = FATES[fates.get(node.name, ("did not run", ""))[0]]
        words = "\n".join([f"{mark} {node.name}", node.type, *([node.branch] if node.branch else [])])
        box = {"facecolor": PAPER, "edgecolor": colour, "linewidth": 2, "boxstyle": "round,pad=0.45"}
        axes.text(*place[node.name], words, fontsize=8.5, color=INK, ha="center", va="center", bbox=box, zorder=2)
    _legend(axes, {fates.get(node.name, ("did not run", ""))[0] for node in nodes})
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(-tallest / 2 - 0.35, tallest / 2 + 0.25)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title=f"The steps, each after what it refers to; the execution: {status}")
    return drawn


def _legend(axes: Any, fates: set[str]) -> None:
    from matplotlib.patches import Patch

    shown = [
        Patch(facecolor=PAPER, edgecolor=colour, linewidth=2, label=f"{mark} {fate}")
        for fate, (colour, mark) in FATES.items()
        if fate in fates
    ]
    axes.legend(handles=shown, loc="lower left", ncols=len(shown), fontsize=8.5, frameon=False)
