"""Who may do what: the base's policy engine, asked before an operation runs."""

import time
from typing import Any

from .base import Base, Credential
from .errors import AccessDenied

_MEMORY_SECONDS = 1.0  # a policy may look at the time of day


class Decisions:
    """IAM's answers, remembered for a second, and only until an identity or a policy may have changed."""

    def __init__(self, base: Base):
        self._base = base
        self._generation = -1
        self._known: dict[tuple[Any, ...], tuple[float, str]] = {}

    def authorise(self, caller: Credential, action: str, resource: str, context: dict[str, Any] | None = None) -> None:
        """Raise AccessDenied if `caller` may not do `action` on `resource` with these condition keys."""
        if caller.type == "Root":
            return
        if self._generation != self._base.generation:
            self._known.clear()
            self._generation = self._base.generation
        key = (caller.access_key, action, resource, _hashable(context) if context else None)
        known = self._known.get(key)
        now = time.monotonic()
        if known is None or known[0] < now:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[key] = (
                now + _MEMORY_SECONDS,
                self._base.denial(caller.access_key, action, resource, context),
            )
        if known[1]:
            raise AccessDenied(known[1])

    def pass_role(
        self,
        caller: Credential,
        role_arn: str,
        service: str = "sagemaker.amazonaws.com",
        context: dict[str, Any] | None = None,
    ) -> None:
        """Raise AccessDenied if `caller` may not hand `role_arn` to `service` (iam:PassRole, iam:PassedToService)."""
        self.authorise(caller, "iam:PassRole", role_arn, {**(context or {}), "iam:PassedToService": service})


def _hashable(context: dict[str, Any]) -> tuple[Any, ...]:
    return tuple((key, tuple(value) if isinstance(value, list) else value) for key, value in context.items())
