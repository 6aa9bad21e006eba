"""An asynchronous endpoint over time: the requests in its queue, and the instances that work on them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from course.learn import clock, screen, world
from course.learn.pictures_look import COLOURS, FAINT, NO_GUESS, display, figure, label, waits

DESIRED = re.compile(r"instance count to (\d+)")
LONGEST = timedelta(hours=24)  # of what is looked back at
LINES = 16  # of the text


@dataclass(frozen=True)
class Trace:
    """Minute by minute: (minutes since the start, requests in the queue), and (minutes since the start, instances)."""

    backlog: list[tuple[float, float]]
    instances: list[tuple[float, int]]

    def count(self, minute: float) -> int:
        """How many instances there were at that minute."""
        return [count for at, count in self.instances if at <= minute][-1]


def show_backlog(endpoint: str | None, minutes: float | None = None, guess: float | None = NO_GUESS) -> None:
    """Show an asynchronous endpoint's backlog and instances in the last `minutes` of the cloud's time (None: always).

    guess: after how many minutes somebody thought that the queue would be empty again.
    """
    found = trace(world.current(), endpoint, minutes) if endpoint else None
    if found is None:
        print("There is no asynchronous endpoint to show yet.")
        return
    if waits(guess):
        return
    display(_draw(found, guess), told(endpoint, found, guess, detail=screen.has_reader()))


def trace(cloud: Any, endpoint: str, minutes: float | None = None) -> Trace | None:
    """What CloudWatch and Application Auto Scaling know of an endpoint's last minutes; None if there is no such one."""
    sm = cloud.client("sagemaker")
    try:
        described = sm.describe_endpoint(EndpointName=endpoint)
        config = sm.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    except sm.exceptions.ClientError:
        return None
    now, made = clock.now(), described["CreationTime"]
    start = max(made, now - (LONGEST if minutes is None else timedelta(minutes=minutes)))
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "ApproximateBacklogSize"}
    metric["Dimensions"] = [{"Name": "EndpointName", "Value": endpoint}]  # type: ignore[assignment]
    asked = {"Id": "backlog", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
    data = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=[asked], StartTime=start, EndTime=now, ScanBy="TimestampAscending"
    )["MetricDataResults"][0]
    backlog = [(_minutes(start, at), value) for at, value in zip(data["Timestamps"], data["Values"], strict=True)]
    counts = [(made, config["ProductionVariants"][0]["InitialInstanceCount"]), *changes(cloud, endpoint)]
    before = [count for at, count in counts if at <= start][-1]
    later = [(_minutes(start, at), count) for at, count in counts if at > start]
    return Trace(backlog, [(0.0, before), *later, (_minutes(start, now), counts[-1][1])])


def changes(cloud: Any, endpoint: str) -> list[tuple[datetime, int]]:
    """When Application Auto Scaling brought an endpoint's instances to which number, the oldest first."""
    pages = cloud.client("application-autoscaling").get_paginator("describe_scaling_activities")
    found = []
    for page in pages.paginate(ServiceNamespace="sagemaker"):
        for activity in page["ScalingActivities"]:
            wanted = DESIRED.search(activity["Description"])
            mine = activity["ResourceId"].startswith(f"endpoint/{endpoint}/")
            if mine and wanted and activity["StatusCode"] == "Successful":
                found.append((activity["StartTime"], int(wanted[1])))
    return sorted(found)


def told(endpoint: str, found: Trace, guess: float | None, *, detail: bool = False) -> str:
    """The picture in words. detail: with a line for each change, which no two runs have at quite the same minute."""
    sizes, counts = [size for _, size in found.backlog] or [0.0], [count for _, count in found.instances]
    lines = [f"{endpoint} in the time shown"]
    lines.append(f"  requests in the queue: {_about(max(sizes))} at most, {sizes[-1]:.0f} at the end")
    lines.append(f"  instances: {counts[0]} at first, {max(counts)} at most, {counts[-1]} at the end")
    if stuck := _stuck(found):
        lines.append(f"  what is in the queue has waited for about {stuck} minutes, and nobody is there")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess: answered after {guess:g} minutes")
    return "\n".join(lines + (_changes(found) if detail else []))


def _about(size: float) -> str:
    """A number of requests to two digits: which of them are done when a minute ends is a matter of seconds."""
    digits = max(0, len(str(round(size))) - 2)
    return f"{round(size, -digits):.0f}"


def _stuck(found: Trace) -> int:
    """For how long, in tens of minutes, the last minutes have seen a queue without an instance."""
    last = 0
    for minute, size in reversed(found.backlog):
        if not size or found.count(minute + 1):
            break
        last += 1
    return round(last, -1)


def _changes(found: Trace) -> list[str]:
    """A line whenever something changes, at most LINES of them."""
    states = [(minute, round(size), found.count(minute + 1)) for minute, size in found.backlog]
    kept = [state for i, state in enumerate(states) if i == 0 or state[1:] != states[i - 1][1:]]
    if len(kept) > LINES:
        step = (len(kept) - 1) / (LINES - 1)
        kept = [kept[round(number * step)] for number in range(LINES)]
    return [f"  minute {minute:4.0f}: {size} in the queue, instances: {count}" for minute, size, count in kept]


def _minutes(start: datetime, moment: datetime) -> float:
    return max(0.0, (moment - start).total_seconds() / 60)


def _draw(found: Trace, guess: float | None) -> Any:
    drawn, (above, below) = figure(4.2, rows=2)
    minutes, sizes = [at for at, _ in found.backlog], [size for _, size in found.backlog]
    above.fill_between(minutes, sizes, color=COLOURS[1], alpha=0.35, step="post")
    above.step(minutes, sizes, color=COLOURS[1], linewidth=2, where="post")
    above.set_ylim(0, max([1.0, *sizes]) * 1.15)
    label(above, title="Requests in the queue", y="requests")
    below.step([at for at, _ in found.instances], [n for _, n in found.instances],
               color=COLOURS[0], linewidth=2, where="post")  # fmt: skip
    below.set_ylim(-0.15, max(1, *(count for _, count in found.instances)) * 1.25)
    below.yaxis.get_major_locator().set_params(integer=True)
    label(below, title="Instances at work, and paid for", x="minutes", y="instances")
    if guess not in (None, NO_GUESS):
        above.axvline(guess, color=FAINT, linestyle="--", linewidth=1.5)
        above.annotate("your guess", (guess, 0.9), xycoords=("data", "axes fraction"), fontsize=8.5, color=FAINT)
    end = max([1.0, *minutes])
    for axes in (above, below):
        axes.set_xlim(0, end)
    return drawn
