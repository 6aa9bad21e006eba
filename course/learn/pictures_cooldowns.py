"""Cool-downs to move: what the rules of a variant would make of its busiest day, with other waits after a change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from course.learn import screen, world
from course.learn.pictures_look import COLOURS, INK, display, figure, label, png
from course.learn.pictures_scaling import mark_timeouts
from course.learn.replaying import DAY, DAYS, Replayed, foreseen
from course.learn.told import Told

Pair = tuple[int, int]  # seconds after a scale-out, seconds after a scale-in
USUAL: Pair = (300, 300)  # the default of SageMaker's dimensions
TOLD: tuple[Pair, ...] = ((0, 0), USUAL, (1800, 300), (0, 1800), (0, 3600))  # those that the text goes through
SHOWN: Pair = (0, 1800)  # in the picture that stands there before anything is moved
STOPS = (0, 60, 180, 300, 600, 900, 1800, 3600)  # of the sliders, in seconds


def show_cooldowns(endpoint: str, traffic: str | Path, max_rps: float, *, variant: str = "all") -> None:
    """Show how the capacity of a variant follows its busiest day, and two sliders for the cool-downs of its policies.

    It is computed by the cloud's own rules in a world beside: nothing is sent, no time passes, the policies stay as
    they are. traffic: a file with the column `requests`, by minute from Monday 00:00. max_rps: how many requests a
    second one instance answers. Raises Told for a variant without policies.
    """
    import pandas as pd

    there = world.current()
    policies = _policies(there, endpoint, variant)
    if not policies:
        raise Told(f"The variant {variant} of {endpoint} has no scaling policy whose cool-down could be moved.")
    week = pd.read_csv(traffic)["requests"].to_list()
    day = max(range(7), key=lambda number: sum(week[number * DAY : (number + 1) * DAY]))
    known: dict[Pair, Replayed] = {}

    def tried(pair: Pair) -> Replayed:
        if pair not in known:
            asked = {policy["PolicyName"]: _with(policy, pair) for policy in policies}
            known[pair] = foreseen(there, endpoint, variant, week, 60 * max_rps, minutes=DAY, day=day, cooldowns=asked)
        return known[pair]

    lines = [f"{DAYS[day]}, the busiest day, with the policies {screen.listed(p['PolicyName'] for p in policies)}"]
    lines += ["  cool-down in seconds       some       instance-   changes of"]
    lines += ["  scale-out   scale-in     timed out      hours      direction"]
    lines += [_line(pair, tried(pair)) for pair in TOLD]
    display(_draw(tried(SHOWN), SHOWN, tried(USUAL)), "\n".join(lines))
    if screen.has_reader():
        from course.learn import controls

        controls.display(_sliders(tried), "move the cool-downs")


def _policies(there: Any, endpoint: str, variant: str) -> list[dict[str, Any]]:
    place = {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{endpoint}/variant/{variant}"}
    found = there.client("application-autoscaling").describe_scaling_policies(
        **place, ScalableDimension="sagemaker:variant:DesiredInstanceCount"
    )
    return found["ScalingPolicies"]


def _with(policy: dict[str, Any], pair: Pair) -> dict[str, int]:
    """The members of a policy's configuration that say these cool-downs: a step policy has one, for both ways."""
    out, into = pair
    if policy["PolicyType"] == "TargetTrackingScaling":
        return {"ScaleOutCooldown": out, "ScaleInCooldown": into}
    steps = policy["StepScalingPolicyConfiguration"]["StepAdjustments"]
    return {"Cooldown": into if all(step["ScalingAdjustment"] < 0 for step in steps) else out}


def _line(pair: Pair, seen: Replayed) -> str:
    out, into = pair
    return f"  {out:9,}   {into:8,}     {seen.lost:9.2%}  {seen.hours:9.1f}    {seen.turns:11}"


def _said(pair: Pair) -> str:
    return f"{pair[0]:,} s out, {pair[1]:,} s in"


def _draw(seen: Replayed, pair: Pair, usual: Replayed) -> Any:
    drawn, axes = figure(3.6, width=9.6)
    hours = [minute / 60 for minute in range(len(seen.requests))]
    axes.plot(hours, [count / 60 for count in seen.requests], color=INK, linewidth=0.9, label="what came")
    answer = [count * seen.per_instance / 60 for count in seen.instances]
    axes.fill_between(hours, answer, step="post", color=COLOURS[4], alpha=0.35, linewidth=0)
    axes.step(hours, answer, where="post", color=COLOURS[0], linewidth=1.6, label=f"what they answer,\n{_said(pair)}")
    if pair != USUAL:
        other = [count * usual.per_instance / 60 for count in usual.instances]
        said = f"what they answer,\n{_said(USUAL)}"
        axes.step(hours, other, where="post", color=COLOURS[1], linewidth=1.3, linestyle="--", label=said)
    mark_timeouts(axes, seen, hours)
    axes.set_xlim(0, len(hours) / 60)
    axes.set_xticks(range(0, 25, 2))
    day = DAYS[seen.start // DAY % 7]
    label(axes, title=f"{day}: cool-downs of {_said(pair)}", x="hour", y="requests a second")
    axes.legend(fontsize=8.5, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return drawn


def _sliders(tried: Callable[[Pair], Replayed]) -> Any:
    """Two sliders, a sentence, and the picture; arrow keys move them."""
    from ipywidgets import HTML, Image, Layout, SelectionSlider

    from course.learn import controls

    sliders = [
        SelectionSlider(
            options=[(f"{seconds:,} s", seconds) for seconds in STOPS],
            value=value,
            description=f"cool-down after scale-{way}",
            continuous_update=False,
            style={"description_width": "13em"},
            layout=Layout(width="34em", max_width="100%"),
        )
        for way, value in zip(("out", "in"), USUAL, strict=True)
    ]
    words, picture = HTML(), Image(format="png", layout=Layout(max_width="100%", display="none"))

    def move(change: Any = None) -> None:
        pair = sliders[0].value, sliders[1].value
        try:
            seen = tried(pair)
        except Told as sentence:  # the world has ended meanwhile
            words.value = controls.status(str(sentence), "✗")
            return
        words.value = controls.status(
            f"{_said(pair)}: {seen.lost:.2%} timed out, {seen.hours:.1f} instance-hours, "
            f"{seen.turns} changes of direction"
        )
        if change is not None:  # drawn only for someone who moves it
            picture.value = png(_draw(seen, pair, tried(USUAL)))
            picture.layout.display = "block"

    move()
    for slider in sliders:
        slider.observe(move, names="value")
    return controls.panel(*sliders, words, picture)
