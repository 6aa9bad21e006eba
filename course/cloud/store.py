"""What exists in a world: every resource, its tags, and the history of its states."""

import asyncio
import itertools
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .clock import Clock
from .errors import ValidationFailed


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource, named as the service's model names it: Create{name}, {name}Arn, List{name}s."""

    name: str  # TrainingJob
    arn_type: str  # training-job
    statuses: dict[str, tuple[str, ...]] = field(default_factory=dict)  # status → the statuses that may follow it
    spoken: str = ""  # as AWS's messages call it, where that is not the name in words
    missing: str = 'Could not find {spoken} "{arn}".'
    taken: str = 'Cannot create already existing {spoken} "{arn}".'
    shown: Callable[["Resource"], dict[str, Any]] = lambda resource: {}  # what Describe shows otherwise than it is kept

    @property
    def name_member(self) -> str:
        return f"{self.name}Name"

    @property
    def spoken_name(self) -> str:
        return self.spoken or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name).lower()

    @property
    def arn_member(self) -> str:
        return f"{self.name}Arn"

    @property
    def status_member(self) -> str:
        return f"{self.name}Status"


@dataclass(slots=True, eq=False)
class Resource:
    """One resource. `fields` are what Describe answers beside name, ARN, status and times."""

    kind: Kind
    name: str
    arn: str
    fields: dict[str, Any]
    tags: dict[str, str]
    created: datetime
    modified: datetime
    status: str = ""
    runtime: Any = None  # the processes behind it, if any

    def description(self) -> dict[str, Any]:
        shown = {
            **self.fields,
            self.kind.name_member: self.name,
            self.kind.arn_member: self.arn,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
        }
        if self.status:
            shown[self.kind.status_member] = self.status
        return shown | self.kind.shown(self)


@dataclass(frozen=True, slots=True)
class Change:
    """A line of the timeline: a resource came to be in a state."""

    kind: str
    name: str
    status: str
    at: datetime


class Store:
    """Resources by kind and name, in the order in which they were made."""

    def __init__(self, clock: Clock, account: str, region: str):
        self._clock, self._prefix = clock, f"arn:aws:sagemaker:{region}:{account}:"
        self._by_kind: dict[str, dict[str, Resource]] = {}
        self._by_arn: dict[str, Resource] = {}
        self.timeline: list[Change] = []
        self._watchers: list[Callable[[Resource, str], None]] = []

    def arn(self, kind: Kind, name: str) -> str:
        """The ARN of what a call names, by its name or by its ARN."""
        return name if name.startswith("arn:") else f"{self._prefix}{kind.arn_type}/{name}"

    def find(self, kind: Kind, name: str) -> Resource | None:
        """The resource of that name or ARN."""
        return self._by_kind.get(kind.name, {}).get(name.removeprefix(self.arn(kind, "")))

    def by_arn(self, arn: str) -> Resource | None:
        return self._by_arn.get(arn)

    def all(self, kind: Kind) -> list[Resource]:
        return list(self._by_kind.get(kind.name, {}).values())

    def add(self, kind: Kind, name: str, fields: dict[str, Any], tags: dict[str, str], status: str = "") -> Resource:
        """Make a resource. The caller has checked that the name is free."""
        now = self._clock.now()
        resource = Resource(kind, name, self.arn(kind, name), fields, tags, now, now, status)
        self._by_kind.setdefault(kind.name, {})[name] = resource
        self._by_arn[resource.arn] = resource
        self._record(resource, status or "Created")
        return resource

    def move(self, resource: Resource, status: str, **fields: Any) -> None:
        """Put a resource into its next state. Raises ValueError for a step that its kind's table does not have."""
        if status not in resource.kind.statuses.get(resource.status, ()):
            raise ValueError(f"{resource.kind.name} cannot go from {resource.status} to {status}")
        resource.status = status
        self.touch(resource, **fields)
        self._record(resource, status)

    def touch(self, resource: Resource, **fields: Any) -> None:
        resource.fields.update(fields)
        resource.modified = self._clock.now()

    def note(self, resource: Resource, what: str, **fields: Any) -> None:
        """Change `fields` in a way that whoever watches should know of, e.g. "Approved"; the state stays."""
        self.touch(resource, **fields)
        self._record(resource, what)

    def remove(self, resource: Resource) -> None:
        del self._by_kind[resource.kind.name][resource.name]
        del self._by_arn[resource.arn]
        self._record(resource, "Deleted")

    def watch(self, watcher: Callable[[Resource, str], None]) -> Callable[[], None]:
        """Call `watcher(resource, status)` at every change of state and every note. Returns what ends the watch."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    async def until(self, resource: Resource, statuses: Collection[str]) -> str:
        """Wait until `resource` is in one of `statuses`; "Deleted" if it goes before."""
        if resource.status in statuses:
            return resource.status
        reached: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def look(changed: Resource, status: str) -> None:
            if changed is resource and status in (*statuses, "Deleted") and not reached.done():
                reached.set_result(status)

        end = self.watch(look)
        try:
            return await reached
        finally:
            end()

    def _record(self, resource: Resource, status: str) -> None:
        self.timeline.append(Change(resource.kind.name, resource.name, status, self._clock.now()))
        for watcher in tuple(self._watchers):
            watcher(resource, status)


def page(items: list[Any], size: int, token: str | None) -> tuple[list[Any], str | None]:
    """One page of a listing and the token of the next (a position in the list). Raises ValidationFailed."""
    if size < 1:  # not every model says so
        raise ValidationFailed(
            f"1 validation error detected: Value '{size}' at 'maxResults' failed to satisfy constraint: Member must "
            "have value greater than or equal to 1"
        )
    if token and not (token.isdecimal() and len(token) < 10):
        raise ValidationFailed(f"Invalid pagination token: {token}")
    start = int(token or 0)
    chunk = list(itertools.islice(items, start, start + size))
    return chunk, str(start + size) if start + size < len(items) else None
