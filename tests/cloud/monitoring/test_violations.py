"""course/cloud/monitoring/constraints.py, violations.py and cloudwatch.py"""

import copy

import pytest

from course.cloud.monitoring import cloudwatch
from course.cloud.monitoring.constraints import checks_of, suggest
from course.cloud.monitoring.dataset import Chunk
from course.cloud.monitoring.errors import MonitoringError
from course.cloud.monitoring.statistics import profile
from course.cloud.monitoring.violations import judge
from tests.cloud.monitoring.records import read

NAMES = ("amount", "count", "shop", "km")
ROWS = [
    (f"{n % 97}.5", str(n % 11), ("grocery", "fuel", "travel")[n % 3], "" if n % 20 == 0 else f"{n % 13}.25")
    for n in range(1000)
]


def of(rows, names=NAMES):
    return profile([Chunk(names, [list(row) for row in rows])])


@pytest.fixture
def baseline():
    made = of(ROWS)
    return suggest(made), made.statistics()


def checks(judgement):
    return {(v["constraint_check_type"], v["feature_name"]) for v in judgement.violations}


def with_column(name, change):
    """The baseline's rows with one column changed: change(text, row number)."""
    place = NAMES.index(name)
    return [(*row[:place], change(row[place], n), *row[place + 1 :]) for n, row in enumerate(ROWS)]


