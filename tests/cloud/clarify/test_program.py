"""Clarify jobs through real boto3: bias of data and of a model, SHAP values, and what a wrong configuration says."""

import json
import time

import numpy as np
import pytest
from scipy.special import expit

from .conftest import BIAS, people, values

WEIGHTS = {"age": 0.8, "income": -0.05, "city": 0.3}
CONSTANT = 1.0
SERVE = f"""
import numpy as np

def model_fn(model_dir):
    return np.array({list(WEIGHTS.values())})

def predict_fn(rows, weights):
    score = 1 / (1 + np.exp(-({CONSTANT} + np.atleast_2d(rows) @ weights)))
    return np.column_stack([score > 0.3, score])
"""
TRAIN = "import os; open(os.environ['SM_MODEL_DIR'] + '/model.txt', 'w').write('a model of three weights')"


def logits(features):
    return CONSTANT + features[list(WEIGHTS)].to_numpy() @ np.array(list(WEIGHTS.values()))


@pytest.fixture(scope="module")
def predictor(clarify):
    """A model whose answer to a row is a label and a score, and one that takes its time; endpoints are Clarify's."""
    lab = clarify.lab
    job = lab.train("weights", TRAIN)
    for name, script in (
        ("weights", SERVE),
        ("slow", SERVE.replace("    score", "    import time; time.sleep(50)\n    score")),
    ):
        lab.sm.create_model(
            ModelName=name,
            ExecutionRoleArn=lab.role,
            PrimaryContainer={
                "Image": job["AlgorithmSpecification"]["TrainingImage"],
                "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"],
                "Environment": {
                    "SAGEMAKER_PROGRAM": "serve.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": lab.put_code(f"code/{name}-serve.tar.gz", serve__py=script),
                },
            },
        )
    return {"model_name": "weights", "instance_type": "ml.m5.large", "initial_instance_count": 1, "probability": 1}


def test_bias_of_the_data(clarify):
    table = people(2000)
    result = clarify.analysis("pre", BIAS | {"group_variable": "city"}, table)
    section = result["pre_training_bias_metrics"]
    assert (result["version"], section["label"], section["label_value_or_threshold"]) == ("1.0", "fraud", "0")
    assert section["facets"]["age"][0]["value_or_threshold"] == "1"
    first = section["facets"]["age"][0]["metrics"][1]
    assert (first["name"], first["description"]) == ("CI", "Class Imbalance (CI)")
    old = table.age == 1
    shares = [(table.fraud[facet] == 0).mean() for facet in (~old, old)]
    found = values(section)
    assert found["CI"] == pytest.approx(((~old).sum() - old.sum()) / 2000)
    assert found["DPL"] == pytest.approx(shares[0] - shares[1])
    assert found["DPL"] > 0.1
    assert found["KS"] == pytest.approx(found["TVD"])
    assert -1 <= found["CDDL"] <= 1
    page = clarify.read("pre", "report.html").decode()
    assert f"{found['DPL']:.4f}" in page


def test_fraud_as_the_favourable_outcome_turns_every_sign(clarify):
    table = people(2000)
    right = values(clarify.analysis("right", BIAS, table)["pre_training_bias_metrics"])
    wrong = clarify.analysis("wrong", BIAS | {"label_values_or_threshold": [1]}, table)["pre_training_bias_metrics"]
    assert wrong["label_value_or_threshold"] == "1"
    assert values(wrong)["DPL"] == pytest.approx(-right["DPL"])


def test_a_table_without_a_header_and_a_threshold_facet(clarify):
    config = BIAS | {
        "headers": ["fraud", "age", "income", "city"],
        "facet": [{"name_or_index": 2, "value_or_threshold": [50]}, {"name_or_index": "city"}],
    }
    facets = clarify.analysis("bare", config, people(500), header=False)["pre_training_bias_metrics"]["facets"]
    assert facets["income"][0]["value_or_threshold"].startswith("(50, ")
    assert sorted(entry["value_or_threshold"] for entry in facets["city"]) == ["0", "1", "2", "3"]


