"""The two monitors that Clarify runs: bias by bootstrap, attributions by NDCG."""

import json

import numpy as np
import pytest

from course.cloud.images import CLARIFY
from tests.cloud.conftest import TRUST

FAVOURED, BASELINE_DPPL = [1], 0.05


@pytest.fixture(scope="module")
def analyst(watch):
    """A role that may make a shadow endpoint, as Clarify does."""
    iam = watch.lab.cloud.client("iam")
    role = iam.create_role(RoleName="Analyst", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    allowed = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "sagemaker:*", "iam:PassRole"], "Resource": "*"}
    iam.put_role_policy(RoleName="Analyst", PolicyName="p", PolicyDocument=json.dumps({"Statement": [allowed]}))
    return role


@pytest.fixture(scope="module")
def biased(watch):
    """A bias monitor; what it finds in a window with these shares of favourable answers, (others, young)."""
    config = {
        "headers": ["label", "amount", "young"],
        "label": "label",
        "label_values_or_threshold": FAVOURED,
        "facet": [{"name_or_index": "young", "value_or_threshold": [1]}],
        "methods": {"post_training_bias": {"methods": ["DPPL", "DI"]}, "report": {"name": "report"}},
    }
    metrics = [{"name": "DPPL", "value": BASELINE_DPPL}, {"name": "DI", "value": 0.9}]
    facets = {"young": [{"value_or_threshold": "1", "metrics": metrics}]}
    section = {"label": "label", "facets": facets, "label_value_or_threshold": "1"}
    limits = watch.put("bias/analysis.json", {"version": "1.0", "post_training_bias_metrics": section})
    watch.define(
        "bias",
        "ModelBias",
        CLARIFY,
        baseline={"ConstraintsResource": {"S3Uri": limits}},
        application={"ConfigUri": watch.put("bias/analysis_config.json", config)},
        endpoint={"ProbabilityAttribute": "0", "ProbabilityThresholdAttribute": 0.5},
        given={"GroundTruthS3Input": {"S3Uri": "s3://lab/truth"}},
    )
    watch.schedule("bias", kind="ModelBias")

    def judge(others, young, count):
        rows = []
        for group, share in ((0, others), (1, young)):
            rows += [[0.9 if n < share * count else 0.1, str(n % 7), str(group)] for n in range(count)]
        ids = watch.capture(watch.hour(), rows)
        watch.labels(watch.hour(), {event: n % 2 for n, event in enumerate(ids)})
        watch.next_hour()
        return watch.executions("bias")[0]

    yield judge
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="bias")


def test_bias_that_chance_does_not_explain_is_a_violation(watch, biased):
    execution = biased(0.6, 0.2, 400)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    assert execution["MonitoringType"] == "ModelBias"
    found = watch.report(execution, "constraint_violations.json")["violations"]
    assert {(one["facet"], one["facet_value"], one["metric_name"]) for one in found} == {
        ("young", "1", "DPPL"),
        ("young", "1", "DI"),
    }
    assert {one["constraint_check_type"] for one in found} == {"bias_drift_check"}
    [entry] = watch.report(execution, "analysis.json")["post_training_bias_metrics"]["facets"]["young"]
    values = {metric["name"]: metric["value"] for metric in entry["metrics"]}
    assert values == {"DPPL": pytest.approx(0.4), "DI": pytest.approx(1 / 3)}


def test_the_same_difference_in_few_rows_is_none(watch, biased):
    """15 of 25 against 10 of 25: DPPL 0.2, four times the baseline's, and an interval of about ±0.27."""
    execution = biased(0.6, 0.4, 25)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    assert watch.report(execution, "constraint_violations.json")["violations"] == []


def test_equal_treatment_is_no_violation(biased):
    assert biased(0.5, 0.5, 400)["MonitoringExecutionStatus"] == "Completed"


TRAINED = {"SAT": 0.70, "GPA": 0.50, "rank": 0.05}


@pytest.fixture(scope="module")
def explained(watch, analyst):
    """An attribution monitor of a model that adds its features up; what it finds in rows that are all like this one."""
    config = {
        "headers": list(TRAINED),
        "methods": {
            "shap": {"baseline": [[0.0, 0.0, 0.0]], "num_samples": 20, "seed": 1},
            "report": {"name": "report"},
        },
        "predictor": {"model_name": watch.name, "instance_type": "ml.m5.large", "initial_instance_count": 1},
    }
    shap = {"label0": {"global_shap_values": TRAINED, "expected_value": 0.0}}
    limits = watch.put("shap/analysis.json", {"version": "1.0", "explanations": {"kernel_shap": shap}})
    watch.define(
        "attribution",
        "ModelExplainability",
        CLARIFY,
        baseline={"ConstraintsResource": {"S3Uri": limits}},
        application={"ConfigUri": watch.put("shap/analysis_config.json", config)},
        RoleArn=analyst,
    )
    watch.schedule("attribution", kind="ModelExplainability")

    def judge(**values):
        row = [str(values[name]) for name in TRAINED]
        watch.capture(watch.hour(), [["1.0", *row] for _ in range(20)])
        watch.next_hour()
        return watch.executions("attribution")[0]

    yield judge
    watch.sm.delete_monitoring_schedule(MonitoringScheduleName="attribution")


def test_attributions_in_another_order_are_a_violation_with_the_guides_own_score(watch, explained):
    """The developer guide's example: what the live window ranks first the baseline ranked last; NDCG 0.6876."""
    execution = explained(SAT=0.10, GPA=0.20, rank=0.70)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    [found] = watch.report(execution, "constraint_violations.json")["violations"]
    assert (found["label"], found["metric_name"]) == ("label0", "shap")
    assert found["constraint_check_type"] == "feature_attribution_drift_check"
    assert float(found["description"].split()[3]) == pytest.approx(0.6876, abs=1e-4)
    values = watch.report(execution, "analysis.json")["explanations"]["kernel_shap"]["label0"]["global_shap_values"]
    assert np.allclose([values[name] for name in TRAINED], [0.10, 0.20, 0.70])


def test_attributions_in_the_same_order_are_none(watch, explained):
    execution = explained(SAT=0.6, GPA=0.5, rank=0.1)
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    endpoints = [found["EndpointName"] for found in watch.sm.list_endpoints()["Endpoints"]]
    assert endpoints == [watch.name]  # the shadow endpoint is gone


def test_what_clarify_measures_is_published_with_its_dimensions(watch, biased, explained):
    biased(0.5, 0.5, 100)
    explained(SAT=0.6, GPA=0.5, rank=0.1)
    cloudwatch = watch.lab.cloud.client("cloudwatch")
    found = cloudwatch.list_metrics(Namespace="aws/sagemaker/Endpoints/bias-metrics", MetricName="bias_metric_DPPL")
    assert {
        "Endpoint": "watched",
        "MonitoringSchedule": "bias",
        "BiasStage": "Post-Training",
        "Label": "label",
        "LabelValue": "1",
        "Facet": "young",
        "FacetValue": "1",
    } in [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in found["Metrics"]]
    found = cloudwatch.list_metrics(
        Namespace="aws/sagemaker/Endpoints/explainability-metrics", MetricName="feature_SAT"
    )
    assert {
        "Endpoint": "watched",
        "MonitoringSchedule": "attribution",
        "ExplainabilityMethod": "KernelShap",
        "Label": "label0",
        "ValueType": "GlobalShapValues",
    } in [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in found["Metrics"]]
