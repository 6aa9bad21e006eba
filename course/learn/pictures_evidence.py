"""What monitors and captured answers say of several endpoints, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, INK, PAPER, display, figure, label

DRIFT = "baseline_drift_check"
_LIMIT = 0.1  # the drift check's default
Reports = Mapping[tuple[str, str, str], Mapping[str, Any]]


@dataclass(frozen=True)
class Evidence:
    """One endpoint. distances: of the drifted columns; missing: share and column; gap: None if it was not measured."""

    distances: dict[str, float]
    missing: tuple[float, str]
    unknown: tuple[str, ...]
    auc: float
    flagged: float
    gap: float | None


def show_evidence(reports: Reports | None, gaps: Mapping[str, float] | None = None, plan: float = 0.0) -> None:
    """Show, for each endpoint, how far columns drifted, what is missing, AUC, the share flagged and the gap of groups.

    reports: (name, "DataQuality" or "ModelQuality", "statistics" or "constraint_violations") → the content of the file.
    gaps: by name, the share flagged in one group less that in the other (DPPL). plan: the share that may be flagged.
    """
    names = [name for name, type, file in reports or {} if (type, file) == ("DataQuality", "statistics")]
    if not reports or not names:
        print("No report has been read yet: there is no evidence to show.")
        return
    found = {name: _read(reports, name, (gaps or {}).get(name)) for name in names}
    lines = []
    for name, one in found.items():
        drift = ", ".join(f"{column} {distance:.2f}" for column, distance in one.distances.items())
        share, column = one.missing
        lines += [
            f"{name}",
            f"  drifted      {drift or 'nothing'}",
            f"  missing      {share:.0%} of {column}" + "".join(f"; unknown values of {one}" for one in one.unknown),
            f"  AUC          {one.auc:.3f}",
            f"  flagged      {one.flagged:.1%}" + (f" (planned: {plan:.0%} at most)" if plan else ""),
        ]
        if one.gap is not None:
            lines.append(f"  gap (DPPL)   {one.gap:.3f}")
    display(_board(found, plan), "\n".join(lines))


def _read(reports: Reports, name: str, gap: float | None) -> Evidence:
    said = reports[name, "DataQuality", "constraint_violations"]["violations"]
    seen = reports[name, "DataQuality", "statistics"]["features"]
    counts, flagged = {}, 0.0
    for feature in seen:
        numbers = feature.get("numerical_statistics") or feature.get("string_statistics") or {}
        common = numbers.get("common", {})
        present, missing = common.get("num_present", 0), common.get("num_missing", 0)
        counts[feature["name"]] = missing / (present + missing) if present + missing else 0.0
        flagged = float(numbers.get("mean", 0.0)) if feature["name"] == "flag" else flagged
    column = max(counts, key=lambda one: counts[one])
    quality = reports[name, "ModelQuality", "statistics"]["binary_classification_metrics"]
    return Evidence(
        {one["feature_name"]: _distance(one["description"]) for one in said if one["constraint_check_type"] == DRIFT},
        (counts[column], column),
        tuple(one["feature_name"] for one in said if one["constraint_check_type"] == "categorical_values_check"),
        float(quality["auc"]["value"]),
        flagged,
        gap,
    )


def _distance(description: str) -> float:
    """The number in "Baseline drift distance: 0.19 exceeds threshold: 0.1"."""
    return float(description.partition("distance: ")[2].split(" ")[0])


def _board(found: Mapping[str, Evidence], plan: float) -> Any:
    gaps = any(one.gap is not None for one in found.values())
    drawn, axes = figure(1.4 + 0.42 * len(found), columns=5 if gaps else 4, width=11)
    names = list(found)
    _drifts(axes[0], found)
    bars = [
        ("missing", [one.missing[0] for one in found.values()], (0, 0.5), None),
        ("AUC", [one.auc for one in found.values()], (0.5, 1), None),
        ("flagged", [one.flagged for one in found.values()], None, plan or None),
    ]
    if gaps:
        bars.append(("gap (DPPL)", [one.gap or 0.0 for one in found.values()], None, None))
    for axis, (title, values, limits, line) in zip(axes[1:], bars, strict=True):
        start = limits[0] if limits else 0
        axis.barh(range(len(names)), [value - start for value in values], 0.6, left=start, color=COLOURS[0], alpha=0.75)
        for row, value in enumerate(values):
            ground = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.4}
            axis.annotate(
                f"{value:.2f}", (value, row), (3, 0), textcoords="offset points", va="center", fontsize=8, bbox=ground
            )
        if line is not None:
            axis.axvline(line, color=FAINT, linestyle="--", zorder=0)
        axis.set_xlim(*(limits or (0, max([*values, plan]) * 1.35 + 1e-9)))
        label(axis, title=title, size=9)
    for axis in axes:
        axis.set_yticks(range(len(names)), names if axis is axes[0] else [], fontsize=9)
        axis.set_ylim(len(names) - 0.5, -0.5)
    return drawn


def _drifts(axis: Any, found: Mapping[str, Evidence]) -> None:
    """Every drifted column as a point with its name."""
    for row, one in enumerate(found.values()):
        ordered = sorted(one.distances.items(), key=lambda pair: pair[1])
        axis.scatter([distance for _, distance in ordered], [row] * len(ordered), color=COLOURS[1], s=26, zorder=3)
        if ordered:
            axis.text(ordered[0][1], row - 0.28, ", ".join(column for column, _ in ordered), fontsize=7, color=INK)
    axis.axvline(_LIMIT, color=FAINT, linestyle="--")
    axis.set_xlim(0, 1.05)
    label(axis, title="drift distance", size=9)
