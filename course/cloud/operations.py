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

from . import protocol
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
    """How an operation runs, which resource IAM is asked about, and what becomes of each input member."""

    service: str
    name: str
    run: Run
    resource: Callable[[Call], str]
    context: Callable[[Call], dict[str, Any]] | None  # IAM's condition keys for this call
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
    resource: Callable[[Call], str] = everything,
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


async def answer(
    world: "World", service: str, name: str, caller: Credential, request: Request, request_id: str
) -> dict[str, Any]:
    """The result of one operation, whoever asks: decode, authorise, validate, run, record in the trail.

    Raises CloudError, and nothing else.
    """
    parameters: dict[str, Any] | None = None
    failure: CloudError | None = None
    result: dict[str, Any] = {}
    try:
        parameters = protocol.decode(service, name, request)
        found = OPERATIONS.get((service, name))
        if found is None:
            raise NotSupported(
                f"This cloud does not run {service}:{name} yet. The course's docs list what it runs.",
                code="UnknownOperationException",
            )
        call = Call(world, service, name, parameters, caller, request, request_id)
        # IAM before validation: who may not call does not learn what would have been valid.
        context = found.context(call) if found.context else None
        world.access.authorise(caller, _action(service, name), found.resource(call), context)
        validate(operation_model(service, name), parameters)
        found.check_members(parameters)
        result = await found.run(call)
    except CloudError as error:
        failure = error
    except Exception:
        world.log.exception("request %s %s:%s", request_id, service, name)
        failure = CloudError(f"We encountered an internal error. Please try again. (request {request_id})")
    _record(world, service, name, caller, request, request_id, parameters, result, failure)
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
    return await answer(world, service, name, caller, request, str(uuid.uuid4()))


def _action(service: str, name: str) -> str:
    """IAM's name for an operation: the runtime services share SageMaker's prefix."""
    return f"{'sagemaker' if service.startswith('sagemaker') else service}:{name}"


def _record(
    world: "World",
    service: str,
    name: str,
    caller: Credential,
    request: Request,
    request_id: str,
    parameters: dict[str, Any] | None,
    result: dict[str, Any],
    failure: CloudError | None,
) -> None:
    if name.startswith("InvokeEndpoint"):
        return
    resources = [
        {"ResourceType": f"AWS::SageMaker::{member.removesuffix('Name')}", "ResourceName": value}
        for member, value in (parameters or {}).items()
        if member.endswith("Name") and isinstance(value, str)
    ]
    encoded = protocol.plain(operation_model(service, name).input_shape, parameters) if parameters is not None else None
    world.trail.record(
        _action(service, name),
        caller,
        request_id,
        parameters=encoded,
        answer=None if failure else _elements(result),
        error=(failure.code, failure.message) if failure else None,
        resources=resources,
        agent=request.headers.get("user-agent", ""),
    )


def _elements(result: dict[str, Any]) -> dict[str, Any] | None:
    return {name[0].lower() + name[1:]: value for name, value in result.items() if isinstance(value, str)} or None
