"""How a world's targets are scaled: alarms speak, policies want, the largest capacity wins.

Alarms of the same moment are heard together. Source: the Application Auto Scaling user guide, "How target tracking
works", "How step scaling works", "Define cooldown periods", "Understand not scaled reason codes".
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..errors import CloudError
from ..sagemaker.jobs import JobFailed
from ..store import Resource
from .activity import Activity
from .dimension import Scalable
from .policy import Policy
from .schedule import ScheduledAction
from .target import Target
from .tracking import alarms

if TYPE_CHECKING:
    from ..world import World

_AT_ONCE = 0.0  # a moment that has passed: before anything else that is due


@dataclass(frozen=True, slots=True)
class _Signal:
    """An alarm that triggered a policy, with the values that it was evaluated on, the newest last."""

    policy: Policy
    alarm: Any
    values: list[float]

    @property
    def cause(self) -> str:
        return f"monitor alarm {self.alarm.name} in state {self.alarm.state} triggered policy {self.policy.name}"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a policy wants on a signal: `asked`, and that within the bounds."""

    signal: _Signal
    asked: int
    capacity: int


@dataclass(slots=True)
class _Cooling:
    """What a target waits for. Times are cloud time in seconds; `base` is what there was before it scaled out."""

    out_until: float = 0.0
    base: int = 0
    in_until: float = 0.0


