"""What led to a thing, as the lineage of the cloud has it: data, jobs, archives and decisions, with their arrows."""

from __future__ import annotations

from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, PAPER, display, figure, label, waits

KINDS = {"Artifact": COLOURS[4], "TrialComponent": COLOURS[1], "Action": COLOURS[2], "Context": COLOURS[3]}
LONGEST = 34  # characters of a name in a box
DEPTH = "depth"


def show_lineage(arn: str | None, guess: float | None = NO_GUESS) -> None:
    """Show everything that led to an entity of the lineage, given by its ARN, with the associations between.

    `guess` is how many things are thought to have led there.
    """
    if not arn:
        print("There is nothing yet whose lineage could be shown.")
        return
    if waits(guess):
        return
    found = (
        world.current().client("sagemaker").query_lineage(StartArns=[arn], Direction="Ascendants", IncludeEdges=True)
    )
    things = {vertex["Arn"]: {**vertex, "name": _name(vertex)} for vertex in found["Vertices"]}
    for far, steps in _depths(arn, found["Edges"]).items():
        things[far][DEPTH] = steps
    lines = [f"What led to {things[arn]['name']}: {len(things) - 1} things"]
    for edge in sorted(found["Edges"], key=lambda edge: -things[edge["SourceArn"]][DEPTH]):
        source, destination = things[edge["SourceArn"]], things[edge["DestinationArn"]]
        lines.append(f"  {_said(source)} → {_said(destination)} ({edge.get('AssociationType', 'joined')})")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was {guess:g} things")
    display(_draw(arn, things, found["Edges"]), "\n".join(lines))


def _depths(arn: str, edges: list[dict[str, Any]]) -> dict[str, int]:
    """How many associations lie between each entity and the start, at the most short of a circle."""
    depths, layer = {arn: 0}, {arn}
    for step in range(1, 11):
        layer = {edge["SourceArn"] for edge in edges if edge["DestinationArn"] in layer and edge["SourceArn"] != arn}
        if not layer:
            break
        depths |= dict.fromkeys(layer, step)
    return depths


def _name(vertex: dict[str, Any]) -> str:
    """What a reader knows an entity by: the end of its address, its job, its decision."""
    sm, name = world.current().client("sagemaker"), vertex["Arn"].rpartition("/")[2]
    if vertex["LineageType"] == "Artifact":
        return _tail(sm.describe_artifact(ArtifactArn=vertex["Arn"])["Source"]["SourceUri"])
    if vertex["LineageType"] == "TrialComponent":
        return sm.describe_trial_component(TrialComponentName=name)["Source"]["SourceArn"].rpartition("/")[2]
    if vertex["LineageType"] == "Action":
        properties = sm.describe_action(ActionName=name).get("Properties", {})
        return properties.get("ModelApprovalStatus") or properties.get("Stage") or name
    return name


def _tail(address: str) -> str:
    """The end of an ARN or an address: group/version, the key of an object, an image with its tag."""
    if address.startswith("arn:"):
        return address.split("/", 1)[1]
    if address.startswith("s3://"):
        return address.split("/", 3)[3]
    return address.rpartition("/")[2]


def _said(thing: dict[str, Any]) -> str:
    return f"{thing['Type']} {thing['name']}"


def _draw(arn: str, things: dict[str, dict[str, Any]], edges: list[dict[str, Any]]) -> Any:
    columns: dict[int, list[str]] = {}
    for one, thing in things.items():
        columns.setdefault(thing[DEPTH], []).append(one)
    deepest, tallest = max(columns), max(len(column) for column in columns.values())
    drawn, axes = figure(0.8 + 0.62 * tallest, width=max(8.4, 2.3 * (deepest + 1)))
    places = {
        one: (deepest - depth, (row + 0.5) * tallest / len(column))
        for depth, column in columns.items()
        for row, one in enumerate(column)
    }
    boxes = {}
    for one, (x, y) in places.items():
        thing, colour = things[one], KINDS[things[one]["LineageType"]]
        edge_of = {"edgecolor": colour, "linewidth": 2.5 if one == arn else 1.2}
        name = thing["name"] if len(thing["name"]) <= LONGEST else "…" + thing["name"][1 - LONGEST :]
        boxes[one] = axes.text(
            x, y, f"{thing['Type']}\n{name}", fontsize=8, color=INK, va="center", ha="center",
            bbox={"facecolor": PAPER, "boxstyle": "round,pad=0.3", **edge_of},
        ).get_bbox_patch()  # fmt: skip
    for edge in edges:
        ends = edge["SourceArn"], edge["DestinationArn"]
        style = {"arrowstyle": "->", "color": FAINT, "shrinkA": 0, "shrinkB": 2}
        style |= {"patchA": boxes[ends[0]], "patchB": boxes[ends[1]]}
        axes.annotate("", xy=places[ends[1]], xytext=places[ends[0]], arrowprops=style)
    axes.set_xlim(-0.5, deepest + 0.5)
    axes.set_ylim(tallest, 0)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title=f"What led to {things[arn]['name']}, from left to right")
    return drawn
