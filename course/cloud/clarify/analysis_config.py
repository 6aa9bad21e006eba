"""analysis_config.json: what a Clarify job shall compute.

Fields and defaults: developer guide, "Configure the Analysis"; types as in the schema of the SageMaker Python SDK
(sagemaker/clarify.py, ANALYSIS_CONFIG_SCHEMA_V1_0). Fields that Clarify knows and this image does not are refused by
name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from course.cloud.clarify.bias import POST_TRAINING, PRE_TRAINING, Metric

INVALID = "Analysis configuration schema validation error."
_NAME = (str, int)
_NUMBER = (int, float)
_LABELS = (str, int, float)

# Each field's type, [type] for an array, {…} for an object.
SCHEMA: dict[str, Any] = {
    "version": str,
    "dataset_type": str,
    "dataset_uri": str,
    "headers": [str],
    "label": _NAME,
    "predicted_label": _NAME,
    "predicted_label_dataset_uri": str,
    "predicted_label_headers": [str],
    "label_values_or_threshold": [_LABELS],
    "probability_threshold": _NUMBER,
    "facet": [{"name_or_index": _NAME, "value_or_threshold": [_LABELS]}],
    "group_variable": _NAME,
    "joinsource_name_or_index": _NAME,
    "excluded_columns": [_NAME],
    "methods": {
        "pre_training_bias": {"methods": object},
        "post_training_bias": {"methods": object},
        "shap": {
            "baseline": object,
            "num_clusters": int,
            "num_samples": int,
            "agg_method": str,
            "use_logit": bool,
            "save_local_shap_values": bool,
            "seed": int,
        },
        "pdp": {"features": [_NAME], "grid_resolution": int, "top_k_features": int},
        "report": {"name": str, "title": str},
    },
    "predictor": {
        "model_name": str,
        "endpoint_name": str,
        "endpoint_name_prefix": str,
        "instance_type": str,
        "initial_instance_count": int,
        "target_model": str,
        "custom_attributes": str,
        "content_type": str,
        "accept_type": str,
        "label": _NAME,
        "probability": _NAME,
        "label_headers": [_NAME],
    },
}
NOT_HERE = {
    "features",
    "facet_dataset_uri",
    "facet_headers",
    "segment_config",
    "time_series_data_config",
    "methods.asymmetric_shapley_value",
    "methods.shap.text_config",
    "methods.shap.image_config",
    "methods.shap.features_to_explain",
    "predictor.accelerator_type",
    "predictor.content_template",
    "predictor.record_template",
    "predictor.time_series_predictor_config",
}
"""Fields that Clarify has and this image has not."""
CHOICES = {
    "version": ("1.0",),
    "dataset_type": ("text/csv",),
    "methods.shap.agg_method": ("mean_abs", "median", "mean_sq"),
    "predictor.content_type": ("text/csv",),
    "predictor.accept_type": ("text/csv", "application/jsonlines", "application/json"),
}
"""What this image takes where a field names one of several things."""
_SYNONYMS = {"DCAcc": "DCA"}


class ConfigError(ValueError):
    """The configuration, or the data it speaks of, cannot be used; the text names the field."""


@dataclass(frozen=True)
class Facet:
    """A column and the values (or the threshold) that make facet d, the disadvantaged group; other rows are facet a.

    The guide's page on the configuration calls it the group that bias favours; AWS's library treats it as the
    disadvantaged one (smclarify/bias/report.py, sensitive_facet_index), and so it is here.
    """

    name_or_index: str | int
    values: list[Any]


@dataclass(frozen=True)
class AnalysisConfig:
    """The configuration, checked. pre_training and post_training: the metrics asked for, None if the method is not."""

    fields: dict[str, Any]
    facets: list[Facet]
    pre_training: tuple[Metric, ...] | None
    post_training: tuple[Metric, ...] | None
    shap: dict[str, Any] | None
    pdp: dict[str, Any] | None
    predictor: dict[str, Any] = field(default_factory=dict)

    @property
    def threshold(self) -> float:
        """Scores above it are label 1."""
        return self.fields.get("probability_threshold", 0.5)

    @property
    def report(self) -> dict[str, str]:
        return {"name": "report", "title": "SageMaker Analysis Report", **self.fields["methods"].get("report", {})}

    @property
    def needs_model(self) -> bool:
        """Whether predictions must come from a model."""
        given = "predicted_label" in self.fields or "predicted_label_dataset_uri" in self.fields
        return self.shap is not None or self.pdp is not None or (self.post_training is not None and not given)


def parse(text: str, model: str = "") -> AnalysisConfig:
    """Read and check an analysis_config.json. model: predictor.model_name where it has none. Raises ConfigError."""
    try:
        fields = json.loads(text)
    except ValueError:
        fields = None
    if not isinstance(fields, dict):
        raise ConfigError("Unable to load analysis configuration as JSON.")
    _check(fields, SCHEMA, "")
    for member in ("dataset_type", "methods"):
        if member not in fields:
            raise ConfigError(f"{INVALID} Missing key: {member}")
    if model and "predictor" in fields:
        fields["predictor"].setdefault("model_name", model)
    methods = fields["methods"]
    if not methods:
        raise ConfigError(f"{INVALID} methods names no analysis")
    config = AnalysisConfig(
        fields=fields,
        facets=[_facet(facet) for facet in fields.get("facet", [])],
        pre_training=_metrics(methods, "pre_training_bias", PRE_TRAINING),
        post_training=_metrics(methods, "post_training_bias", POST_TRAINING),
        shap=methods.get("shap"),
        pdp=methods.get("pdp"),
        predictor=fields.get("predictor", {}),
    )
    _check_together(config)
    return config


def _check(value: Any, schema: Any, path: str) -> None:
    """Raise ConfigError unless `value` has the types of `schema`."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            raise ConfigError(f"{INVALID} {path or 'The configuration'} should be an object")
        for name, inner in value.items():
            below = f"{path}.{name}" if path else name
            if below.replace("[]", "") in NOT_HERE:
                raise ConfigError(f"This Clarify image does not support {below} yet.")
            if name not in schema:
                raise ConfigError(f"{INVALID} Wrong key: {below}")
            _check(inner, schema[name], below)
    elif isinstance(schema, list):
        if not isinstance(value, list):
            raise ConfigError(f"{INVALID} {path} should be an array")
        for item in value:
            _check(item, schema[0], f"{path}[]")
    elif schema is not object:
        kinds = schema if isinstance(schema, tuple) else (schema,)
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            words = " or ".join(kind.__name__ for kind in kinds)
            raise ConfigError(f"{INVALID} {path} should be {words}, not {json.dumps(value)}")
    if path in CHOICES and value not in CHOICES[path]:
        raise ConfigError(f"{INVALID} {path} {value!r} is none of {', '.join(CHOICES[path])}")


