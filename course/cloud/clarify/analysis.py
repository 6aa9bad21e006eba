"""One analysis, from configuration and data to the files of the result.

Facts: developer guide, "Analysis Results" (analysis.json, explanations_shap/out.csv), and the examples in "Get Started
with a SageMaker Clarify Container". There is a report.html of our own; report.pdf and report.ipynb are not made.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from course.cloud.clarify import drift, predictor, report, shap
from course.cloud.clarify.analysis_config import AnalysisConfig, ConfigError, parse
from course.cloud.clarify.bias import Metric, Sample, measure
from course.cloud.clarify.dataset import Dataset, column, files_in, load, read_csv
from course.cloud.clarify.outcome import NoThreshold, Values, rules

_TOP, _GRID = 10, 15  # features and buckets of partial dependence plots unless the configuration says more


def run(
    config_file: Path,
    data: Path | None,
    output: Path,
    fetch: Callable[[str], list[bytes]],
    constraints: Path | None = None,
    model_name: str = "",
) -> None:
    """Analyse and write the result into `output`. Raises ConfigError.

    fetch: the objects under an S3 prefix. constraints: an earlier analysis.json; what is worse now goes into
    constraint_violations.json. model_name: the predictor's, where the configuration names none.
    """
    try:
        config = parse(config_file.read_text(encoding="utf-8"), model_name)
    except UnicodeDecodeError:
        raise ConfigError("Unable to load analysis configuration as JSON.") from None
    uri, predicted_uri = (config.fields.get(name) for name in ("dataset_uri", "predicted_label_dataset_uri"))
    if not uri and data is None:
        raise ConfigError("The processing job has no input named dataset, and the configuration no dataset_uri.")
    files = fetch(uri) if uri else files_in(data)
    found = analyse(config, load(config, files, fetch(predicted_uri) if predicted_uri else None), fetch)
    found.write(output)
    if constraints is not None:
        judged = {"version": "1.0", "violations": drift.violations(drift.read(constraints), found.result)}
        (output / "constraint_violations.json").write_text(json.dumps(judged, indent=4), encoding="utf-8")


@dataclass(frozen=True)
class Analysis:
    """What was found. predicted: the model's labels of the rows, where they were needed."""

    config: AnalysisConfig
    dataset: Dataset
    predicted: pd.Series | None
    result: dict[str, Any]
    explanation: shap.Explanation | None
    computed: bool  # the baseline of the explanation, from the data

    def write(self, output: Path) -> None:
        """analysis.json, the report and the SHAP values, into `output`."""
        _write(self.config, output, self.result, self.explanation, self.computed)


def analyse(config: AnalysisConfig, dataset: Dataset, fetch: Callable[[str], list[bytes]]) -> Analysis:
    """All that the configuration asks for. Raises ConfigError."""
    baseline = _baseline(config, dataset, fetch)
    for facet in config.facets:
        dataset.column(facet.name_or_index, "facet")
    result: dict[str, Any] = {"version": "1.0"}
    if config.pre_training is not None:
        result["pre_training_bias_metrics"] = bias(config, dataset, config.pre_training, None)
    with contextlib.ExitStack() as stack:
        model = (
            stack.enter_context(predictor.opened(config.predictor, config.threshold)) if config.needs_model else None
        )
        features = dataset.rows[dataset.features]
        labels = None
        if config.post_training is not None:
            labels = dataset.predicted if dataset.predicted is not None or model is None else model.labels(features)
            result["post_training_bias_metrics"] = bias(config, dataset, config.post_training, labels)
        explanation = None
        if config.shap is not None:
            headers = config.predictor.get("label_headers")
            explanation = shap.explain(features, model.scores, config.shap, headers, baseline)
            result.setdefault("explanations", {})["kernel_shap"] = explanation.overall()
        if config.pdp is not None:
            result.setdefault("explanations", {})["pdp"] = dependence(config, dataset, model.scores, explanation)
    return Analysis(config, dataset, labels, result, explanation, computed=baseline is None)


@dataclass(frozen=True)
class Group:
    """The rows of one facet's value, or above its threshold, against all others."""

    facet: str
    value: str
    sample: Sample


def bias(
    config: AnalysisConfig, dataset: Dataset, metrics: tuple[Metric, ...], predicted: pd.Series | None
) -> dict[str, Any]:
    """A section of bias metrics. Raises ConfigError."""
    facets: dict[str, list[dict[str, Any]]] = {}
    rule, found = groups(config, dataset, predicted)
    for group in found:
        entry = {"value_or_threshold": group.value, "metrics": [measure(metric, group.sample) for metric in metrics]}
        facets.setdefault(group.facet, []).append(entry)
    return {"label": dataset.label, "facets": facets, "label_value_or_threshold": rule}