def test_bias_of_predictions_that_come_with_the_data(clarify):
    table = people(600)
    table["p"] = ((table.age == 1) & (table.income < 45)).astype(int)
    methods = {"post_training_bias": {"methods": "all"}}
    result = clarify.analysis("post", BIAS | {"predicted_label": "p", "methods": methods}, table)
    found = values(result["post_training_bias_metrics"])
    old = table.age == 1
    refused = table.p[old].mean()
    assert found["DPPL"] == pytest.approx(refused)
    assert found["DI"] == pytest.approx(1 - refused)
    assert -1 <= found["FT"] <= 1
    apart = table.drop(columns="p").assign(row=range(600))
    predictions = apart[["row"]].assign(predicted_label=table.p)[::-1].to_csv(index=False)
    config = BIAS | {
        "methods": methods,
        "joinsource_name_or_index": "row",
        "predicted_label_dataset_uri": clarify.put("predictions/p.csv", predictions),
    }
    again = clarify.analysis("joined", config, apart)["post_training_bias_metrics"]
    assert values(again) == found


def test_a_shadow_endpoint_gives_the_predictions_and_is_gone_afterwards(clarify, predictor):
    table = people(400)
    config = BIAS | {
        "methods": {"post_training_bias": {"methods": "all"}},
        "predictor": predictor,
        "probability_threshold": 0.4,
    }
    found = values(clarify.analysis("model", config, table)["post_training_bias_metrics"])
    favourable = expit(logits(table)) <= 0.4
    old = (table.age == 1).to_numpy()
    assert found["DPPL"] == pytest.approx(favourable[~old].mean() - favourable[old].mean())
    sm, timeline = clarify.lab.sm, clarify.lab.logs("/aws/sagemaker/ProcessingJobs", "model/")
    assert "Creating endpoint: 'sm-clarify-" in timeline
    assert not [e for e in sm.list_endpoints()["Endpoints"] if e["EndpointStatus"] != "Deleting"]
    assert not sm.list_endpoint_configs()["EndpointConfigs"]


def test_labels_of_the_model_are_taken_as_they_are(clarify, predictor):
    table = people(400)
    config = BIAS | {"methods": {"post_training_bias": {"methods": ["DPPL"]}}, "predictor": {**predictor, "label": 0}}
    found = values(clarify.analysis("labels", config, table)["post_training_bias_metrics"])
    favourable = expit(logits(table)) <= 0.3
    old = (table.age == 1).to_numpy()
    assert found == {"DPPL": pytest.approx(favourable[~old].mean() - favourable[old].mean())}


def test_shap_values_add_up_and_are_those_of_a_linear_model(clarify, predictor):
    """Of a linear logit, the SHAP value of a feature is its weight times its distance from the baseline."""
    table = people(3, seed=1)
    baseline = [[0, 50.0, 1]]
    shap = {"baseline": baseline, "use_logit": True, "save_local_shap_values": True, "seed": 1, "agg_method": "mean_sq"}
    result = clarify.analysis("linear", BIAS | {"methods": {"shap": shap}, "predictor": predictor}, table)
    explained = result["explanations"]["kernel_shap"]["label0"]
    local = clarify.table("linear", "explanations_shap/out.csv")
    assert list(local.columns) == ["age_label0", "income_label0", "city_label0"]
    exact = (table[list(WEIGHTS)] - baseline[0]).to_numpy() * np.array(list(WEIGHTS.values()))
    assert local.to_numpy() == pytest.approx(exact, abs=1e-6)
    assert explained["expected_value"] + local.sum(axis=1).to_numpy() == pytest.approx(logits(table), abs=1e-6)
    assert explained["global_shap_values"]["income"] == pytest.approx((exact[:, 1] ** 2).mean(), abs=1e-6)


