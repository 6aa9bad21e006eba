"""constraint_violations.json of the data-quality monitor: the six checks (model-monitor-interpreting-violations).

Wording: data_type_check and baseline_drift_check, and the two about columns, speak as AWS's container does in published
reports; the guide does not print the text of the others, which follow the first's pattern.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from course.cloud.monitoring.constraints import Checks, checks_of
from course.cloud.monitoring.distance import chi_squared, l_infinity, robust, simple
from course.cloud.monitoring.statistics import Column, Profile, baseline_categories, baseline_numbers

NUMERIC = {"Simple": simple, "Robust": robust}


@dataclass
class Judgement:
    """What a window showed against its baseline.

    violations: as in constraint_violations.json. distances: of every feature that was compared, by name; for ChiSquared
    1 - p, so that larger is further, as for the others.
    """

    violations: list[dict[str, str]] = field(default_factory=list)
    distances: dict[str, float] = field(default_factory=dict)

    def found(self, feature: str, check: str, description: str) -> None:
        self.violations.append({"feature_name": feature, "constraint_check_type": check, "description": description})


def judge(live: Profile, constraints: Mapping[str, Any], baseline: Mapping[str, Any] | None = None) -> Judgement:
    """Judge a window by constraints.json and, for drift, the baseline's statistics.json."""
    judgement = Judgement()
    features = {feature["name"]: feature for feature in constraints.get("features", [])}
    entries = {entry["name"]: entry for entry in (baseline or {}).get("features", [])}
    if checks_of(constraints).evaluate_constraints:
        _columns(judgement, live, features)
    for name, feature in features.items():
        column, checks = live.columns.get(name), checks_of(constraints, feature)
        if column is None:
            continue  # _columns has named it
        if checks.evaluate_constraints:
            _feature(judgement, column, feature, checks)
        if checks.perform_comparison and name in entries:
            _drift(judgement, name, column, entries[name], checks)
    return judgement


def _columns(judgement: Judgement, live: Profile, features: Mapping[str, Any]) -> None:
    """Columns that came or went; where data has names one of each kind is a column that was renamed."""
    missing = [name for name in features if name not in live.columns]
    extra = [name for name in live.columns if name not in features]
    counts = (
        f"Number of columns in current dataset: {len(live.columns)}, "
        f"Number of columns in baseline constraints: {len(features)}"
    )
    for kind, names in (("missing", missing), ("extra", extra)):
        if names:
            text = f"There are {kind} columns in current dataset. {counts}. {kind.capitalize()}: {', '.join(names)}"
            judgement.found(f"{kind.capitalize()} columns", f"{kind}_column_check", text)


def _feature(judgement: Judgement, column: Column, feature: Mapping[str, Any], checks: Checks) -> None:
    name, expected = feature["name"], feature.get("inferred_type", "Unknown")
    if expected != "Unknown" and column.present:
        match, needed = column.share_of(expected), checks.datatype_check_threshold
        if match < needed:
            judgement.found(
                name,
                "data_type_check",
                f"Data type match requirement is not met. Expected data type: {expected}, Expected match: "
                f"{_percent(needed)}. Observed: Only {_percent(match)} of data is {expected}.",
            )
    needed = feature.get("completeness")
    if needed is not None and column.completeness < needed:
        judgement.found(
            name,
            "completeness_check",
            f"Completeness requirement is not met. Expected completeness: {_percent(needed)}. "
            f"Observed: Only {_percent(column.completeness)} of data is complete.",
        )
    domains = feature.get("string_constraints", {}).get("domains")
    if domains and column.present:
        known = sum(column.values[value] for value in set(domains)) / column.present
        if known < checks.domain_content_threshold:
            judgement.found(
                name,
                "categorical_values_check",
                f"Categorical values match requirement is not met. Expected match: "
                f"{_percent(checks.domain_content_threshold)}. Observed: Only {_percent(known)} of values are known.",
            )


def _drift(judgement: Judgement, name: str, column: Column, entry: Mapping[str, Any], checks: Checks) -> None:
    numbers, categories = baseline_numbers(entry), baseline_categories(entry)
    if numbers is not None and column.type in ("Integral", "Fractional"):
        distance, threshold = NUMERIC[checks.comparison_method](column.numbers, numbers), checks.comparison_threshold
    elif categories is not None and column.present and checks.categorical_drift_method == "LInfinity":
        distance, threshold = l_infinity(column.values, categories), checks.categorical_comparison_threshold
    elif categories is not None and column.present:
        _chi_squared(judgement, name, column, categories, checks)
        return
    else:
        return
    judgement.distances[name] = distance
    if checks.evaluate_constraints and distance > threshold:
        text = f"Baseline drift distance: {distance} exceeds threshold: {threshold}"
        judgement.found(name, "baseline_drift_check", text)


def _chi_squared(
    judgement: Judgement, name: str, column: Column, categories: Mapping[str, float], checks: Checks
) -> None:
    """The guide does not say what the threshold is compared with; here it is the test's level: p must fall below."""
    statistic, p = chi_squared(column.values, categories)
    if math.isnan(p):
        return
    judgement.distances[name] = 1.0 - p
    level = checks.categorical_comparison_threshold
    if checks.evaluate_constraints and p < level:
        text = f"Baseline drift distance: chi-squared {statistic} with p-value {p} exceeds threshold: {level}"
        judgement.found(name, "baseline_drift_check", text)


def _percent(share: float) -> str:
    return f"{share * 100}%"
