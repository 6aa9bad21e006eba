"""The operations that this cloud runs itself: one table, filled by the modules that implement them.

Each operation says which members of its input it uses, which it accepts without effect here, and which it refuses.
A member in none of the three lists is refused by name too: nothing is ignored in silence. docs/operations.md is made
from this table.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .base import Credential
from .errors import NotSupported
from .protocol import Request

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