class Scaling:
    """The scalable targets of one world and what happened to them."""

    def __init__(self, world: "World"):
        self._world = world
        self.targets: dict[tuple[str, str], Target] = {}  # by resource and dimension
        self.activities: list[Activity] = []  # the oldest first
        self._policies: dict[str, Policy] = {}  # by ARN
        self._signals: dict[Target, list[_Signal]] = {}
        self._cooling: dict[Target, _Cooling] = {}
        self.arn_prefix = f"arn:aws:application-autoscaling:{world.region}:{world.account}:"
        self._old_prefix = f"arn:aws:autoscaling:{world.region}:{world.account}:"  # policies and actions keep it
        world.alarms.on_action(f"{self._old_prefix}scalingPolicy:", self._hear)
        world.store.watch(self._follow)

    # -- what there is -----------------------------------------------------------------------------------------------

    def find(self, resource_id: Any, dimension: Any) -> Target | None:
        return self.targets.get((str(resource_id), str(dimension)))

    def by_arn(self, arn: Any) -> Target | None:
        return next((target for target in self.targets.values() if target.arn == arn), None)

    def register(
        self, scalable: Scalable, resource_id: str, role: str, least: int, most: int, tags: dict[str, str]
    ) -> Target:
        arn = f"{self.arn_prefix}scalable-target/{self._uuid().replace('-', '')}"
        target = Target(scalable, resource_id, arn, role, least, most, self._world.clock.now(), tags)
        self.targets[resource_id, scalable.dimension.name] = target
        self._cooling[target] = _Cooling()
        return target

    def take_over(self, other: Target, scalable: Scalable) -> Target:
        """A target like that of another world, with its policies and scheduled actions, but without its alarms."""
        target = replace(other, scalable=scalable, suspended=dict(other.suspended), policies={}, schedules={})
        self.targets[target.resource_id, target.dimension] = target
        self._cooling[target] = _Cooling()
        for policy in other.policies.values():
            copy = replace(policy, target=target)
            target.policies[copy.name] = self._policies[copy.arn] = copy
        for action in other.schedules.values():
            target.schedules[action.name] = replace(action, target=target)
            self._await(target.schedules[action.name], self._world.clock.now())
        return target

    def deregister(self, target: Target) -> None:
        for policy in list(target.policies.values()):
            self.delete_policy(policy)
        target.schedules.clear()
        del self.targets[target.resource_id, target.dimension]
        del self._cooling[target]
        self._signals.pop(target, None)

    def new_policy(self, target: Target, name: str, type_: str) -> Policy:
        arn = (
            f"{self._old_prefix}scalingPolicy:{self._uuid()}:resource/sagemaker/{target.resource_id}:policyName/{name}"
        )
        policy = Policy(target, name, arn, type_, self._world.clock.now())
        target.policies[name] = self._policies[arn] = policy
        return policy

    def put_policy(self, policy: Policy, configuration: dict[str, Any]) -> None:
        """Give a policy its configuration and, if it tracks a target, its alarms."""
        policy.configuration = configuration
        if not policy.tracks:
            return
        sides = ["AlarmHigh"] if configuration.get("DisableScaleIn") else ["AlarmHigh", "AlarmLow"]
        old = policy.alarms
        policy.alarms = {
            side: old.get(side) or f"TargetTracking-{policy.target.resource_id}-{side}-{self._uuid()}" for side in sides
        }
        self._world.alarms.remove([name for side, name in old.items() if side not in sides])
        for parameters in alarms(configuration, policy.target.scalable, policy.alarms, policy.arn):
            self._world.alarms.put(parameters)

    def delete_policy(self, policy: Policy) -> None:
        self._world.alarms.remove(list(policy.alarms.values()))
        del policy.target.policies[policy.name]
        del self._policies[policy.arn]

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._world.random.getrandbits(128), version=4))

    # -- policies ----------------------------------------------------------------------------------------------------

    async def _hear(self, action_arn: str, alarm: Any, state: str) -> None:
        """An alarm triggers a policy. It is acted on when all alarms of this moment have spoken."""
        policy = self._policies.get(action_arn)
        values = [value for value in alarm.datapoints if value is not None]
        if policy is None or not values or (policy.tracks and state != "ALARM"):
            return
        target = policy.target
        if target not in self._signals:
            self._signals[target] = []
            self._world.clock.at(_AT_ONCE, lambda: self._decide(target))
        self._signals[target].append(_Signal(policy, alarm, values))

    async def _decide(self, target: Target) -> None:
        signals = self._signals.pop(target, [])
        current = target.scalable.current
        if not signals or current is None:
            return
        wishes = [wish for signal in signals if (wish := self._wish(target, signal, current))]
        if not wishes:
            return
        wish = max(wishes, key=lambda wish: wish.capacity)
        if wish.capacity == current:
            self._leave(target, wish.signal.cause, _reason(target, wish, current))
        elif not target.scalable.ready:
            self._leave(target, wish.signal.cause, {"Code": "TargetServicePutResourceAsUnscalable"})
        elif await self._set(target, wish.capacity, wish.signal.cause):
            self._cool(target, wish, current)

    def _wish(self, target: Target, signal: _Signal, current: int) -> _Wish | None:
        """What a policy wants now; None if it wants nothing or must wait."""
        cooling, now, policy = self._cooling[target], self._minute(), signal.policy
        asked = policy.wanted(signal.alarm, signal.values, current, current)
        if asked is not None and asked > current and now < cooling.out_until:
            asked = policy.wanted(signal.alarm, signal.values, current, cooling.base)
            if asked is None or asked <= current:
                return None  # no more than the scale-out that is still cooling down has added
        if asked is None:
            return None
        capacity = target.clamp(asked)
        if capacity > current and target.suspended["DynamicScalingOutSuspended"]:
            return None
        if capacity < current and (
            target.suspended["DynamicScalingInSuspended"]
            or now < cooling.in_until
            or (policy.tracks and not self._all_agree(target, policy))
        ):
            return None
        return _Wish(signal, asked, capacity)

    def _all_agree(self, target: Target, policy: Policy) -> bool:
        """Target tracking takes capacity away only if every tracking policy that scales in would."""
        return all(
            other is policy or not other.scales_in or self._world.alarms.find(other.alarms["AlarmLow"]).state == "ALARM"
            for other in target.policies.values()
        )

    def _cool(self, target: Target, wish: _Wish, before: int) -> None:
        cooling, now = self._cooling[target], self._minute()
        out = wish.capacity > before
        seconds = wish.signal.policy.cooldown(out)
        if out:
            if now >= cooling.out_until:
                cooling.base = before
            cooling.out_until, cooling.in_until = now + seconds, 0.0
        else:
            cooling.out_until, cooling.in_until = 0.0, now + seconds

    def _minute(self) -> float:
        """The minute in which alarms spoke: how long processes really take to start must not count for a cool-down."""
        return self._world.clock.time() // 60 * 60

    # -- bounds ------------------------------------------------------------------------------------------------------

    def settle(self, target: Target) -> None:
        """Bring a target into its bounds now, before the clock goes on."""
        self._world.clock.at(_AT_ONCE, lambda: self._settle(target))

    async def _settle(self, target: Target) -> None:
        current = target.scalable.current
        if self.find(target.resource_id, target.dimension) is not target or current is None:
            return
        capacity = target.clamp(current)
        target.unsettled = capacity != current and not target.scalable.ready
        if capacity != current and target.scalable.ready:
            side = "minimum" if capacity > current else "maximum"
            await self._set(target, capacity, f"{side} capacity was set to {capacity}")

    def _follow(self, resource: Resource, status: str) -> None:
        """What an endpoint's change means for its targets: variants that are gone take theirs with them."""
        if resource.kind.name != "Endpoint" or status not in ("InService", "Deleted"):
            return
        for target in [t for t in self.targets.values() if t.scalable.endpoint_name == resource.name]:
            if target.scalable.current is None:
                self.deregister(target)
            elif target.unsettled:
                self.settle(target)

    # -- schedules ---------------------------------------------------------------------------------------------------

    def put_action(
        self,
        target: Target,
        name: str,
        old: ScheduledAction | None,
        schedule: str,
        bounds: dict[str, int],
        timezone: str | None,
        start: datetime | None,
        end: datetime | None,
    ) -> None:
        now = self._world.clock.now()
        arn = f"{self._old_prefix}scheduledAction:{self._uuid()}:resource/sagemaker/{target.resource_id}"
        arn, created = (old.arn, old.created) if old else (f"{arn}:scheduledActionName/{name}", now)
        action = ScheduledAction(target, name, arn, created, schedule, bounds, timezone, start, end)
        target.schedules[name] = action
        self._await(action, now)

    def _await(self, action: ScheduledAction, moment: datetime) -> None:
        due = action.next_after(moment)
        if due is not None:
            label = f"scheduled action {action.name}"
            self._world.clock.at(due.timestamp(), lambda: self._fire(action, due), label)

    async def _fire(self, action: ScheduledAction, due: datetime) -> None:
        target = action.target
        if target.schedules.get(action.name) is not action:
            return  # replaced or deleted meanwhile
        self._await(action, due)
        if target.suspended["ScheduledScalingSuspended"]:
            return
        least, most = action.bounds.get("MinCapacity"), action.bounds.get("MaxCapacity")
        said = " and ".join(
            f"{side} capacity to {bound}" for side, bound in (("min", least), ("max", most)) if bound is not None
        )
        activity = self._begin(target, f"Setting {said}", f"scheduled action name {action.name} was triggered")
        least = target.least if least is None else least
        most = target.most if most is None else most
        if least > most:
            reason = "Minimum capacity cannot be greater than maximum capacity"
            activity.close("Failed", f"Failed to set {said}. Reason: {reason}", self._world.clock.now())
            return
        target.least, target.most = least, most
        activity.close("Successful", f"Successfully set {said}", self._world.clock.now())
        await self._settle(target)

    # -- what is done ------------------------------------------------------------------------------------------------

    def _begin(self, target: Target, description: str, cause: str) -> Activity:
        activity = Activity(
            self._uuid(), target.resource_id, target.dimension, description, cause, self._world.clock.now()
        )
        self.activities.append(activity)
        return activity

    async def _set(self, target: Target, capacity: int, cause: str) -> bool:
        """Change a capacity. Returns whether that worked; the activity tells."""
        spoken = f"{target.scalable.dimension.spoken} to {capacity}"
        activity = self._begin(target, f"Setting {spoken}.", cause)
        activity.message = f"Successfully set {spoken}. Waiting for change to be fulfilled by sagemaker."
        try:
            await target.scalable.change(capacity)
        except (CloudError, JobFailed) as error:
            activity.close("Failed", f"Failed to set {spoken}. Reason: {error}", self._world.clock.now())
            return False
        message = f"Successfully set {spoken}. Change successfully fulfilled by sagemaker."
        activity.close("Successful", message, self._world.clock.now())
        return True

    def _leave(self, target: Target, cause: str, reason: dict[str, Any]) -> None:
        """Note that nothing was done; the same reason again is not told twice in a row, as on AWS."""
        last = next((a for a in reversed(self.activities) if a.resource_id == target.resource_id), None)
        if last is None or [r["Code"] for r in last.reasons] != [reason["Code"]]:
            activity = self._begin(target, "Attempting to scale due to alarm triggered", cause)
            activity.status, activity.reasons = "Failed", [reason]


def _reason(target: Target, wish: _Wish, current: int) -> dict[str, Any]:
    """Why a wish changes nothing, as NotScaledReasons tell it."""
    if wish.asked > target.most:
        return {"Code": "AlreadyAtMaxCapacity", "MaxCapacity": target.most}
    low = wish.signal.policy.tracks and wish.signal.alarm.name == wish.signal.policy.alarms.get("AlarmLow")
    if wish.asked < target.least or (low and current == target.least):
        return {"Code": "AlreadyAtMinCapacity", "MinCapacity": target.least}
    if low:
        return {"Code": "AutoScalingAnticipatedFlapping"}
    return {"Code": "AlreadyAtDesiredCapacity", "CurrentCapacity": current}
