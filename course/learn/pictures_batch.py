"""What a transform job asked of its container, request by request, and what it costs beside an endpoint that waits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, INK, NO_GUESS, display, figure, label, waits

GROUP = "/aws/sagemaker/TransformJobs"
ROWS = re.compile(r"rows=(\d+)")  # how the container tells of a request
HOURS = 24
CENT = 0.005  # dollars; what is below is not told apart from nothing


@dataclass(frozen=True)
class Batch:
    """A transform job that has ended: the rows of each request, and dollars (simulated) beside an endpoint's a day."""

    requests: list[int]
    cost: float
    endpoint: float

    @property
    def rows(self) -> int:
        return sum(self.requests)


def show_batch(job: str, guess: float | None = NO_GUESS) -> None:
    """Show the rows in each request of a transform job, and its price beside that of an idle endpoint.

    job: its name; its container logs "rows=…" for each request. guess: how many requests were thought to be made.
    """
    if waits(guess):
        return
    batch = _batch(job)
    if batch is None:
        print(f"There is no transform job {job} with requests to show yet.")
        return
    lines = [f"Requests of the job {job}: {len(batch.requests):,} for {batch.rows:,} rows"]
    lines.append(f"  from {min(batch.requests):,} to {max(batch.requests):,} rows in a request")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was {guess:g}")
    lines.append(f"  the job: {_price(batch.cost)} (simulated), and nothing runs after it")
    lines.append(f"  an endpoint on one machine of that kind: {_price(batch.endpoint)} a day, asked or not")
    display(_draw(batch), "\n".join(lines))


def _batch(job: str) -> Batch | None:
    here = world.current("D3-04")
    told = [ROWS.fullmatch(message) for message in messages(here, job)]
    meter = here.control("meter")["lines"]
    lines = [line for line in meter if (line["kind"], line["resource"]) == ("TransformJob", job)]
    requests = sorted((int(found[1]) for found in told if found), reverse=True)
    if not requests or not lines:
        return None
    machines = here.client("sagemaker").describe_transform_job(TransformJobName=job)["TransformResources"]
    hourly = lines[0]["price_per_hour"] / machines["InstanceCount"]
    return Batch(requests, lines[0]["cost"], hourly * HOURS)


def messages(here: world.World, job: str) -> list[str]:
    """What a transform job's containers and SageMaker itself have logged; nothing if there is no such job."""
    logs = here.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        return []
    streams = logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
    return [
        event["message"]
        for stream in streams
        for page in logs.get_paginator("filter_log_events").paginate(
            logGroupName=GROUP, logStreamNames=[stream["logStreamName"]]
        )
        for event in page["events"]
    ]


def _price(dollars: float) -> str:
    return f"${dollars:.2f}" if dollars >= CENT else "less than one cent"


def _draw(batch: Batch) -> Any:
    drawn, (left, right) = figure(2.6, columns=2)
    left.bar(range(1, len(batch.requests) + 1), batch.requests, color=COLOURS[0], width=0.6)
    left.set_xticks(range(1, len(batch.requests) + 1) if len(batch.requests) <= 12 else [1, len(batch.requests)])
    label(left, title="Rows in each request", x="request, the largest first", y="rows")
    names = ("this job", "an endpoint,\none day")
    right.barh(names, [batch.cost, batch.endpoint], color=[COLOURS[2], COLOURS[5]], height=0.5)
    for place, dollars in enumerate((batch.cost, batch.endpoint)):
        right.annotate(f" {_price(dollars)}", (dollars, place), fontsize=9, color=INK, va="center")
    right.set_xlim(0, batch.endpoint * 1.35)
    right.invert_yaxis()
    label(right, title="What it costs", x="dollars (simulated)")
    return drawn
