"""Data capture: one record taken apart, and the folders of the hours as they fill."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, display, figure, label, waits

PARTS = (("endpointInput", "what was asked"), ("endpointOutput", "what was answered"))
METADATA = (
    ("eventId", "SageMaker's own name of the request"),
    ("inferenceId", "the caller's name of the request"),
    ("customAttributes", "what the caller sent along for the container"),
    ("inferenceTime", "when it was answered, in UTC, to the second"),
)
CHANGING = ("eventId", "inferenceTime")  # another one each time: shown by their meaning alone
SHOWN = 44  # characters of a payload


def show_record(line: str | None) -> None:
    """Show what stands where in one line of a capture file."""
    if not line:
        print("There is no line yet, so there is no record to take apart.")
        return
    record = json.loads(line)
    rows = [*_payloads(record["captureData"]), *_metadata(record["eventMetadata"])]
    lines = ["A record of data capture, one line of JSON:"]
    lines += [f"  {place:<32} {value}{f' ({meaning})' if meaning else ''}" for place, value, meaning in rows]
    display(_draw_record(rows), "\n".join(lines))


def _payloads(captured: dict[str, dict[str, str]]) -> list[tuple[str, str, str]]:
    rows = []
    for name, meaning in PARTS:
        if name not in captured:
            rows.append((f"captureData.{name}", "not captured", meaning))
            continue
        part = captured[name]
        data = part["data"] if len(part["data"]) <= SHOWN else f"{part['data'][:SHOWN]}…"
        rows += [
            (f"captureData.{name}", part["observedContentType"], f"{meaning}: its content type"),
            ("  .encoding", part["encoding"], "how data is written"),
            ("  .data", data, ""),
        ]
    return rows


def _metadata(metadata: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [
        (f"eventMetadata.{name}", "…" if name in CHANGING else str(metadata[name]), meaning)
        for name, meaning in METADATA
        if name in metadata
    ]


def _draw_record(rows: Sequence[tuple[str, str, str]]) -> Any:
    drawn, axes = figure(0.5 + 0.3 * len(rows), width=9.2)
    for place, (name, value, meaning) in enumerate(rows):
        tint = COLOURS[0] if "captureData" in name or name.startswith("  ") else COLOURS[2]
        axes.barh(place, 1, 0.86, color=tint, alpha=0.12)
        axes.text(0.01, place, name, va="center", fontsize=9, color=INK, family="monospace")
        axes.text(0.31, place, value, va="center", fontsize=9, color=INK, family="monospace", weight="bold")
        axes.text(0.99, place, meaning, va="center", ha="right", fontsize=9, color=INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_axis_off()
    label(axes, title="A record of data capture: one line of JSON")
    return drawn


def show_capture(address: str, sent: Sequence[int] = (), guess: float | None = NO_GUESS) -> None:
    """Show how many records lie in the folder of each hour below an address such as s3://bucket/prefix.

    sent: requests in each of the hours, in order. guess: how many records there were thought to be in all.
    """
    if waits(guess):
        return
    hours = _by_hour(address)
    if not hours:
        print(f"Nothing has been captured below {address.partition('://')[2].partition('/')[2]}/ yet.")
        return
    records = list(hours.values())
    asked = list(sent) if len(sent) == len(records) else []
    total = sum(records)
    lines = ["Records in the folder of each hour:"]
    for number, count in enumerate(records, start=1):
        of = f" of {asked[number - 1]} requests" if asked else ""
        lines.append(f"  hour {number}: {count}{of}")
    share = f" of {sum(asked)} requests, {total / sum(asked):.1%}" if asked else ""
    lines.append(f"  in all: {total}{share}")
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was {guess:g}")
    display(_draw_hours(records, asked), "\n".join(lines))


def _by_hour(address: str) -> dict[str, int]:
    """Records by folder, in the order of time; the folders' names are year, month, day and hour."""
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    s3 = world.current().client("s3")
    found: dict[str, int] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix.rstrip('/')}/"):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            hour = "/".join(item["Key"].split("/")[-5:-1])
            found[hour] = found.get(hour, 0) + len(body.splitlines())
    return dict(sorted(found.items()))


def _draw_hours(records: Sequence[int], asked: Sequence[int]) -> Any:
    drawn, axes = figure(0.9 + 0.42 * len(records))
    for place, count in enumerate(records):
        if asked:
            axes.barh(place, asked[place], 0.7, color="none", edgecolor=FAINT, label="requests" if not place else None)
        axes.barh(place, count, 0.7, color=COLOURS[0], hatch="///", label="records" if not place else None)
        axes.text(count, place, f" {count}", va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(records)), [f"hour {number}" for number in range(1, len(records) + 1)])
    axes.set_ylim(len(records) - 0.5, -0.5)
    if asked:
        drawn.legend(loc="outside upper right", ncols=2, fontsize=9, frameon=False)
    label(axes, title="What the folders of the hours hold", x="records")
    return drawn
