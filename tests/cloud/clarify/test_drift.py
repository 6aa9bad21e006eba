"""What is worse than an earlier analysis, and what can not be compared with it."""

import pytest

from course.cloud.clarify.analysis_config import ConfigError
from course.cloud.clarify.drift import violations


def bias(*groups):
    """An analysis of one facet: each group is its value and its metrics."""
    facets = [
        {"value_or_threshold": value, "metrics": [{"name": n, "value": v, "error": "why"} for n, v in metrics.items()]}
        for value, metrics in groups
    ]
    return {"version": "1.0", "post_training_bias_metrics": {"label": "y", "facets": {"age": facets}}}


@pytest.mark.parametrize(
    ("metric", "before", "now", "worse"),
    [
        ("DPPL", 0.2, 0.1, False),  # the guide's examples
        ("DPPL", 0.2, -0.3, True),
        ("DPPL", 0.2, 0.2, False),
        ("DI", 0.8, 1.1, False),  # the ideal is 1
        ("DI", 0.8, 0.7, True),
        ("DI", 0.8, 1.3, True),
        ("TE", "Infinity", "-Infinity", False),
        ("TE", 3.0, "Infinity", True),
        ("CDDPL", None, 0.5, False),  # nothing to hold it to
    ],
)
def test_a_metric_is_worse_when_it_is_further_from_its_ideal(metric, before, now, worse):
    found = violations(bias(("1", {metric: before})), bias(("1", {metric: now})))
    assert [violation["metric_name"] for violation in found] == [metric] * worse
    if worse:
        assert found[0]["description"] == f"Value {now} does not meet the constraint requirement"
        assert found[0]["facet_value"] == "1"


def test_groups_are_compared_with_themselves_and_a_threshold_with_its_own():
    before = bias(("1", {"DPPL": 0.1}), ("2", {"DPPL": 0.3}))
    now = bias(("2", {"DPPL": 0.2}), ("1", {"DPPL": 0.2}))
    assert [violation["facet_value"] for violation in violations(before, now)] == ["1"]
    before, now = bias(("(0.5, 0.98]", {"DPPL": 0.1})), bias(("(0.5, 0.99]", {"DPPL": 0.2}))
    assert [violation["facet_value"] for violation in violations(before, now)] == ["(0.5, 0.99]"]


@pytest.mark.parametrize(
    "before",
    [
        {"version": "1.0"},
        {"post_training_bias_metrics": {"facets": {"sex": []}}},
        bias(("1", {"RD": 0.1})),
        bias(("1", {"DPPL": 0.1}), ("3", {"DPPL": 0.1})),
        bias(("1", {"DPPL": "small"})),
    ],
)
def test_a_baseline_of_something_else_is_an_error(before):
    now = bias(("1", {"DPPL": 0.1}), ("2", {"DPPL": 0.1}))
    with pytest.raises(ConfigError, match="are not those of this analysis"):
        violations(before, now)


def test_a_metric_that_lost_its_value_is_an_error():
    with pytest.raises(ConfigError, match="DPPL of facet age has a baseline but no value: why"):
        violations(bias(("1", {"DPPL": 0.1})), bias(("1", {"DPPL": None})))


def test_attributions_are_held_to_the_ranking_of_the_baseline():
    """The guide's example of feature attribution drift: its score is 0.6876."""

    def explained(values):
        return {"explanations": {"kernel_shap": {"label0": {"global_shap_values": values, "expected_value": 0.5}}}}

    before = explained({"sat": 0.70, "gpa": 0.50, "rank": 0.05})
    assert not violations(before, before)
    [found] = violations(before, explained({"sat": 0.10, "gpa": 0.20, "rank": 0.70}))
    assert found["label"] == "label0"
    assert found["description"].startswith("Feature attribution drift 0.6876")
    with pytest.raises(ConfigError, match="Attributions of other features"):
        violations(before, explained({"sat": 0.1}))
