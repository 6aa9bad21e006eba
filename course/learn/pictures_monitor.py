"""What a monitor found, hour by hour, and what a reviewer changed in its constraints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course.learn.pictures_look import COLOURS, FAINT, INK, NO_GUESS, display, figure, label, waits

CHECKS = {  # constraint_check_type: ours, its letter in a cell
    "data_type_check": ("type", "T"),
    "completeness_check": ("completeness", "C"),
    "baseline_drift_check": ("drift", "D"),
    "categorical_values_check": ("unknown values", "U"),
    "missing_column_check": ("missing column", "M"),
    "extra_column_check": ("extra column", "E"),
}
_SETTINGS = ("datatype_check_threshold", "domain_content_threshold", "evaluate_constraints")
_DISTANCES = (
    "perform_comparison",
    "comparison_threshold",
    "comparison_method",
    "categorical_comparison_threshold",
    "categorical_drift_method",
)

Report = Sequence[Mapping[str, Any]]


def show_violations(reports: Mapping[int, Report] | None) -> None:
    """Show which check fired for which column in which hour.

    reports: the violations of constraint_violations.json by the number of the hour, an empty list for a clean one.
    """
    if not reports:
        print("No hour has been judged yet: there is no report to show.")
        return
    hours = sorted(reports)
    fired = [hour for hour in hours if reports[hour]]
    lines = [f"{len(hours)} hours judged, {len(fired)} with violations"]
    for hour in fired:
        words = [f"{v['feature_name']} ({_word(v['constraint_check_type'])})" for v in reports[hour]]
        lines.append(f"  hour {hour}: {', '.join(words)}")
    display(_grid(reports, hours), "\n".join(lines))


def _word(check: str) -> str:
    return CHECKS.get(check, (check, "?"))[0]


def _grid(reports: Mapping[int, Report], hours: Sequence[int]) -> Any:
    columns = list(dict.fromkeys(v["feature_name"] for hour in hours for v in reports[hour])) or ["no violations"]
    drawn, axes = figure(1.5 + 0.36 * len(columns))
    colours = dict(zip(CHECKS, COLOURS, strict=True))
    for row in range(len(columns)):
        axes.barh([row] * len(hours), 0.92, 0.84, left=[hour - 0.46 for hour in hours], color=FAINT, alpha=0.15)
    for hour in hours:
        for violation in reports[hour]:
            check, row = violation["constraint_check_type"], columns.index(violation["feature_name"])
            axes.barh(row, 0.92, 0.84, left=hour - 0.46, color=colours.get(check, INK), alpha=0.45)
            axes.text(hour, row, CHECKS.get(check, ("", "?"))[1], ha="center", va="center", fontsize=9, color=INK)
    axes.set_yticks(range(len(columns)), columns, fontsize=9)
    axes.set_ylim(len(columns) - 0.5, -0.5)
    axes.set_xlim(min(hours) - 0.6, max(hours) + 0.6)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(length=0)
    legend = "   ".join(f"{letter} {word}" for word, letter in CHECKS.values())
    label(axes, title="What the monitor said, hour by hour", x=f"hour of the traffic          {legend}")
    return drawn


def show_constraints(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, guess: float | None = NO_GUESS
) -> None:
    """Show what a reviewer changed: each column's completeness before and after, and every setting that differs.

    before, after: two constraints.json. guess: how many columns were thought to change.
    """
    if waits(guess):
        return
    if not before or not after:
        print("There are not two versions of the constraints yet.")
        return
    old, new = (
        {feature["name"]: feature.get("completeness") for feature in one.get("features", [])} for one in (before, after)
    )
    names = list(dict.fromkeys([*old, *new]))
    changed = [name for name in names if old.get(name) != new.get(name)]
    lines = [f"{len(changed)} of {len(names)} columns with another completeness"]
    lines += [f"  {name}: {_share(old.get(name))} becomes {_share(new.get(name))}" for name in changed]
    ours, theirs = _settings(before), _settings(after)
    lines += [
        f"  {name}: {ours.get(name)} becomes {theirs.get(name)}"
        for name in {**ours, **theirs}
        if ours.get(name) != theirs.get(name)
    ]
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was {guess:g}")
    display(_shares(old, new, names), "\n".join(lines))


def _share(value: float | None) -> str:
    return "nothing" if value is None else f"{value:.1%}"


def _settings(constraints: Mapping[str, Any]) -> dict[str, Any]:
    config = constraints.get("monitoring_config", {})
    distances = config.get("distribution_constraints", {})
    found = {name: config.get(name) for name in _SETTINGS} | {name: distances.get(name) for name in _DISTANCES}
    return {name: value for name, value in found.items() if value is not None}


def _shares(old: Mapping[str, float | None], new: Mapping[str, float | None], names: Sequence[str]) -> Any:
    drawn, axes = figure(1.3 + 0.3 * len(names))
    for row, name in enumerate(names):
        first, second = old.get(name), new.get(name)
        if first is not None and second is not None and first != second:
            axes.plot([first, second], [row, row], color=FAINT, linewidth=2, zorder=1)
        if first is not None:
            axes.scatter(first, row, color=COLOURS[1], marker="o", s=46, zorder=2)
        if second is not None:
            axes.scatter(second, row, color=COLOURS[0], marker="s", s=34, zorder=3)
    axes.set_yticks(range(len(names)), names, fontsize=9)
    axes.set_ylim(len(names) - 0.5, -0.5)
    shares = [share for share in (*old.values(), *new.values()) if share is not None]
    axes.set_xlim(min(0.8, *shares) - 0.02, 1.02)
    axes.grid(axis="x", alpha=0.3)
    title = "Least share of values that an hour must have: ● suggested, ■ edited"
    label(axes, title=title, x="completeness", size=10)
    return drawn
