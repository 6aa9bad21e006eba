"""course/cloud/clarify/analysis_config.py"""

import json

import pytest

from course.cloud.clarify.analysis_config import ConfigError, parse

BIAS = {
    "dataset_type": "text/csv",
    "label": "fraud",
    "label_values_or_threshold": [0],
    "facet": [{"name_or_index": "age", "value_or_threshold": [1]}],
    "methods": {"pre_training_bias": {"methods": "all"}},
}
MODEL = {"model_name": "m", "instance_type": "ml.m5.large", "initial_instance_count": 1}


def test_a_configuration_is_read():
    config = parse(json.dumps(BIAS))
    assert len(config.pre_training) == 8
    assert (config.post_training, config.shap, config.needs_model, config.threshold) == (None, None, False, 0.5)
    assert config.report == {"name": "report", "title": "SageMaker Analysis Report"}


def test_metrics_are_chosen_by_name():
    methods = {"post_training_bias": {"methods": ["DI", "DCAcc"]}}
    config = parse(json.dumps({**BIAS, "methods": methods, "predictor": MODEL}))
    assert [metric.name for metric in config.post_training] == ["DCA", "DI"]
    assert config.needs_model
    assert not parse(json.dumps({**BIAS, "methods": methods, "predicted_label": "p"})).needs_model


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset_type": None}, "dataset_type should be str"),
        ({"dataset_type": "application/x-parquet"}, "dataset_type 'application/x-parquet' is none of text/csv"),
        ({"version": "2.0"}, "version '2.0'"),
        ({"labels": "x"}, "Wrong key: labels"),
        ({"headers": "a,b"}, "headers should be an array"),
        ({"headers": [1]}, r"headers\[\] should be str"),
        ({"label": True}, "label should be str or int"),
        ({"label_values_or_threshold": 0}, "label_values_or_threshold should be an array"),
        ({"facet": {"name_or_index": "age"}}, "facet should be an array"),
        ({"facet": [{"value_or_threshold": [1]}]}, r"Missing key: facet\[\].name_or_index"),
        ({"facet": []}, "facet is required"),
        ({"methods": {}}, "methods names no analysis"),
        ({"methods": {"bias": {}}}, "Wrong key: methods.bias"),
        ({"methods": {"pre_training_bias": {}}}, 'methods.pre_training_bias.methods should be "all"'),
        (
            {"methods": {"pre_training_bias": {"methods": ["DI"]}}},
            "pre_training_bias.methods has DI; there are CDDL, CI",
        ),
        ({"methods": {"post_training_bias": {"methods": "all"}}}, "predictor is required"),
        ({"methods": {"shap": {}}, "predictor": {"model_name": "m"}}, "predictor.instance_type is required"),
        ({"methods": {"shap": {"agg_method": "mean"}}, "predictor": MODEL}, "methods.shap.agg_method 'mean'"),
        ({"methods": {"shap": {"num_clusters": 0}}, "predictor": MODEL}, "methods.shap.num_clusters"),
        (
            {"methods": {"shap": {"text_config": {}}}, "predictor": MODEL},
            "does not support methods.shap.text_config yet",
        ),
        ({"methods": {"pdp": {"grid_resolution": 5}}, "predictor": MODEL}, "methods.pdp.features is required"),
        ({"facet_dataset_uri": "s3://x"}, "does not support facet_dataset_uri yet"),
        ({"predictor": {**MODEL, "accelerator_type": "ml.eia2.large"}}, "does not support predictor.accelerator_type"),
        ({"predicted_label_headers": ["a"]}, "predicted_label_headers needs predicted_label_dataset_uri"),
    ],
)
def test_what_is_wrong_is_named(change, message):
    with pytest.raises(ConfigError, match=message):
        parse(json.dumps({**BIAS, **change}))


@pytest.mark.parametrize("member", ["label", "label_values_or_threshold", "facet", "dataset_type", "methods"])
def test_what_is_missing_is_named(member):
    with pytest.raises(ConfigError, match=member):
        parse(json.dumps({key: value for key, value in BIAS.items() if key != member}))


@pytest.mark.parametrize("text", ["", "[1]", "{'label': 1}"])
def test_what_is_no_json_object_is_refused(text):
    with pytest.raises(ConfigError, match=r"Unable to load analysis configuration as JSON\."):
        parse(text)