def _facet(facet: dict[str, Any]) -> Facet:
    if "name_or_index" not in facet:
        raise ConfigError(f"{INVALID} Missing key: facet[].name_or_index")
    return Facet(facet["name_or_index"], facet.get("value_or_threshold", []))


def _metrics(methods: dict[str, Any], name: str, known: tuple[Metric, ...]) -> tuple[Metric, ...] | None:
    if name not in methods:
        return None
    asked = methods[name].get("methods")
    if asked == "all":
        return known
    if not isinstance(asked, list) or not asked:
        raise ConfigError(f'{INVALID} methods.{name}.methods should be "all" or an array of metrics')
    asked = [_SYNONYMS.get(metric, metric) for metric in asked]
    if unknown := [metric for metric in asked if metric not in [metric.name for metric in known]]:
        raise ConfigError(
            f"Invalid metric_name: methods.{name}.methods has {', '.join(map(str, unknown))}; there are "
            f"{', '.join(metric.name for metric in known)}."
        )
    return tuple(metric for metric in known if metric.name in asked)


def _check_together(config: AnalysisConfig) -> None:
    fields, predictor = config.fields, config.predictor
    if config.pre_training is not None or config.post_training is not None:
        for member in ("label", "label_values_or_threshold", "facet"):
            if fields.get(member) in (None, []):
                raise ConfigError(f"{member} is required for bias analysis.")
    if "predicted_label_headers" in fields and "predicted_label_dataset_uri" not in fields:
        raise ConfigError("predicted_label_headers needs predicted_label_dataset_uri.")
    if config.needs_model:
        if not predictor:
            raise ConfigError("predictor is required: the analysis needs predictions from a model.")
        if not predictor.get("endpoint_name"):
            for member in ("model_name", "instance_type", "initial_instance_count"):
                if not predictor.get(member):
                    raise ConfigError(f"predictor.{member} is required unless predictor.endpoint_name is given.")
        if len(predictor.get("endpoint_name_prefix", "")) > 23:
            raise ConfigError("predictor.endpoint_name_prefix may have at most 23 characters.")
    if config.pdp is not None and not config.pdp.get("features") and config.shap is None:
        raise ConfigError("methods.pdp.features is required when methods.shap is not requested.")
    for member in ("num_clusters", "num_samples"):
        if config.shap and config.shap.get(member, 1) < 1:
            raise ConfigError(f"methods.shap.{member} must be at least 1.")
