"""What a variant's rules would make of traffic: its policies, schedules and alarms, taken into a world of their own.

Nothing is sent and nothing starts: the world beside has a clock that only `advance` moves, the alarms and the metrics
of CloudWatch, the scaling and the replay of the cloud, and a variant whose instances are a number. So a week takes
less than a second, and the cloud that asked stays as it is. What it does not know is how an instance comes up: here
each is there in the minute in which it is asked for, and none fails.
"""

import asyncio
import random
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from ..clock import Clock
from ..cloudwatch.alarm import ACTIONS, Alarm
from ..cloudwatch.alarms import Alarms
from ..cloudwatch.metrics import Metrics
from ..sagemaker.replay import Plan, Replay
from ..sagemaker.resources import ENDPOINT
from ..store import Resource, Store
from .dimension import INSTANCE_COUNT, Scalable
from .scaling import Scaling

if TYPE_CHECKING:
    from ..world import World
    from .target import Target

_SLICE = 7200.0  # seconds of the foreseen time, after which the loop may turn to others


class _Imagined(Clock):
    """Time that passes only when it is told to."""

    def __init__(self, now: float):
        super().__init__()
        self._now = now

    def time(self) -> float:
        return self._now

    def _jump(self, seconds: float) -> None:
        self._now += max(0.0, seconds)


async def foresee(world: "World", plan: Plan, cooldowns: dict[str, dict[str, int]]) -> dict[str, Any]:
    """The report of a replay (Replay.report) whose traffic does not come, on a variant with a scalable target.

    plan: counts of one variant, from its start on or from now, with the bounds that hold now. cooldowns: members of
    policies' configurations that are to be others, by the policy's name: {"keep": {"ScaleInCooldown": 0}}. Raises
    ValueError.
    """
    target = world.scaling.find(f"endpoint/{plan.endpoint}/variant/{plan.variant}", INSTANCE_COUNT.name)
    if target is None or target.scalable.current is None:
        raise ValueError(f"The variant {plan.variant} of {plan.endpoint} is no scalable target.")
    if unknown := cooldowns.keys() - target.policies.keys():
        raise ValueError(f"There is no policy {min(unknown)}.")
    beside = _beside(world, plan, target)
    copied = beside.scaling.take_over(target, _scalable(beside, plan))
    for policy in copied.policies.values():
        beside.scaling.put_policy(policy, {**policy.configuration, **cooldowns.get(policy.name, {})})
    for alarm in world.alarms.all():
        if kept := _of_policies(alarm, copied):
            beside.alarms.put(kept)
    beside.scaling.settle(copied)
    replay = Replay(beside, plan, 0, {name for alarm in beside.alarms.all() for name in _metrics(alarm)})
    while replay.end > beside.clock.time():
        await beside.clock.advance(min(_SLICE, replay.end - beside.clock.time()))
        await asyncio.sleep(0)
    return replay.report()


def _beside(world: "World", plan: Plan, target: "Target") -> Any:
    """A world with what scaling needs, and an endpoint with one variant."""
    now = world.clock.time()
    clock = _Imagined(now if plan.start is None else max(now, datetime.fromisoformat(plan.start).timestamp()))
    made = SimpleNamespace(
        account=world.account,
        region=world.region,
        seed=world.seed,
        log=world.log,
        random=random.Random(world.seed),
        clock=clock,
        store=Store(clock, world.account, world.region),
        metrics=Metrics(clock),
        base=SimpleNamespace(events_are_wanted=lambda: False),
    )
    made.alarms = Alarms(made)
    made.scaling = Scaling(made)
    there = target.scalable.current
    variant = SimpleNamespace(
        name=plan.variant, settings={}, weight=1.0, desired=there, current=there, line=None, counts={"ok": 0, "5xx": 0}
    )
    endpoint = made.store.add(ENDPOINT, plan.endpoint, {}, {}, "InService")
    endpoint.runtime = SimpleNamespace(variants={plan.variant: variant}, shadows={}, config={})
    return made


def _scalable(beside: Any, plan: Plan) -> Scalable:
    return Scalable(beside, replace(INSTANCE_COUNT, change=_count), plan.endpoint, str(plan.variant))


async def _count(world: Any, endpoint: Resource, variant: str, count: int) -> None:
    """In place of processes."""
    found = endpoint.runtime.variants[variant]
    found.desired = found.current = count


def _of_policies(alarm: Alarm, target: "Target") -> dict[str, Any] | None:
    """What an alarm of the account was told, with those of its actions that are policies of the target's.

    None if it has none, or if it is target tracking's own: those are made with their policies.
    """
    arns = {policy.arn for policy in target.policies.values()}
    if any(alarm.name in policy.alarms.values() for policy in target.policies.values()):
        return None
    told = {member: [arn for arn in alarm.actions(state) if arn in arns] for state, member in ACTIONS.items()}
    return {**alarm.parameters, **told} if any(told.values()) else None


def _metrics(alarm: Alarm) -> list[str]:
    """The names of the metrics that an alarm looks at."""
    if alarm.statistic:
        return [alarm.parameters["MetricName"]]
    return [
        query["MetricStat"]["Metric"]["MetricName"] for query in alarm.parameters["Metrics"] if "MetricStat" in query
    ]
