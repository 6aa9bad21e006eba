"""report.html: the numbers of analysis.json as tables."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable
from typing import Any

_STYLE = "body{font-family:sans-serif;max-width:60em;margin:2em auto}td,th{padding:.2em .8em;text-align:left}"
_SECTIONS = {
    "pre_training_bias_metrics": "Pre-training bias metrics",
    "post_training_bias_metrics": "Post-training bias metrics",
}


def page(title: str, config: dict[str, Any], result: dict[str, Any]) -> str:
    """The report as an HTML document."""
    parts = [f"<h1>{_text(title)}</h1>"]
    for key, heading in _SECTIONS.items():
        if section := result.get(key):
            parts.append(f"<h2>{heading}</h2>")
            parts.append(f"<p>Favourable: {_text(section['label'])} = {_text(section['label_value_or_threshold'])}</p>")
            for facet, groups in section["facets"].items():
                for group in groups:
                    parts.append(f"<h3>Facet {_text(facet)} = {_text(group['value_or_threshold'])}</h3>")
                    rows = ((m["description"], m.get("error") or _number(m["value"])) for m in group["metrics"])
                    parts.append(_table(("Metric", "Value"), rows))
    for label, values in result.get("explanations", {}).get("kernel_shap", {}).items():
        parts.append(f"<h2>Global SHAP values of {_text(label)}</h2>")
        parts.append(f"<p>Expected value: {_number(values['expected_value'])}</p>")
        ordered = sorted(values["global_shap_values"].items(), key=lambda item: -abs(item[1]))
        parts.append(_table(("Feature", "SHAP value"), ((name, _number(value)) for name, value in ordered)))
    for plot in result.get("explanations", {}).get("pdp", []):
        parts.append(f"<h2>Partial dependence on {_text(plot['feature_name'])}</h2>")
        points = zip(plot["feature_values"], *plot["model_predictions"], strict=True)
        head = ("Value", *(f"Prediction {n}" for n in range(len(plot["model_predictions"]))))
        parts.append(_table(head, ([_number(cell) for cell in point] for point in points)))
    parts.append(f"<h2>Analysis configuration</h2><pre>{_text(json.dumps(config, indent=4))}</pre>")
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = ["".join(f"<th>{_text(cell)}</th>" for cell in head)]
    lines += ["".join(f"<td>{_text(cell)}</td>" for cell in row) for row in rows]
    return "<table>" + "".join(f"<tr>{line}</tr>\n" for line in lines) + "</table>"


def _number(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _text(value: Any) -> str:
    return html.escape(str(value))