def test_the_suggestion_is_what_was_seen(baseline):
    limits, _ = baseline
    assert limits == {
        "version": 0.0,
        "features": [
            {
                "name": "amount",
                "inferred_type": "Fractional",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "count",
                "inferred_type": "Integral",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "shop",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": ["grocery", "fuel", "travel"]},
            },
            {
                "name": "km",
                "inferred_type": "Fractional",
                "completeness": 0.95,
                "num_constraints": {"is_non_negative": True},
            },
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def test_negative_values_are_suggested_as_allowed():
    (feature,) = suggest(of([("-1",), ("2",)], ("a",)))["features"]
    assert feature["num_constraints"] == {"is_non_negative": False}


def test_a_baseline_does_not_violate_itself(baseline):
    judgement = judge(of(ROWS), *baseline)
    assert judgement.violations == []
    assert judgement.distances == dict.fromkeys(NAMES, 0.0)


def test_data_type_check_speaks_as_aws(baseline):
    live = of(with_column("count", lambda text, n: f"{text}.0" if n < 3 else text))
    (found,) = judge(live, *baseline).violations
    assert found == {
        "feature_name": "count",
        "constraint_check_type": "data_type_check",
        "description": "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
        "Observed: Only 99.7% of data is Integral.",
    }


def test_a_whole_number_is_good_enough_for_fractional(baseline):
    live = of(with_column("amount", lambda text, n: text.removesuffix(".5")))
    assert checks(judge(live, *baseline)) == set()


def test_completeness_check(baseline):
    (found,) = judge(of(with_column("km", lambda text, n: "" if n % 10 == 0 else text)), *baseline).violations
    assert (found["constraint_check_type"], found["feature_name"]) == ("completeness_check", "km")
    assert "Expected completeness: 95.0%" in found["description"] and "Only 90.0%" in found["description"]


def test_the_suggested_completeness_is_exact_so_one_value_less_violates_it(baseline):
    live = of(with_column("km", lambda text, n: "" if n == 1 else text))
    assert checks(judge(live, *baseline)) == {("completeness_check", "km")}
    baseline[0]["features"][3]["completeness"] = 0.93
    assert checks(judge(live, *baseline)) == set()


def test_baseline_drift_check_speaks_as_aws(baseline):
    (found,) = judge(of(with_column("amount", lambda text, n: str(float(text) * 3))), *baseline).violations
    assert (found["constraint_check_type"], found["feature_name"]) == ("baseline_drift_check", "amount")
    words, distance, threshold = found["description"].partition("distance: ")
    assert words == "Baseline drift "
    distance, _, threshold = threshold.partition(" exceeds threshold: ")
    assert float(distance) > float(threshold) == 0.1


def test_drift_of_categories(baseline):
    live = of(with_column("shop", lambda text, n: "fuel" if text == "travel" and n % 2 else text))
    judgement = judge(live, *baseline)
    assert checks(judgement) == {("baseline_drift_check", "shop")}
    assert judgement.distances["shop"] == pytest.approx(0.166)


def test_chi_squared_needs_less_to_fire_and_says_so(baseline):
    limits, statistics = baseline
    limits["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] = "ChiSquared"
    live = of(with_column("shop", lambda text, n: "fuel" if text == "travel" and n % 8 == 0 else text))
    judgement = judge(live, limits, statistics)
    assert checks(judgement) == {("baseline_drift_check", "shop")}
    assert "p-value" in judgement.violations[0]["description"]
    assert judgement.distances["shop"] > 0.9
    limits["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] = "LInfinity"
    assert checks(judge(live, limits, statistics)) == set()


def test_categorical_values_check(baseline):
    live = of(with_column("shop", lambda text, n: "delivery" if n < 20 else text))
    (found,) = judge(live, *baseline).violations
    assert (found["constraint_check_type"], found["feature_name"]) == ("categorical_values_check", "shop")
    assert "Only 98.0%" in found["description"]


def test_missing_and_extra_columns(baseline):
    fewer = judge(of([row[:-1] for row in ROWS], NAMES[:-1]), *baseline)
    assert checks(fewer) == {("missing_column_check", "Missing columns")}
    assert fewer.violations[0]["description"] == (
        "There are missing columns in current dataset. Number of columns in current dataset: 3, "
        "Number of columns in baseline constraints: 4. Missing: km"
    )
    more = judge(of([(*row, "1") for row in ROWS], (*NAMES, "fee")), *baseline)
    assert checks(more) == {("extra_column_check", "Extra columns")}
    renamed = judge(of(ROWS, (*NAMES[:-1], "distance")), *baseline)
    assert checks(renamed) == {("missing_column_check", "Missing columns"), ("extra_column_check", "Extra columns")}


@pytest.mark.parametrize(
    ("name", "value", "column", "change", "fires"),
    [
        ("datatype_check_threshold", 0.99, "count", lambda text, n: "x" if n < 9 else text, False),
        ("datatype_check_threshold", 0.99, "count", lambda text, n: "x" if n < 11 else text, True),
        ("domain_content_threshold", 0.95, "shop", lambda text, n: "delivery" if n < 49 else text, False),
        ("domain_content_threshold", 0.95, "shop", lambda text, n: "delivery" if n < 51 else text, True),
    ],
)
def test_a_threshold_is_the_share_that_must_match(baseline, name, value, column, change, fires):
    limits, _ = baseline
    limits["monitoring_config"][name] = value
    limits["monitoring_config"]["distribution_constraints"]["perform_comparison"] = "Disabled"
    assert bool(judge(of(with_column(column, change)), *baseline).violations) == fires


@pytest.mark.parametrize("method", ["Simple", "Robust"])
def test_the_comparison_method_decides_with_few_rows(baseline, method):
    limits, _ = baseline
    limits["monitoring_config"]["distribution_constraints"]["comparison_method"] = method
    live = of([(f"{min(96, n % 97 + 15)}.5", "1", "grocery", "1.5") for n in range(194)])
    gap, chance = 330 / 1000 - 30 / 194, 1.8 * (1194 / 194_000) ** 0.5  # at 29.5: rows up to there, in either
    judgement = judge(live, *baseline)
    assert judgement.distances["amount"] == pytest.approx(gap if method == "Simple" else gap - chance)
    assert (("baseline_drift_check", "amount") in checks(judgement)) == (method == "Simple")


def test_nothing_is_judged_where_evaluation_is_disabled(baseline):
    limits, statistics = baseline
    limits["monitoring_config"]["evaluate_constraints"] = "Disabled"
    live = of(with_column("amount", lambda text, n: str(float(text) * 3)), (*NAMES[:-1], "distance"))
    judgement = judge(live, limits, statistics)
    assert judgement.violations == [] and judgement.distances["amount"] > 0.1


@pytest.mark.parametrize(
    "place",
    [
        lambda feature: feature.setdefault("monitoringConfigOverrides", {}),
        lambda feature: feature.setdefault("string_constraints", {}).setdefault("monitoring_config_overrides", {}),
    ],
    ids=["as the guide has it", "as the SDK writes it"],
)
def test_a_feature_can_be_left_out(baseline, place):
    limits, statistics = baseline
    live = of(with_column("shop", lambda text, n: "delivery"))
    assert len(checks(judge(live, limits, statistics))) == 2
    place(limits["features"][2])["evaluate_constraints"] = "Disabled"
    assert judge(live, limits, statistics).violations == []


def test_overrides_of_a_feature_reach_its_distribution(baseline):
    limits, statistics = baseline
    live = of(with_column("amount", lambda text, n: str(float(text) * 3)))
    override = {"distribution_constraints": {"comparison_threshold": 0.99}}
    limits["features"][0]["monitoringConfigOverrides"] = override
    assert judge(live, limits, statistics).violations == []
    assert checks_of(limits).comparison_threshold == 0.1


def test_without_comparison_or_baseline_statistics_there_is_no_distance(baseline):
    limits, statistics = baseline
    assert judge(of(ROWS), limits).distances == {}
    limits["monitoring_config"]["distribution_constraints"]["perform_comparison"] = "Disabled"
    assert judge(of(ROWS), limits, statistics).distances == {}


def test_an_empty_column_is_incomplete_and_nothing_else(baseline):
    assert checks(judge(of(with_column("shop", lambda text, n: "")), *baseline)) == {("completeness_check", "shop")}


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"comparison_method": "PSI"}, "Robust or Simple"),
        ({"distribution_constraints": {"categorical_drift_method": "L1"}}, "LInfinity or ChiSquared"),
        ({"evaluate_constraints": True}, "Enabled or Disabled"),
        ({"comparison_threshold": "0.1"}, "must be a number"),
        ({"psi_threshold": 0.2}, "psi_threshold"),
    ],
)
def test_a_config_that_is_not_known_is_refused(baseline, config, words):
    limits, statistics = baseline
    limits = copy.deepcopy(limits) | {"monitoring_config": config}
    with pytest.raises(MonitoringError, match=words):
        judge(of(ROWS), limits, statistics)