def groups(config: AnalysisConfig, dataset: Dataset, predicted: pd.Series | None) -> tuple[str, list[Group]]:
    """Which labels count as favourable, and every group to measure bias for. Raises ConfigError."""
    labels, given = dataset.rows[dataset.label], config.fields["label_values_or_threshold"]
    try:
        [rule] = rules(labels, given)
        positive = rule.chosen(labels)
        if isinstance(rule, Values) and not positive.any():
            raise ConfigError(f"label_values_or_threshold: none of {given} occurs in the label {dataset.label}.")
        favourable = None
        if predicted is not None:
            favourable = rule.chosen(_like(predicted, labels))
            if not favourable.any():
                raise ConfigError(
                    "No Label values are present in the predicted Label Column, Positive Predicted Index Series "
                    "contains all False values: see label_values_or_threshold and probability_threshold."
                )
        group = config.fields.get("group_variable")
        if group is not None:
            group = dataset.rows[dataset.column(group, "group_variable")].to_numpy()
        found = []
        for facet in config.facets:
            name = dataset.column(facet.name_or_index, "facet")
            values = dataset.rows[name]
            features = dataset.rows[[feature for feature in dataset.features if feature != name]]
            for chosen in rules(values, facet.values):
                sample = Sample(chosen.chosen(values), positive, favourable, group, features)
                found.append(Group(name, str(chosen), sample))
    except NoThreshold as error:
        raise ConfigError(f"{error}: see label_values_or_threshold and facet.value_or_threshold.") from None
    return str(rule), found


def _like(predicted: pd.Series, labels: pd.Series) -> pd.Series:
    """Predicted labels as the type of the observed ones. Raises ConfigError."""
    try:
        return predicted.astype(labels.dtype)
    except (TypeError, ValueError):
        raise ConfigError(
            "Predicted Label Column series data type is not the same as Label Column series: "
            f"{predicted.iloc[0]!r} against {labels.iloc[0]!r}; see predicted_label and predictor.label."
        ) from None


def _baseline(config: AnalysisConfig, dataset: Dataset, fetch: Callable[[str], list[bytes]]) -> pd.DataFrame | None:
    """methods.shap.baseline as a table of features; None if there is none. Raises ConfigError."""
    given = (config.shap or {}).get("baseline")
    if given is None:
        return None
    if isinstance(given, str):
        return read_csv(fetch(given), dataset.features)
    if not isinstance(given, list) or not all(isinstance(row, list) for row in given) or not given:
        raise ConfigError("methods.shap.baseline should be an array of rows or an S3 URI.")
    if any(len(row) != len(dataset.features) for row in given):
        raise ConfigError(
            f"methods.shap.baseline needs {len(dataset.features)} values in each row: {', '.join(dataset.features)}."
        )
    return pd.DataFrame(given, columns=dataset.features)


def dependence(
    config: AnalysisConfig,
    dataset: Dataset,
    score: Callable[[pd.DataFrame], np.ndarray],
    explanation: shap.Explanation | None,
) -> list[dict[str, Any]]:
    """Partial dependence: the mean score when one feature has the same value in every row."""
    features = dataset.rows[dataset.features]
    names = [column(features, name, "methods.pdp.features") for name in config.pdp.get("features", [])]
    if not names:
        weights = np.abs(explanation.local).mean(axis=(0, 2))
        names = [dataset.features[n] for n in np.argsort(-weights)[: config.pdp.get("top_k_features", _TOP)]]
    found = []
    for name in names:
        numeric = pd.api.types.is_numeric_dtype(features[name])
        if numeric:
            values = np.linspace(features[name].min(), features[name].max(), config.pdp.get("grid_resolution", _GRID))
        else:
            values = features[name].dropna().unique()
        means = [score(features.assign(**{name: value})).mean(axis=0).tolist() for value in values]
        found.append(
            {
                "feature_name": name,
                "data_type": "numerical" if numeric else "categorical",
                "feature_values": values.tolist(),
                "model_predictions": [list(label) for label in zip(*means, strict=True)],
            }
        )
    return found


def _write(
    config: AnalysisConfig, output: Path, result: dict[str, Any], explanation: shap.Explanation | None, computed: bool
) -> None:
    output.mkdir(parents=True, exist_ok=True)
    (output / "analysis.json").write_text(json.dumps(result, indent=4), encoding="utf-8")
    page = report.page(config.report["title"], config.fields, result)
    (output / f"{Path(config.report['name']).name}.html").write_text(page, encoding="utf-8")
    if explanation is None:
        return
    folder = output / "explanations_shap"
    folder.mkdir(exist_ok=True)
    if config.shap.get("save_local_shap_values"):
        explanation.table().to_csv(folder / "out.csv", index=False)
    if computed:
        explanation.baseline.to_csv(folder / "baseline.csv", index=False, header=False)
