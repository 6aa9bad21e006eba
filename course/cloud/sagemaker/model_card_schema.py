"""What the content of a model card may be: AWS's sections, members and lengths.

Sources: https://docs.aws.amazon.com/sagemaker/latest/dg/model-cards.html#model-cards-json-schema and, for the card
inside a model package, https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-details.html#model-card-schema.
"""

import json
from functools import cache
from typing import Any

from ..errors import ValidationFailed

Schema = dict[str, Any]


def _text(longest: int | None = None) -> Schema:
    return {"type": "string"} if longest is None else {"type": "string", "maxLength": longest}


def _named(longest: int) -> Schema:
    return {"type": "string", "pattern": f".{{1,{longest}}}"}


def _list(item: Schema, most: int | None = None, least: int | None = None) -> Schema:
    limits = {"maxItems": most, "minItems": least}
    return {"type": "array", "items": item, **{k: v for k, v in limits.items() if v is not None}}


def _section(required: tuple[str, ...] = (), **members: Schema) -> Schema:
    return {"type": "object", "properties": members, "required": list(required), "additionalProperties": False}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _metric(kinds: tuple[str, ...], value: Schema, x: Schema, y: Schema) -> Schema:
    return _section(
        ("name", "type", "value"),
        name=_named(255),
        notes=_text(1024),
        type=_one_of(*kinds),
        value=value,
        x_axis_name=x,
        y_axis_name=y,
    )


_NUMBER: Schema = {"type": "number"}
_LOCATIONS = _list(_text(1024), 15)
_AXIS, _AXES = _text(63), _list(_text(63))
_METRICS: Schema = {
    "anyOf": [
        _metric(("number", "string", "boolean"), {"anyOf": [_NUMBER, _text(63), {"type": "boolean"}]}, _AXIS, _AXIS),
        _metric(("linear_graph",), _list(_list(_NUMBER, 2, 2), least=1), _AXIS, _AXIS),
        _metric(("bar_chart",), _list(_NUMBER, least=1), _AXES, _AXIS),
        _metric(("matrix",), _list(_list(_NUMBER, 20, 1), 20, 1), _AXES, _AXES),
    ]
}
_TRAINING_METRICS = _list(_section(("name", "value"), name=_named(255), notes=_text(1024), value=_NUMBER), 50)
_HYPER_PARAMETERS = _list(_section(("name",), name=_named(255), value=_text(255)), 100)

_INLINE_OVERVIEW = {"model_creator": _text(1024), "model_artifact": _LOCATIONS}
_OVERVIEW = {
    **_INLINE_OVERVIEW,
    "model_description": _text(1024),
    "model_owner": _text(1024),
    "problem_type": _text(),
    "algorithm_type": _text(1024),
    "model_id": _text(1024),
    "model_name": _text(1024),
    "model_version": {"type": "number", "minimum": 1},
    "inference_environment": _section(container_image=_LOCATIONS),
}
_SECTIONS = {
    "intended_uses": _section(
        purpose_of_model=_text(2048),
        intended_uses=_text(2048),
        factors_affecting_model_efficiency=_text(2048),
        risk_rating=_one_of("High", "Medium", "Low", "Unknown"),
        explanations_for_risk_rating=_text(2048),
    ),
    "business_details": _section(
        business_problem=_text(2048), business_stakeholders=_text(2048), line_of_business=_text(2048)
    ),
    "training_details": _section(
        objective_function=_section(
            function=_section(function=_one_of("Maximize", "Minimize"), facet=_text(63), condition=_text(63)),
            notes=_text(1024),
        ),
        training_observations=_text(1024),
        training_job_details=_section(
            training_arn=_text(1024),
            training_datasets=_LOCATIONS,
            training_environment=_section(container_image=_LOCATIONS),
            training_metrics=_TRAINING_METRICS,
            user_provided_training_metrics=_TRAINING_METRICS,
            hyper_parameters=_HYPER_PARAMETERS,
            user_provided_hyper_parameters=_HYPER_PARAMETERS,
        ),
    ),
    "evaluation_details": _list(
        _section(
            ("name",),
            name=_named(63),
            evaluation_observation=_text(2096),
            evaluation_job_arn=_text(256),
            datasets=_list(_text(1024), 10),
            metadata={"type": "object", "additionalProperties": _text(1024)},
            metric_groups=_list(
                {
                    "type": "object",
                    "required": ["name", "metric_data"],
                    "properties": {"name": _named(63), "metric_data": _list(_METRICS)},
                }
            ),
        )
    ),
    "additional_information": _section(
        ethical_considerations=_text(2048),
        caveats_and_recommendations=_text(2048),
        custom_details={"type": "object", "additionalProperties": _text(1024)},
    ),
}
_PACKAGE_DETAILS = _section(
    model_package_description=_text(1024),
    model_package_arn=_text(1024),
    created_by=_section(user_profile_name=_text(63)),
    model_package_status=_text(),
    model_approval_status=_one_of("Approved", "Rejected", "PendingManualApproval"),
    approval_description=_text(1024),
    model_package_group_name=_text(63),
    model_package_name=_text(63),
    model_package_version={"type": "number", "minimum": 1},
    domain=_text(),
    task=_text(),
    source_algorithms=_list(_section(("algorithm_name",), algorithm_name=_text(170), model_data_url=_text(1024)), 1, 1),
    inference_specification=_section(
        ("containers",),
        containers=_list(
            _section(("image",), image=_text(255), model_data_url=_text(1024), nearest_model_name=_text()), 15, 1
        ),
    ),
)


_METADATA = {
    "model_overview": ("model_id", "model_name"),
    "intended_uses": ("risk_rating",),
    "model_package_details": ("model_package_group_name", "model_package_arn"),
}


def metadata_only(content: str) -> str:
    """What Describe leaves of a card's content for IncludedData=MetadataOnly."""
    card = json.loads(content)
    kept = {
        section: {member: card[section][member] for member in members if member in card.get(section, {})}
        for section, members in _METADATA.items()
    }
    return json.dumps({section: members for section, members in kept.items() if members})


def schema(*, inline: bool) -> Schema:
    """JSON schema (draft 7) of a card's content; `inline` is the simpler one of a card inside a model package."""
    if inline:
        return _section(model_overview=_section(**_INLINE_OVERVIEW), **_SECTIONS)
    return _section(model_overview=_section(**_OVERVIEW), model_package_details=_PACKAGE_DETAILS, **_SECTIONS)


@cache
def _validator(inline: bool) -> Any:
    from jsonschema import Draft7Validator  # not needed before the first card

    return Draft7Validator(schema(inline=inline))


def check_card(content: str, *, inline: bool = False) -> dict[str, Any]:
    """A card's content as an object. Raises ValidationFailed that names the first member at fault."""
    try:
        card = json.loads(content)
    except ValueError as error:
        raise ValidationFailed(f"Model card content is not valid JSON: {error}") from None
    faults = sorted(_validator(inline).iter_errors(card), key=lambda fault: [str(step) for step in fault.path])
    if faults:
        where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in faults[0].path)
        said = faults[0].message  # opens with the value, which may be long
        said = said if len(said) <= 400 else f"{said[:200]}...{said[-200:]}"
        raise ValidationFailed(f"Model card content does not follow the model card JSON schema at ${where}: {said}")
    return card
