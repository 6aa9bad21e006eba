"""Smithy RPC v2 over CBOR, which boto3 speaks to CloudWatch: bodies of requests and answers."""

from datetime import datetime
from typing import Any

import cbor2
from botocore.model import Shape

from .errors import SerializationFailed


def load(body: bytes) -> dict[str, Any]:
    """The document of a request; an empty body asks for nothing."""
    if not body:
        return {}
    try:
        document = cbor2.loads(body)
    except (cbor2.CBORDecodeError, ValueError, OverflowError, RecursionError, MemoryError, EOFError):
        raise SerializationFailed("The request body is not CBOR.") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise SerializationFailed("The request body is not a CBOR map.")
    return document


def dump(shape: Shape | None, value: dict[str, Any]) -> bytes:
    """The body of an answer, only what `shape` declares."""
    return cbor2.dumps(_plain(shape, value) if shape else {})


def _plain(shape: Shape, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return {
            name: _plain(shape.members[name], member)
            for name, member in value.items()
            if member is not None and name in shape.members
        }
    if kind == "list":
        return list(value) if shape.member.type_name == "double" else [_plain(shape.member, each) for each in value]
    if kind == "map":
        return {key: _plain(shape.value, each) for key, each in value.items()}
    if kind == "timestamp":
        return cbor2.CBORTag(1, value.timestamp() if isinstance(value, datetime) else value)
    return value
