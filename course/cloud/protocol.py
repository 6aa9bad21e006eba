"""The wire, driven by botocore's service models: nobody types a shape again.

`decode` turns a request into an operation and its parameters; `encode` turns a result into an answer, filtered by
the operation's output shape (strict SDKs refuse members that the shape does not declare). Protocols: json (1.0, 1.1),
rest-json and, for services that speak several, what the caller chose: CBOR (wire_cbor.py) or query (wire_query.py).
"""

import base64
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote

import cbor2
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from . import wire_cbor, wire_query
from .errors import CloudError, SerializationFailed, UnknownOperation


@dataclass(slots=True)
class Request:
    """One HTTP request. `headers` has lower-case names; `caller` is the job it came from, if it came from one.

    guest: whether it came in where the account's root is unknown.
    """

    method: str
    path: str  # as sent: percent-encoded
    query: str
    headers: dict[str, str]
    body: bytes
    caller: Any = None
    guest: bool = False


@dataclass(slots=True)
class Response:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@cache
def service_model(service: str) -> ServiceModel:
    """botocore's model of `service`, e.g. "sagemaker"."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


@cache
def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


def load(service: str) -> None:
    """Read a model now rather than at the first request."""
    if "rest" in service_model(service).metadata["protocol"] and service != "s3":
        _routes(service)


@cache
def _target_prefix(service: str) -> str:
    return service_model(service).metadata.get("targetPrefix", "")


@cache
def _routes(service: str) -> list[tuple[str, re.Pattern[str], str]]:
    """(method, pattern of the path, operation) of a REST service, the most literal path first."""
    routes = []
    for name in service_model(service).operation_names:
        http = operation_model(service, name).http
        path = http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", re.sub(r"\{(\w+)\+\}", r"(?P<\1>.+)", path))
        routes.append((http["method"], re.compile(pattern.rstrip("/") + "/?$"), name))
    return sorted(routes, key=lambda route: route[1].groups)


def wire_of(request: Request) -> str:
    """How a request is written, where its service speaks several protocols: cbor, query or json."""
    if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
        return "cbor"
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return "query" if is_form and "x-amz-target" not in request.headers else "json"


@cache
def _speaks_several(service: str) -> bool:
    return (
        len(service_model(service).metadata.get("protocols", ())) > 1
        and "query" in (service_model(service).metadata["protocols"])
    )


def _named_in(service: str, request: Request) -> str:
    """The operation that a request of CBOR or query names, "" if it is neither."""
    how = wire_of(request)
    if how == "query":
        return wire_query.fields(request.body).get("Action", "")
    prefix = f"/service/{_target_prefix(service)}/operation/"
    return request.path.removeprefix(prefix) if how == "cbor" and request.path.startswith(prefix) else ""


def identify(services: tuple[str, ...], request: Request) -> tuple[str, str] | None:
    """(service, operation) of a request signed for one of `services`, or None if no model knows it."""
    target = request.headers.get("x-amz-target", "")
    for service in services:
        if _speaks_several(service) and (named := _named_in(service, request)):
            return service, named
        if target:
            prefix, _, operation = target.rpartition(".")
            if prefix == _target_prefix(service):
                return service, operation
        elif "rest" in service_model(service).metadata["protocol"]:
            for method, pattern, operation in _routes(service):
                if method == request.method and pattern.match(request.path):
                    return service, operation
    return None


def decode(service: str, operation: str, request: Request) -> dict[str, Any]:
    """The operation's parameters, as boto3 users write them."""
    if operation not in service_model(service).operation_names:
        raise UnknownOperation(f"The operation {operation} is not part of {service}.")
    shape = operation_model(service, operation).input_shape
    if shape is None:
        return {}
    if "rest" in service_model(service).metadata["protocol"]:
        return _decode_rest(service, operation, shape, request)
    if _speaks_several(service) and (how := wire_of(request)) != "json":
        return _structure(
            shape, wire_cbor.load(request.body) if how == "cbor" else wire_query.load(shape, request.body), ""
        )
    return _structure(shape, _parse_json(request.body or b"{}"), "")


def _decode_rest(service: str, operation: str, shape: Shape, request: Request) -> dict[str, Any]:
    payload = shape.serialization.get("payload")
    pattern = next(p for _, p, name in _routes(service) if name == operation)
    uri = pattern.match(request.path).groupdict()
    query = parse_qs(request.query, keep_blank_values=True) if request.query else {}
    values: dict[str, Any] = {}
    document = None
    for name, member in shape.members.items():
        location, wire = member.serialization.get("location"), member.serialization.get("name", name)
        if location == "uri":
            values[name] = unquote(uri[wire])
        elif location == "header":
            if (value := request.headers.get(wire.lower())) is not None:
                values[name] = _scalar(member, value)
        elif location == "querystring":
            if wire in query:
                values[name] = (
                    [_scalar(member.member, v) for v in query[wire]]
                    if member.type_name == "list"
                    else _scalar(member, query[wire][0])
                )
        elif name == payload:
            values[name] = (
                request.body if member.type_name == "blob" else _value(member, _parse_json(request.body or b"{}"), name)
            )
        elif not payload and request.body:
            document = document if document is not None else _parse_json(request.body)
            if wire in document:
                values[name] = _value(member, document[wire], name)
    return values


