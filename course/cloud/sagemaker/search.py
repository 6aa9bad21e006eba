"""Search: resources by what is known of them: properties, tags, hyperparameters, metrics."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ..errors import NotSupported, ValidationFailed
from ..operations import Call, operation
from ..protocol import service_model
from ..store import Resource, page
from .lineage_graph import TRIAL_COMPONENT
from .model_card import CARD
from .model_package_group import GROUP, MODEL_PACKAGE
from .resources import SERVICE, TRAINING_JOB

# Resource → the member of a SearchRecord, and the kind that it shows.
_RECORDS = {
    "TrainingJob": ("TrainingJob", TRAINING_JOB),
    "ModelPackage": ("ModelPackage", MODEL_PACKAGE),
    "ModelPackageGroup": ("ModelPackageGroup", GROUP),
    "ModelCard": ("ModelCard", CARD),
    "ExperimentTrialComponent": ("TrialComponent", TRIAL_COMPONENT),
}
_MANY_CONTAINS = ("DisplayName", "TrialComponentName", "Tags", "InputArtifacts", "OutputArtifacts")
_MOST = 20

Record = dict[str, Any]


@operation(
    SERVICE,
    "Search",
    uses=("Resource", "SearchExpression", "SortBy", "SortOrder", "MaxResults", "NextToken"),
)
async def search(call: Call) -> dict[str, Any]:
    """Records for which an expression of filters is true, the last modified first."""
    p = call.parameters
    if p["Resource"] not in _RECORDS:
        raise NotSupported(f"This cloud does not search {p['Resource']} yet; it does: {', '.join(_RECORDS)}.")
    member, kind = _RECORDS[p["Resource"]]
    known = service_model(SERVICE).shape_for("SearchRecord").members[member].members
    expression = p.get("SearchExpression")
    if expression is not None:
        _check(expression, set(known))
    records = [_record(resource) for resource in call.world.store.all(kind)]
    found = [record for record in records if expression is None or _holds(expression, record)]
    by = p.get("SortBy", "LastModifiedTime").split(".")
    having = [record for record in found if _value(record, by) is not None]
    having.sort(key=lambda record: _order(_value(record, by)), reverse=p.get("SortOrder") != "Ascending")
    ordered = having + [record for record in found if _value(record, by) is None]
    chunk, token = page(ordered, p.get("MaxResults", 10), p.get("NextToken"))
    return {
        "Results": [{member: record} for record in chunk],
        "NextToken": token,
        "TotalHits": {"Value": len(found), "Relation": "EqualTo"},
    }


def _order(value: Any) -> Any:
    return value if isinstance(value, (str, int, float, datetime)) else str(value)


def _record(resource: Resource) -> Record:
    tags = [{"Key": key, "Value": value} for key, value in resource.tags.items()]
    return {**resource.description(), "Tags": tags}


def _filters(expression: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Every filter of an expression and of those inside it; nested ones with their whole path."""
    yield from expression.get("Filters", [])
    for nested in expression.get("NestedFilters", []):
        for given in nested["Filters"]:
            yield {**given, "Name": f"{nested['NestedPropertyName']}.{given['Name']}"}
    for inner in expression.get("SubExpressions", []):
        yield from _filters(inner)


def _check(expression: dict[str, Any], known: set[str]) -> None:
    parts = [expression.get(member, []) for member in ("Filters", "NestedFilters", "SubExpressions")]
    if not any(parts):
        raise ValidationFailed("You must specify at least one subexpression, filter, or nested filter.")
    if sum(map(len, parts)) > _MOST:
        raise ValidationFailed(f"A SearchExpression can contain up to {_MOST} elements.")
    filters = list(_filters(expression))
    for given in filters:
        if given["Name"].split(".")[0] not in known | {"Tags", "Metrics"}:
            raise ValidationFailed(f"Unknown property name: {given['Name']}. Property names are case-sensitive.")
    contains = [g for g in filters if g.get("Operator") == "Contains" and g["Name"].split(".")[0] not in _MANY_CONTAINS]
    if len(contains) > 1:
        raise ValidationFailed("'CONTAINS' operator usage limit of 1 exceeded.")


def _holds(expression: dict[str, Any], record: Record) -> bool:
    truths = [_true(given, record) for given in expression.get("Filters", [])]
    for nested in expression.get("NestedFilters", []):
        objects = _value(record, nested["NestedPropertyName"].split("."))
        objects = objects if isinstance(objects, list) else [objects]
        truths.append(any(all(_true(given, item) for given in nested["Filters"]) for item in objects if item))
    truths += [_holds(inner, record) for inner in expression.get("SubExpressions", [])]
    return any(truths) if expression.get("Operator") == "Or" else all(truths)


def _value(record: Record, path: list[str]) -> Any:
    """What a record says of a property; None if nothing."""
    if path[0] == "Tags" and len(path) > 1:
        return next((tag["Value"] for tag in record["Tags"] if tag["Key"] == ".".join(path[1:])), None)
    if path[0] == "Metrics" and len(path) > 1:
        metrics = [*record.get("FinalMetricDataList", []), *record.get("Metrics", [])]
        named = [metric for metric in metrics if metric["MetricName"] == ".".join(path[1:])]
        return named[0].get("Value", named[0].get("Last")) if named else None
    found: Any = record
    for at, step in enumerate(path):
        if isinstance(found, list):  # several objects: the filter looks at all of them
            return [_value(item, path[at:]) for item in found if isinstance(item, dict)]
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return found


def _true(given: dict[str, str], record: Record) -> bool:
    found, wanted = _value(record, given["Name"].split(".")), given.get("Value", "")
    operator = given.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        return (found not in (None, [], {})) == (operator == "Exists")
    values = [value for value in (found if isinstance(found, list) else [found]) if value is not None]
    if operator == "NotEquals":
        return not any(_compare("Equals", value, wanted) for value in values)
    return any(_compare(operator, value, wanted) for value in values)


def _compare(operator: str, value: Any, wanted: str) -> bool:
    if isinstance(value, (dict, list)):
        return operator == "Contains" and wanted in str(value)
    if operator == "Contains":
        return wanted in str(value)
    if operator == "In":
        return str(value) in [item.strip() for item in wanted.split(",")]
    left, right = _comparable(value, wanted)
    if operator == "Equals":
        return left == right
    if isinstance(left, str):
        raise ValidationFailed(f"The operator {operator} is not supported for text properties.")
    return {
        "GreaterThan": left > right,
        "GreaterThanOrEqualTo": left >= right,
        "LessThan": left < right,
        "LessThanOrEqualTo": left <= right,
    }[operator]


def _comparable(value: Any, wanted: str) -> tuple[Any, Any]:
    """Both sides as times, numbers or text, whichever the record's side is."""
    try:
        if isinstance(value, datetime):
            moment = datetime.fromisoformat(wanted)
            return value, moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(value, bool):
            return str(value).lower(), wanted.lower()
        return float(value), float(wanted)
    except ValueError:
        if isinstance(value, (int, float, datetime)):
            raise ValidationFailed(f"The value {wanted!r} does not fit the type of the property.") from None
        return str(value), wanted
