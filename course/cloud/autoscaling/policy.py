"""Scaling policies: what makes a target grow and shrink."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..cloudwatch.evaluation import STATES
from ..errors import LimitExceeded, NotSupported, ValidationFailed
from ..operations import Call, operation
from . import step, tracking
from .request import SERVICE, TARGET, ObjectNotFound, arn_of, keys, page_of, placed, registered, selected, spoken
from .target import Target

_MOST_POLICIES = 50
_CONFIGURATION = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
}
_COOLDOWN = 300
"""Seconds: the default of SageMaker's dimensions ("Define cooldown periods" in the user guide)."""


@dataclass(slots=True, eq=False)
class Policy:
    """One policy of one target. `alarms` are the names of those that target tracking made: by AlarmHigh, AlarmLow."""

    target: Target
    name: str
    arn: str
    type: str
    created: datetime
    configuration: dict[str, Any] = field(default_factory=dict)
    alarms: dict[str, str] = field(default_factory=dict)

    @property
    def tracks(self) -> bool:
        return self.type == "TargetTrackingScaling"

    @property
    def scales_in(self) -> bool:
        """Whether other policies wait for it before they take capacity away: of step policies AWS asks no consent."""
        return self.tracks and not self.configuration.get("DisableScaleIn")

    def cooldown(self, out: bool) -> int:
        """Seconds to wait after it scaled out, or in."""
        member = ("ScaleOutCooldown" if out else "ScaleInCooldown") if self.tracks else "Cooldown"
        return self.configuration.get(member, _COOLDOWN)

    def wanted(self, alarm: Any, values: list[float], current: int, base: int) -> int | None:
        """The capacity that it wants on this alarm; None if it has nothing to say.

        base: what there was before a scale-out that is still cooling down, else `current`: what that one added counts
        as part of the next.
        """
        if not self.tracks:
            return step.wanted(self.configuration, values, alarm.threshold, base)
        out = alarm.name == self.alarms["AlarmHigh"]
        asked = tracking.wanted(self.configuration, values, out, current)
        return asked - (current - base) if asked > current else asked

    def shown(self) -> dict[str, Any]:
        return {
            **placed(self.target),
            "PolicyARN": self.arn,
            "PolicyName": self.name,
            "PolicyType": self.type,
            _CONFIGURATION[self.type]: self.configuration,
            "Alarms": self.shown_alarms(),
            "CreationTime": self.created,
        }

    def shown_alarms(self) -> list[dict[str, str]]:
        """Every alarm that triggers it, whoever made it."""
        alarms = self.target.scalable.world.alarms.all()
        return [
            {"AlarmName": alarm.name, "AlarmARN": alarm.arn}
            for alarm in alarms
            if any(self.arn in alarm.actions(state) for state in STATES)
        ]


@operation(
    SERVICE,
    "PutScalingPolicy",
    uses=(*TARGET, "PolicyName", "PolicyType", *_CONFIGURATION.values()),
    refuses=("PredictiveScalingPolicyConfiguration", "PolicyType=PredictiveScaling"),
    resource=arn_of,
    context=keys,
)
async def put_scaling_policy(call: Call) -> dict[str, Any]:
    """Make or change a policy. Target tracking makes its own alarms; a step policy waits for an alarm of yours."""
    world, p, target = call.world, call.parameters, registered(call)
    policy = target.policies.get(p["PolicyName"])
    type_ = p.get("PolicyType", policy.type if policy else "StepScaling")
    if policy and policy.type != type_:
        raise ValidationFailed(f"The policy type of {policy.name} can't be changed from {policy.type} to {type_}")
    if type_ not in _CONFIGURATION:
        raise NotSupported(f"This cloud does not support the PolicyType {type_} yet.")
    configuration = p.get(_CONFIGURATION[type_])
    if any(p.get(member) is not None for name, member in _CONFIGURATION.items() if name != type_):
        raise ValidationFailed(f"A policy of type {type_} takes {_CONFIGURATION[type_]} only")
    if configuration is None:
        raise ValidationFailed(f"{_CONFIGURATION[type_]} must be specified for a policy of type {type_}")
    if type_ == "StepScaling":
        configuration = {**(policy.configuration if policy else {}), **configuration}
        step.check(configuration)
    else:
        tracking.check(configuration, target.scalable)
    if policy is None:
        if len(target.policies) >= _MOST_POLICIES:
            raise LimitExceeded(
                f"A scalable target can have at most {_MOST_POLICIES} scaling policies.", code="LimitExceededException"
            )
        policy = world.scaling.new_policy(target, p["PolicyName"], type_)
    world.scaling.put_policy(policy, configuration)
    return {"PolicyARN": policy.arn, "Alarms": policy.shown_alarms()}


@operation(
    SERVICE,
    "DescribeScalingPolicies",
    uses=("PolicyNames", "ServiceNamespace", "ResourceId", "ScalableDimension", "MaxResults", "NextToken"),
)
async def describe_scaling_policies(call: Call) -> dict[str, Any]:
    """The policies of a namespace or of one target, with the alarms that they made."""
    names = call.parameters.get("PolicyNames")
    found = [policy for target in selected(call) for policy in target.policies.values()]
    return page_of(call, "ScalingPolicies", [policy for policy in found if not names or policy.name in names])


@operation(SERVICE, "DeleteScalingPolicy", uses=(*TARGET, "PolicyName"), resource=arn_of, context=keys)
async def delete_scaling_policy(call: Call) -> dict[str, Any]:
    """Delete a policy. The alarms that target tracking made go with it; yours stay."""
    p = call.parameters
    target = call.world.scaling.find(p["ResourceId"], p["ScalableDimension"])
    policy = target.policies.get(p["PolicyName"]) if target else None
    if policy is None:
        raise ObjectNotFound(f"No scaling policy found for {spoken(call)}, policy name: {p['PolicyName']}")
    call.world.scaling.delete_policy(policy)
    return {}