def test_shap_values_of_scores_add_up_from_a_computed_baseline(clarify, predictor):
    table = people(3, seed=2)
    config = BIAS | {
        "methods": {"shap": {"save_local_shap_values": True, "num_samples": 100}, "pdp": {"grid_resolution": 4}},
        "predictor": predictor,
    }
    result = clarify.analysis("scores", config, table)
    explained = result["explanations"]["kernel_shap"]["label0"]
    centre = clarify.table("scores", "explanations_shap/baseline.csv", header=None, names=list(WEIGHTS))
    assert centre.to_numpy()[0] == pytest.approx(table[list(WEIGHTS)].mean().to_numpy())
    assert explained["expected_value"] == pytest.approx(expit(logits(centre))[0])
    total = clarify.table("scores", "explanations_shap/out.csv").sum(axis=1) + explained["expected_value"]
    assert total.to_numpy() == pytest.approx(expit(logits(table)), abs=1e-6)
    plots = {plot["feature_name"]: plot for plot in result["explanations"]["pdp"]}
    assert sorted(plots) == sorted(WEIGHTS)
    assert len(plots["income"]["feature_values"]) == len(plots["income"]["model_predictions"][0]) == 4
    assert plots["income"]["model_predictions"][0] == sorted(plots["income"]["model_predictions"][0], reverse=True)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("no-json", None, "ClientError: Unable to load analysis configuration as JSON."),
        ("unknown", {"lable": "x"}, "Wrong key: lable"),
        ("no-column", {"label": "frauds"}, "Unable to locate the column of label: 'frauds'"),
        ("no-facet", {"facet": [{"name_or_index": "sex"}]}, "Unable to locate the column of facet: 'sex'"),
        ("no-label", {"label_values_or_threshold": ["yes"]}, "label_values_or_threshold: none of ['yes']"),
        ("no-cut", {"facet": [{"name_or_index": "income"}]}, "facet.value_or_threshold"),
        ("short", {"headers": ["a"]}, "headers has 1, the dataset 4"),
    ],
)
def test_a_wrong_configuration_fails_the_job_and_names_the_field(clarify, name, change, reason):
    job = clarify.run(name, "{'label': 1}" if change is None else BIAS | change, people(200))
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("ClientError: ")
    assert reason in job["FailureReason"]
    assert job["ExitMessage"] == job["FailureReason"]


def test_what_the_role_lacks_fails_the_job(clarify, predictor):
    role = clarify.lab.cloud.role("OnlyData", "AmazonS3FullAccess")
    config = BIAS | {"methods": {"post_training_bias": {"methods": "all"}}, "predictor": predictor}
    job = clarify.run("denied", config, people(200), RoleArn=role)
    assert "not authorized to perform: sagemaker:CreateEndpointConfig" in job["FailureReason"]


def test_a_model_that_is_not_there_fails_the_job(clarify, predictor):
    config = BIAS | {
        "methods": {"post_training_bias": {"methods": "all"}},
        "predictor": {**predictor, "model_name": "nobodys"},
    }
    job = clarify.run("no-model", config, people(200))
    assert job["FailureReason"].startswith("ClientError: ")
    assert "nobodys" in job["FailureReason"]
    assert not clarify.lab.sm.list_endpoint_configs()["EndpointConfigs"]


def test_a_job_that_is_stopped_takes_its_shadow_endpoint_with_it(clarify, predictor):
    config = BIAS | {
        "methods": {"post_training_bias": {"methods": "all"}},
        "predictor": {**predictor, "model_name": "slow", "endpoint_name_prefix": "mine"},
    }
    clarify.run("stopped", config, people(200), wait=False)
    sm = clarify.lab.sm
    for _ in range(600):
        if sm.list_endpoints(NameContains="mine-", StatusEquals="InService")["Endpoints"]:
            break
        time.sleep(0.05)
    [endpoint] = sm.list_endpoints(NameContains="mine-")["Endpoints"]
    sm.stop_processing_job(ProcessingJobName="stopped")
    assert clarify.finished("stopped")["ProcessingJobStatus"] == "Stopped"
    assert "Signal 15 received, cleaning up" in clarify.lab.logs("/aws/sagemaker/ProcessingJobs", "stopped/")
    left = {e["EndpointName"]: e["EndpointStatus"] for e in sm.list_endpoints()["Endpoints"]}
    assert left.get(endpoint["EndpointName"], "Deleting") == "Deleting"
    assert not sm.list_endpoint_configs()["EndpointConfigs"]


def test_twenty_thousand_rows_take_seconds(clarify):
    """Measured by the job's own clock; the bound is wide because the machine may be busy."""
    table = people(20_000)
    table["p"] = (table.income < 45).astype(int)
    methods = {"pre_training_bias": {"methods": "all"}, "post_training_bias": {"methods": "all"}}
    start = time.perf_counter()
    result = clarify.analysis("large", BIAS | {"methods": methods, "predicted_label": "p"}, table)
    assert time.perf_counter() - start < 20
    assert json.dumps(result)
