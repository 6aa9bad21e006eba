"""The cloud's front door: every request goes through `answer`, which reads as a table of contents."""

import uuid
import zlib
from typing import TYPE_CHECKING, Any

from . import (  # noqa: F401 - they enter operations
    autoscaling,
    client,
    cloudwatch,
    conditions,
    control,
    perform,
    protocol,
    sagemaker,
    trail,
    trail_settings,
)
from .base import Credential
from .errors import AccessDenied, AuthenticationFailed, CloudError, SerializationFailed, UnknownOperation
from .protocol import Request, Response
from .signature import authenticate

if TYPE_CHECKING:
    from .world import World

# Services that this cloud runs itself, by the name that their requests are signed for.
OURS: dict[str, tuple[str, ...]] = {
    "sagemaker": ("sagemaker", "sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics"),
    "cloudtrail": ("cloudtrail",),
    "application-autoscaling": ("application-autoscaling",),
    "monitoring": ("cloudwatch",),
}
# What the base does of a service that is otherwise ours.
_DASHBOARDS = ("PutDashboard", "GetDashboard", "ListDashboards", "DeleteDashboards")
_LEFT_TO_BASE = {("cloudwatch", name) for name in _DASHBOARDS}
_CHANGES_OF_RULES = ("events:PutRule", "events:EnableRule", "events:PutTargets")
_MAX_BODY = 512 << 20

for _service in (*(name for names in OURS.values() for name in names), "s3", "iam", "sts", "logs"):
    protocol.load(_service)  # before worlds are forked, so that they share the models


async def answer(world: "World", request: Request) -> Response:
    """Any request → its answer. Nothing that a caller sends makes this raise."""
    if request.path.startswith(control.PREFIX):
        return await control.answer(world, request)
    request_id = str(uuid.uuid4())
    ours = OURS.get(_signed_for(request))
    try:
        caller = authenticate(world.base, world.clock, request)
        if request.guest and caller.access_key == client.ROOT[0]:
            raise AuthenticationFailed("The security token included in the request is invalid.")
        if ours and request.headers.get("content-encoding") == "gzip":  # boto3 does that with many metrics
            request.body = _unpacked(request.body)
        service, name = _identify(ours, request) if ours else ("", "")
    except CloudError as error:
        if ours:
            return protocol.encode_error(error, request_id, ours[0], request)
        return world.base.refusal(request, error, request_id)
    if not ours or (service, name) in _LEFT_TO_BASE:
        return await _answer_by_base(world, request, caller, request_id)
    try:
        way = conditions.of_way(world, request)
        result = await perform.answer(world, service, name, caller, request, request_id, way)
    except CloudError as error:
        return protocol.encode_error(error, request_id, service, request)
    return protocol.encode(service, name, result, request_id, request)


async def _answer_by_base(world: "World", request: Request, caller: Credential, request_id: str) -> Response:
    if request.path.startswith(("/_ministack", "/_localstack", "/_aws")):
        return protocol.encode_error(UnknownOperation("There is nothing here.", status=404), request_id)
    action, resource = "", "*"
    try:
        service, action, resource = world.base.describe(request)
        way = conditions.of_way(world, request, to_s3=service == "s3")
        for role, receiver in conditions.passed_roles(action, request):
            world.access.pass_role(caller, role, receiver, way)
        response = await world.base.forward(request, caller, way)
        if response.status == 500:
            response = world.base.refusal(request, world.base.fault(request, request_id), request_id)
        if action in _CHANGES_OF_RULES:
            world.schedules.look()
    except AccessDenied as error:
        response = world.base.refusal(request, error, request_id)
    except Exception:
        fault = world.base.fault(request, request_id)
        if fault.status == 500:
            world.log.exception("request %s %s %s", request_id, request.method, request.path)
        response = world.base.refusal(request, fault, request_id)
    world.trail.record(
        action,
        caller,
        request_id,
        method=request.method,
        resource=resource,
        error=trail.error_of(response),
        agent=request.headers.get("user-agent", ""),
    )
    return response


def _signed_for(request: Request) -> str:
    """The service in the signature's credential scope: key/date/region/SERVICE/aws4_request."""
    authorization = request.headers.get("authorization", "")
    start = authorization.find("Credential=")
    if start < 0:
        if request.headers.get("x-amz-target", "").startswith("SageMaker."):
            return "sagemaker"
        return ""
    scope = authorization[start : authorization.find(",", start) if "," in authorization[start:] else None].split("/")
    return scope[-2] if len(scope) >= 5 else ""


def _identify(services: tuple[str, ...], request: Request) -> tuple[str, str]:
    found = protocol.identify(services, request)
    if found is None:
        name = request.headers.get("x-amz-target") or f"{request.method} {request.path}"
        raise UnknownOperation(f"No operation of {services[0]} answers {name[:256]}.")
    return found


def _unpacked(body: bytes) -> bytes:
    """A body that was signed as gzip, at most as large as any may be."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(body, _MAX_BODY)
    except zlib.error:
        raise SerializationFailed("The request body is not gzip.") from None
    if not unpacker.eof:
        raise SerializationFailed("The request body is cut off, or larger than this cloud takes.")
    return text


def application(world: "World", caller: Any = None, *, guests: bool = False):
    """The ASGI application of one listener; `caller` is the job at its other end, if there is one.

    guests: whether it is one of those at which nobody may be the account's root.
    """

    async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = await _body(receive)
        if body is None:
            return
        if len(body) > _MAX_BODY:
            response = protocol.encode_error(
                CloudError("The body is larger than this cloud takes.", code="RequestEntityTooLarge", status=413), ""
            )
        else:
            headers: dict[str, str] = {}
            for name, value in scope["headers"]:
                key, text = name.decode("latin-1"), value.decode("latin-1")
                headers[key] = f"{headers[key]},{text}" if key in headers else text
            request = Request(
                scope["method"],
                scope["raw_path"].decode("latin-1"),
                scope["query_string"].decode("latin-1"),
                headers,
                body,
                caller,
                guests,
            )
            try:
                response = await answer(world, request)
            except Exception:  # a fault of ours must still be an answer that a client can read
                world.log.exception("%s %s", request.method, request.path)
                response = protocol.encode_error(CloudError("We encountered an internal error."), str(uuid.uuid4()))
        lines = [
            (name.encode("latin-1"), value.encode("latin-1", "replace"))
            for name, value in response.headers.items()
            if name.lower() != "content-length"
        ]
        if scope["method"] == "HEAD":
            length = next((v for k, v in response.headers.items() if k.lower() == "content-length"), "0")
        else:
            length = str(len(response.body))
        lines.append((b"content-length", length.encode()))
        await send({"type": "http.response.start", "status": response.status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else response.body})

    return app


async def _body(receive: Any) -> bytes | None:
    """The whole body; None if the client left before it was complete."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= _MAX_BODY + 1:
            chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)