def _parse_json(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise SerializationFailed("The request body is not JSON.") from None
    if not isinstance(document, dict):
        raise SerializationFailed("The request body is not a JSON object.")
    return document


def _structure(shape: Shape, document: Any, path: str) -> dict[str, Any]:
    if not isinstance(document, dict):
        raise SerializationFailed(f"Start of structure or map expected at {path or 'the top'}.")
    return {
        name: _value(shape.members[name], value, f"{path}.{name}" if path else name)
        for name, value in document.items()
        if name in shape.members and value is not None
    }


_WANTED = {"string": str, "boolean": bool, "integer": int, "long": int, "float": (int, float), "double": (int, float)}


def _value(shape: Shape, value: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        if not isinstance(value, list):
            raise SerializationFailed(f"Start of list expected at {path}.")
        return [_value(shape.member, v, f"{path}.{i + 1}.member") for i, v in enumerate(value)]
    if kind == "map":
        if not isinstance(value, dict):
            raise SerializationFailed(f"Start of structure or map expected at {path}.")
        return {k: _value(shape.value, v, f"{path}.{k}") for k, v in value.items()}
    if kind == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (ValueError, TypeError):
            raise SerializationFailed(f"{path} is not base64.") from None
    if kind == "timestamp":
        return _timestamp(value, path)
    wanted = _WANTED[kind]
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "boolean"):
        raise SerializationFailed(f"{type(value).__name__} can not be converted to {kind} at {path}.")
    return value


def _timestamp(value: Any, path: str) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        if "," in value:
            return parsedate_to_datetime(value)
        moment = datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise SerializationFailed(f"{path} is not a timestamp.") from None


def _scalar(shape: Shape, text: str) -> Any:
    """A value from a header or the query string."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
    except ValueError:
        raise SerializationFailed(f"{text!r} can not be converted to {kind}.") from None
    if kind == "boolean":
        return text.lower() == "true"
    if kind == "timestamp":
        return _timestamp(text, "the query string")
    return text


def encode(
    service: str, operation: str, result: dict[str, Any], request_id: str, request: Request | None = None
) -> Response:
    """The answer to a request that succeeded. `request`: where its service speaks several protocols."""
    model = operation_model(service, operation)
    shape = model.output_shape
    headers = {"x-amzn-RequestId": request_id}
    if request and _speaks_several(service) and (how := wire_of(request)) != "json":
        if how == "query":
            headers["Content-Type"] = "text/xml"
            return Response(200, headers, wire_query.dump(model, result, request_id))
        headers |= _CBOR
        return Response(200, headers, wire_cbor.dump(shape, result))
    status = model.http.get("responseCode", 200)
    if "rest" not in service_model(service).metadata["protocol"]:
        headers["Content-Type"] = f"application/x-amz-json-{service_model(service).metadata.get('jsonVersion', '1.1')}"
        return Response(status, headers, _dump(shape, result) if shape else b"")
    if shape is None:
        return Response(status, headers)
    payload = shape.serialization.get("payload")
    document = {}
    body = b""
    for name, member in shape.members.items():
        if (value := result.get(name)) is None:
            continue
        wire = member.serialization.get("name", name)
        if member.serialization.get("location") == "header":
            is_date = member.type_name == "timestamp"
            headers[wire] = formatdate(value.timestamp(), usegmt=True) if is_date else str(value)
        elif member.serialization.get("location") == "statusCode":
            status = value
        elif name == payload:
            body = value if member.type_name == "blob" else _dump(member, value)
        else:
            document[wire] = plain(member, value)
    if not payload:
        body = json.dumps(document).encode()
    headers.setdefault("Content-Type", "application/json")
    return Response(status, headers, body)


_CBOR = {"Content-Type": "application/cbor", "smithy-protocol": "rpc-v2-cbor"}


def encode_error(error: CloudError, request_id: str, service: str = "", request: Request | None = None) -> Response:
    """The answer to a request that was refused (every JSON service reads this form).

    `service` and `request`: where the service speaks several protocols.
    """
    headers = {"x-amzn-RequestId": request_id}
    document = {"__type": error.code, "message": error.message, "Message": error.message, **error.members}
    if service and request and _speaks_several(service):
        shape, code, status = _fault(service, error)
        if (how := wire_of(request)) == "query":
            space = service_model(service).metadata.get("xmlNamespace", "")
            headers["Content-Type"] = "text/xml"
            body = wire_query.dump_error(space, code, error.message, request_id, status)
            return Response(status, headers, body)
        headers["x-amzn-query-error"] = f"{code};{'Sender' if status < 500 else 'Receiver'}"
        document["__type"] = shape
        if how == "cbor":
            return Response(status, headers | _CBOR, cbor2.dumps(document))
    else:
        status = error.status
    headers |= {"x-amzn-ErrorType": document["__type"], "Content-Type": "application/x-amz-json-1.1"}
    return Response(status, headers, json.dumps(document).encode())


def _fault(service: str, error: CloudError) -> tuple[str, str, int]:
    """(shape, code, HTTP status) of an error, where the two names differ: ValidationException is ValidationError."""
    for shape in service_model(service).error_shapes:
        if error.code in (shape.name, shape.error_code):
            return shape.name, shape.error_code, shape.metadata.get("error", {}).get("httpStatusCode", error.status)
    if error.code in ("AccessDeniedException", "SerializationException"):
        return error.code, error.code.removesuffix("Exception"), 403 if "Access" in error.code else error.status
    return error.code, error.code, error.status


def _dump(shape: Shape, value: Any) -> bytes:
    return json.dumps(plain(shape, value)).encode()


def plain(shape: Shape, value: Any) -> Any:
    """`value` as JSON, only what `shape` declares."""
    kind = shape.type_name
    if kind == "structure":
        return {
            shape.members[name].serialization.get("name", name): plain(shape.members[name], member)
            for name, member in value.items()
            if member is not None and name in shape.members
        }
    if kind == "list":
        return [plain(shape.member, v) for v in value]
    if kind == "map":
        return {k: plain(shape.value, v) for k, v in value.items()}
    if kind == "timestamp":
        return value.timestamp() if isinstance(value, datetime) else value
    if kind == "blob":
        return base64.b64encode(value).decode()
    return value
