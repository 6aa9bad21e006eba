"""One operation of ours, whoever asks: decoded, allowed, checked, run and recorded."""

import json
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import conditions, protocol
from .base import Credential
from .errors import CloudError, NotSupported
from .operations import OPERATIONS, Call, Operation
from .protocol import Request, operation_model, service_model
from .trail import camel_case
from .validation import validate

if TYPE_CHECKING:
    from .world import World


async def answer(
    world: "World",
    service: str,
    name: str,
    caller: Credential,
    request: Request,
    request_id: str,
    way: dict[str, Any],
) -> dict[str, Any]:
    """The result of the operation that a request asks for. `way` are the condition keys of the caller's way here.

    Raises CloudError: what the operation refuses, or InternalFailure for a fault of ours.
    """
    call = Call(world, service, name, {}, caller, request, request_id)
    asked, failure, result = None, None, {}
    try:
        call.parameters = protocol.decode(service, name, request)
        asked = _asked(call)
        operation = OPERATIONS.get((service, name))
        if operation is None:
            raise NotSupported(
                f"This cloud does not run {service}:{name} yet. The course's docs list what it runs.",
                code="UnknownOperationException",
            )
        # IAM before validation: who may not call does not learn what would have been valid.
        _authorise(call, operation, way)
        validate(operation_model(service, name), call.parameters)
        operation.check_members(call.parameters)
        for role in conditions.handed_roles(call):
            world.access.pass_role(caller, role, f"{_action(call).partition(':')[0]}.amazonaws.com", way)
        result = await operation.run(call)
    except CloudError as error:
        failure = error
    except Exception:
        world.log.exception("request %s %s:%s", request_id, service, name)
        failure = CloudError(f"We encountered an internal error. Please try again. (request {request_id})")
    if name in service_model(service).operation_names:  # what is no operation has no record either
        _record(call, asked, result, failure)
    if failure:
        raise failure
    return result


async def perform(
    world: "World", service: str, name: str, parameters: dict[str, Any], caller: Credential, agent: str
) -> dict[str, Any]:
    """One operation in process, as `caller`, on the same path as a request over HTTP. Raises CloudError.

    parameters: as JSON has them (a timestamp is a number or a text). agent: the service that calls, for the trail.
    """
    request = Request("POST", "/", "", {"user-agent": agent}, json.dumps(parameters).encode())
    return await answer(world, service, name, caller, request, str(uuid.uuid4()), {})


def _authorise(call: Call, operation: Operation, way: dict[str, Any]) -> None:
    """Ask IAM about every resource that the call needs."""
    named = operation.resource(call)
    resources = named if isinstance(named, list) else [named]
    own = operation.context(call) if operation.context else {}
    context = {**way, **conditions.of_call(call, resources), **own}
    for resource in resources:
        call.world.access.authorise(call.caller, _action(call), resource, context)


def _action(call: Call) -> str:
    """IAM's name for an operation: the runtime services share SageMaker's prefix."""
    return f"{'sagemaker' if call.service.startswith('sagemaker') else call.service}:{call.operation}"


def _asked(call: Call) -> dict[str, Any] | None:
    """The parameters as the caller gave them, for the trail: the operation will fill in what they leave out."""
    shape = operation_model(call.service, call.operation).input_shape
    return protocol.plain(shape, call.parameters) if shape and not _is_invocation(call) else None


def _is_invocation(call: Call) -> bool:
    return call.operation.startswith("InvokeEndpoint")


def _record(call: Call, asked: dict[str, Any] | None, result: dict[str, Any], failure: CloudError | None) -> None:
    if _is_invocation(call):
        return
    shape = operation_model(call.service, call.operation).input_shape
    call.world.trail.record(
        _action(call),
        call.caller,
        call.request_id,
        parameters=camel_case(shape, asked) if asked is not None else None,
        answer=None if failure else _elements(result),
        error=(failure.code, failure.message) if failure else None,
        resources=list(_resources(asked or {})) if call.service.startswith("sagemaker") else [],
        agent=call.request.headers.get("user-agent", ""),
    )


def _resources(asked: dict[str, Any]) -> Iterator[dict[str, str]]:
    """What a call names, by name or by ARN."""
    for member, value in asked.items():
        kind = member.removesuffix("Name").removesuffix("Arn")
        named = member.endswith("Name") and not member.endswith("DisplayName")
        if isinstance(value, str) and (named or (member.endswith("Arn") and ":sagemaker:" in value)):
            yield {"ResourceType": f"AWS::SageMaker::{kind}", "ResourceName": value}


def _elements(result: dict[str, Any]) -> dict[str, Any] | None:
    return {name[0].lower() + name[1:]: value for name, value in result.items() if isinstance(value, str)} or None