def test_metrics_of_a_window(baseline, tmp_path):
    limits, statistics = baseline
    limits["features"][1]["monitoringConfigOverrides"] = {"emit_metrics": "Disabled"}
    live = of(ROWS)
    metrics = cloudwatch.data_quality(live, limits, judge(live, limits, statistics).distances)
    assert set(metrics) == {
        *("feature_data_amount", "feature_non_null_amount", "feature_baseline_drift_amount"),
        *("feature_non_null_shop", "feature_baseline_drift_shop"),
        *("feature_data_km", "feature_non_null_km", "feature_baseline_drift_km"),
    }
    cloudwatch.write(tmp_path, metrics, "2026-11-20T10:00:00Z", {"Endpoint": "txguard", "MonitoringSchedule": "s"})
    lines = {line["MetricName"]: line for line in read(tmp_path / cloudwatch.FILE)}
    dimensions = [{"Name": "Endpoint", "Value": "txguard"}, {"Name": "MonitoringSchedule", "Value": "s"}]
    assert lines["feature_non_null_km"] == {
        "MetricName": "feature_non_null_km",
        "Timestamp": "2026-11-20T10:00:00Z",
        "Dimensions": dimensions,
        "Value": 0.95,
    }
    total = sum(float(row[0]) for row in ROWS)
    values = lines["feature_data_amount"]["StatisticValues"]
    assert values == {"SampleCount": 1000.0, "Sum": pytest.approx(total), "Minimum": 0.5, "Maximum": 96.5}


def test_a_batch_job_has_no_endpoint_dimension(tmp_path):
    cloudwatch.write(tmp_path, {"a": 1.0}, "2026-11-20T10:00:00Z", {"Endpoint": "", "MonitoringSchedule": "s"})
    (line,) = read(tmp_path / cloudwatch.FILE)
    assert line["Dimensions"] == [{"Name": "MonitoringSchedule", "Value": "s"}]
