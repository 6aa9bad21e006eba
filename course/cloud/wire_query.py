"""AWS's query protocol, which the AWS CLI and older SDKs speak to CloudWatch: forms in, XML out."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from botocore.model import OperationModel, Shape

from .errors import SerializationFailed

_MOST_FIELDS = 100_000


def fields(body: bytes) -> dict[str, str]:
    """The form that a request's body holds."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise SerializationFailed("The request body is not a form.") from None


def load(shape: Shape, body: bytes) -> dict[str, Any]:
    """The document of a request, its numbers and truth values read as `shape` has them."""
    tree: dict[str, Any] = {}
    for path, text in fields(body).items():
        node, *rest = tree, *path.split(".")
        for step in rest[:-1]:
            node = node.setdefault(step, {})
            if not isinstance(node, dict):
                raise SerializationFailed(f"{path} is given twice.")
        if isinstance(node.get(rest[-1]), dict):
            raise SerializationFailed(f"{path} is given twice.")
        node[rest[-1]] = text
    return _value(shape, {name: value for name, value in tree.items() if name in shape.members}, "")


def _value(shape: Shape, node: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        known = node.items() if isinstance(node, dict) else ()
        return {name: _value(shape.members[name], each, name) for name, each in known if name in shape.members}
    if kind == "list":
        members = _numbered(node.get("member", {}) if isinstance(node, dict) else {}, path)
        return [_value(shape.member, each, path) for each in members]
    if kind == "map":
        entries = _numbered(node.get("entry", {}) if isinstance(node, dict) else {}, path)
        return {each.get("key", ""): _value(shape.value, each.get("value", ""), path) for each in entries}
    if not isinstance(node, str):
        raise SerializationFailed(f"{path} is not a {kind}.")
    try:
        if kind in ("integer", "long"):
            return int(node)
        if kind in ("float", "double"):
            return float(node)
    except ValueError:
        raise SerializationFailed(f"{node!r} can not be converted to {kind} at {path}.") from None
    return node.lower() == "true" if kind == "boolean" else node


def _numbered(node: Any, path: str) -> list[Any]:
    if not isinstance(node, dict) or not all(key.isdecimal() for key in node):
        raise SerializationFailed(f"{path} is not a list.")
    return [node[key] for key in sorted(node, key=int)]


def dump(model: OperationModel, result: dict[str, Any], request_id: str) -> bytes:
    """The body of an answer, only what the operation's output shape declares."""
    shape, name = model.output_shape, model.name
    inner = ""
    if shape is not None:
        wrapper = shape.serialization.get("resultWrapper", f"{name}Result")
        inner = f"<{wrapper}>{_members(shape, result)}</{wrapper}>"
    space = model.service_model.metadata.get("xmlNamespace", "")
    metadata = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{space}">{inner}{metadata}</{name}Response>'.encode()


def dump_error(space: str, code: str, message: str, request_id: str, status: int) -> bytes:
    side = "Sender" if status < 500 else "Receiver"
    return (
        f'<ErrorResponse xmlns="{space}"><Error><Type>{side}</Type><Code>{escape(code)}</Code>'
        f"<Message>{escape(message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
    ).encode()


def _members(shape: Shape, value: dict[str, Any]) -> str:
    return "".join(
        f"<{name}>{_xml(shape.members[name], member)}</{name}>"
        for name, member in value.items()
        if member is not None and name in shape.members
    )


def _xml(shape: Shape, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        return _members(shape, value)
    if kind == "list":
        return "".join(f"<member>{_xml(shape.member, each)}</member>" for each in value)
    if kind == "map":
        return "".join(
            f"<entry><key>{escape(key)}</key><value>{_xml(shape.value, each)}</value></entry>"
            for key, each in value.items()
        )
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "timestamp":
        moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return escape(str(value))
