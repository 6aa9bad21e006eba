"""RetryPolicies of a step: which failures are tried again, how often, how far apart.

Defaults and limits: https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html
"""

from dataclasses import dataclass
from typing import Any

from ..errors import CloudError
from .fault import DefinitionFault, StepFailed

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL_ERROR, CAPACITY_ERROR = "SageMaker.JOB_INTERNAL_ERROR", "SageMaker.CAPACITY_ERROR"
RESOURCE_LIMIT = "SageMaker.RESOURCE_LIMIT"
_KINDS = (SERVICE_FAULT, THROTTLING, INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)
_MEMBERS = ("ExceptionType", "IntervalSeconds", "BackoffRate", "MaxAttempts", "ExpireAfterMin")
_LONGEST = 43_200  # seconds, of IntervalSeconds


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy. Seconds and minutes are of cloud time."""

    kinds: tuple[str, ...]
    interval: float = 1.0  # seconds before the first retry
    backoff: float = 2.0
    attempts: int = 5
    expires: float | None = None  # minutes since the first attempt

    @classmethod
    def parse(cls, document: Any, step: str) -> "Policy":
        """Raises DefinitionFault."""
        if not isinstance(document, dict):
            raise DefinitionFault(f"Expecting start of Json Object in RetryPolicies of step '{step}'.")
        for member in document:
            if member not in _MEMBERS:
                raise DefinitionFault(f"Cannot parse object, unknown property '{member}' (step '{step}').")
        kinds = document.get("ExceptionType")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not isinstance(kinds, list) or not kinds or any(kind not in _KINDS for kind in kinds):
            raise DefinitionFault(f"ExceptionType of step '{step}' takes {', '.join(_KINDS)}; got {kinds}.")
        policy = cls(
            tuple(kinds),
            document.get("IntervalSeconds", 1),
            document.get("BackoffRate", 2.0),
            document.get("MaxAttempts", 5),
            document.get("ExpireAfterMin"),
        )
        for member, value, least, most in (
            ("IntervalSeconds", policy.interval, 0, _LONGEST),
            ("BackoffRate", policy.backoff, 1, 100),
            ("MaxAttempts", policy.attempts, 1, 20),
            ("ExpireAfterMin", policy.expires, 0, 14_400),
        ):
            if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
                raise DefinitionFault(f"{member} in RetryPolicies of step '{step}' must be a number.")
            if value is not None and not least <= value <= most:
                raise DefinitionFault(
                    f"{member} in RetryPolicies of step '{step}' must be between {least} and {most}; got {value}."
                )
        return policy

    def wait(self, retries: int, minutes: float) -> float | None:
        """Seconds before retry number `retries` + 1, `minutes` after the first attempt; None: no retry is left."""
        delay = self.interval * self.backoff**retries
        too_late = self.expires is not None and minutes + delay / 60 > self.expires
        return None if retries >= self.attempts or too_late else delay


DEFAULT = Policy((SERVICE_FAULT, THROTTLING))
"""AWS tries these two again by itself; a policy of the step's own overrides it."""


def policy_for(policies: tuple[Policy, ...], failure: StepFailed) -> Policy | None:
    return next((policy for policy in (*policies, DEFAULT) if failure.kind in policy.kinds), None)


def kind_of_call(error: CloudError) -> str:
    """What RetryPolicies call the failure of a call."""
    if error.code in ("ThrottlingException", "TooManyRequestsException", "Throttling"):
        return THROTTLING
    if error.code in ("ResourceLimitExceeded", "LimitExceededException"):
        return RESOURCE_LIMIT
    return SERVICE_FAULT if error.status >= 500 else ""


def kind_of_job(reason: str) -> str:
    """What RetryPolicies call the failure of a job with that FailureReason."""
    if reason.startswith("InternalServerError"):
        return INTERNAL_ERROR
    return CAPACITY_ERROR if reason.startswith("CapacityError") else ""
