"""The operations that this cloud runs itself: one table, filled by the modules that implement them.

Each operation says which members of its input it uses, which it accepts without effect here, and which it refuses.
A member in none of the three lists is refused by name too: nothing is ignored in silence. docs/operations.md is made
from this table.
"""

import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import conditions, protocol
from .base import Credential
from .errors import CloudError, NotSupported
from .protocol import Request, operation_model
from .validation import validate

if TYPE_CHECKING:
    from .world import World


@dataclass(slots=True)
class Call:
    """One call of an operation: who asks for what, in which world."""

    world: "World"
    service: str
    operation: str
    parameters: dict[str, Any]
    caller: Credential
    request: Request
    request_id: str


Run = Callable[[Call], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Operation:
    """How an operation runs, which resources IAM is asked about, and what becomes of each input member.

    `context` gives condition keys that its parameters do not show by themselves (conditions.py finds the others).
    """

    service: str
    name: str
    run: Run
    resource: Callable[[Call], str | list[str]]
    context: Callable[[Call], dict[str, Any]] | None
    uses: tuple[str, ...]
    no_effect: tuple[str, ...]
    refuses: tuple[str, ...]  # members (dotted below the top level), or member=value, that are refused
    note: str

    def check_members(self, parameters: dict[str, Any]) -> None:
        """Refuse by name what this cloud does not do. A member that is false or empty asks for nothing."""
        for member, given in parameters.items():
            if given and member not in self.uses and member not in self.no_effect:
                raise NotSupported(f"This cloud does not support the parameter {member} of {self.name} yet.")
        for path in self.refuses:
            member, _, value = path.partition("=")
            for found in _values(parameters, member.split(".")):
                if str(found) == value if value else found:
                    raise NotSupported(f"This cloud does not support {path} in {self.name} yet.")


OPERATIONS: dict[tuple[str, str], Operation] = {}


def everything(call: Call) -> str:
    """IAM's resource for operations that name none."""
    return "*"


def operation(
    service: str,
    name: str,
    *,
    uses: tuple[str, ...] = (),
    no_effect: tuple[str, ...] = (),
    refuses: tuple[str, ...] = (),
    resource: Callable[[Call], str | list[str]] = everything,
    context: Callable[[Call], dict[str, Any]] | None = None,
) -> Callable[[Run], Run]:
    """Enter a coroutine function into the table."""

    def enter(run: Run) -> Run:
        note = (run.__doc__ or "").strip().partition("\n")[0]
        OPERATIONS[service, name] = Operation(service, name, run, resource, context, uses, no_effect, refuses, note)
        return run

    return enter


def _values(value: Any, path: list[str]) -> list[Any]:
    """What stands at `path`, through every list on the way."""
    if isinstance(value, list):
        return [found for item in value for found in _values(item, path)]
    if not path:
        return [value]
    return _values(value[path[0]], path[1:]) if isinstance(value, dict) and path[0] in value else []


async def perform(call: Call, way: dict[str, Any]) -> dict[str, Any]:
    """One operation of ours, allowed, checked, run and recorded. `way` are the condition keys of the caller's way.

    Raises CloudError: what the operation refuses, or InternalFailure for a fault of ours.
    """
    found, world = (call.service, call.operation), call.world
    result: dict[str, Any] = {}
    failure: CloudError | None = None
    try:
        operation = OPERATIONS.get(found)
        if operation is None:
            raise NotSupported(
                f"This cloud does not run {found[0]}:{found[1]} yet. The course's docs list what it runs.",
                code="UnknownOperationException",
            )
        # IAM before validation: who may not call does not learn what would have been valid.
        _authorise(call, operation, way)
        validate(operation_model(*found), call.parameters)
        operation.check_members(call.parameters)
        for role in conditions.handed_roles(call):
            world.access.pass_role(call.caller, role, f"{_action(found).partition(':')[0]}.amazonaws.com", way)
        result = await operation.run(call)
    except CloudError as error:
        failure = error
    except Exception:
        world.log.exception("request %s %s", call.request_id, found)
        failure = CloudError(f"We encountered an internal error. Please try again. (request {call.request_id})")
    _record(call, result, failure)
    if failure:
        raise failure
    return result


async def ask(
    world: "World", service: str, name: str, parameters: dict[str, Any], caller: Credential, agent: str
) -> dict[str, Any]:
    """One operation in process, as `caller`, on the path of every request. Raises CloudError.

    parameters: as JSON has them (a timestamp is a number or a text). agent: the service that calls, for the trail.
    """
    request = Request("POST", "/", "", {"user-agent": agent}, json.dumps(parameters).encode())
    decoded = protocol.decode(service, name, request)
    return await perform(Call(world, service, name, decoded, caller, request, str(uuid.uuid4())), {})


def _authorise(call: Call, operation: Operation, way: dict[str, Any]) -> None:
    """Ask IAM about every resource that the call needs."""
    named = operation.resource(call)
    resources = named if isinstance(named, list) else [named]
    own = operation.context(call) if operation.context else {}
    context = {**way, **conditions.of_call(call, resources), **own}
    for resource in resources:
        call.world.access.authorise(call.caller, _action((call.service, call.operation)), resource, context)


def _action(found: tuple[str, str]) -> str:
    """IAM's name for an operation: the runtime services share SageMaker's prefix."""
    service, name = found
    return f"{'sagemaker' if service.startswith('sagemaker') else service}:{name}"


def _record(call: Call, result: dict[str, Any], failure: CloudError | None) -> None:
    found, parameters = (call.service, call.operation), call.parameters
    if found[1].startswith("InvokeEndpoint"):
        return
    resources = [
        {"ResourceType": f"AWS::SageMaker::{member.removesuffix('Name')}", "ResourceName": value}
        for member, value in parameters.items()
        if member.endswith("Name") and isinstance(value, str)
    ]
    shape = operation_model(*found).input_shape
    call.world.trail.record(
        _action(found),
        call.caller,
        call.request_id,
        parameters=protocol.plain(shape, parameters) if shape else None,
        answer=None if failure else _elements(result),
        error=(failure.code, failure.message) if failure else None,
        resources=resources,
        agent=call.request.headers.get("user-agent", ""),
    )


def _elements(result: dict[str, Any]) -> dict[str, Any] | None:
    return {name[0].lower() + name[1:]: value for name, value in result.items() if isinstance(value, str)} or None
