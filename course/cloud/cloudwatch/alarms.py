"""The alarms of a world: `world.alarms`. Each full minute of the cloud's clock they are evaluated, while there are any.

That comes after everything else that is due at the minute, so that a minute's metrics are complete. Nothing leaves this
package but a change of state: to topics, functions and EventBridge. What is reached by `on_action` (scaling policies)
is told again every minute while the state lasts, as CloudWatch does for Auto Scaling.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import CloudError
from . import alarm_actions, statistics
from .alarm import Alarm, Datapoint, check, reason, reason_data
from .alarm_actions import LAMBDA, SNS, Past
from .alarm_history import History
from .evaluation import COMPARISONS, state
from .window import ExpressionWindow, MetricWindow, window

if TYPE_CHECKING:
    from ..world import World

Handler = Callable[[str, Alarm, str], Awaitable[Any]]
_MINUTE = 60


class Alarms:
    """Metric alarms by name, in the order in which they were made."""

    def __init__(self, world: "World"):
        self._world = world
        self._alarms: dict[str, Alarm] = {}
        self._windows: dict[str, MetricWindow | ExpressionWindow] = {}
        self._handlers: dict[str, Handler] = {}
        self._due: float | None = None
        self.history = History(world.clock)

    def put(self, parameters: Mapping[str, Any]) -> str:
        """Make or change an alarm, as PutMetricAlarm does; returns its ARN. Raises CloudError for what that refuses."""
        told = {name: value for name, value in parameters.items() if value is not None and name != "Tags"}
        check(told, (SNS, LAMBDA, *self._handlers))
        name, now = told["AlarmName"], self._world.clock.now()
        tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags") or ()}
        fresh = Alarm(name, self.arn(name), told, tags, now, now, now)
        self._windows[name] = window(fresh, self._world.metrics)
        alarm = self._alarms.get(name)
        if alarm is None:
            alarm = self._alarms[name] = fresh
            self._note(
                alarm, "ConfigurationUpdate", f'Alarm "{name}" created', {"type": "Create", "createdAlarm": told}
            )
        else:
            alarm.parameters, alarm.configured = told, now
            self._note(
                alarm, "ConfigurationUpdate", f'Alarm "{name}" updated', {"type": "Update", "updatedAlarm": told}
            )
        self._watch()
        return alarm.arn

    def remove(self, names: Iterable[str]) -> None:
        """Delete alarms. Raises nothing for those that are gone."""
        for name in names:
            if alarm := self._alarms.pop(name, None):
                del self._windows[name]
                self._note(alarm, "ConfigurationUpdate", f'Alarm "{name}" deleted', {"type": "Delete"})

    def arn(self, name: str) -> str:
        return f"arn:aws:cloudwatch:{self._world.region}:{self._world.account}:alarm:{name}"

    def find(self, name: str) -> Alarm | None:
        """The alarm of that name or ARN."""
        return self._alarms.get(name.removeprefix(self.arn("")))

    def all(self) -> list[Alarm]:
        return list(self._alarms.values())

    def on_action(self, prefix: str, handler: Handler) -> None:
        """Let actions whose ARN begins with `prefix` be done by `await handler(action ARN, alarm, state)`."""
        self._handlers[prefix] = handler

    def note_actions(self, alarm: Alarm, enabled: bool) -> None:
        """EnableAlarmActions and DisableAlarmActions."""
        alarm.parameters["ActionsEnabled"] = enabled
        alarm.configured = self._world.clock.now()
        self._note(alarm, "ConfigurationUpdate", f'Alarm "{alarm.name}" updated', {"type": "Update"})

    async def change(self, alarm: Alarm, value: str, why: str, data: str = "") -> None:
        """Bring an alarm into a state, with all that follows from it."""
        past, now = Past.of(alarm), self._world.clock.now()
        alarm.state, alarm.reason, alarm.reason_data, alarm.updated = value, why, data, now
        if past.state == value:
            return
        alarm.transitioned = now
        self._note(
            alarm,
            "StateUpdate",
            f"Alarm updated from {past.state} to {value}",
            {"oldState": _told(past), "newState": _told(Past.of(alarm))},
        )
        alarm_actions.tell(self._world, alarm, past)
        if alarm.actions_enabled:
            for arn in alarm.actions(value):
                await self._act(arn, alarm, past)

    # -- minute by minute ------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        """See to it that the next full minute is looked at."""
        if self._due is None:
            self._due = (self._world.clock.time() // _MINUTE + 1) * _MINUTE
            self._world.clock.at(self._due, self._minute, last=True)

    async def _minute(self) -> None:
        end, now = self._due, self._world.clock.time()
        for alarm in self.all():
            if self._alarms.get(alarm.name) is alarm:
                await self._evaluate(alarm, end, now)
        self._due = None
        if self._alarms:
            self._due = end + _MINUTE
            self._world.clock.at(self._due, self._minute, last=True)

    async def _evaluate(self, alarm: Alarm, end: float, now: float) -> None:
        points = alarm.looked_at = self._windows[alarm.name].at(end, now)
        breaches, _ = COMPARISONS[alarm.parameters["ComparisonOperator"]]
        limit = alarm.threshold
        signs = [None if point is None else breaches(point.value, limit) for point in points]
        found = state(signs, alarm.periods, alarm.to_alarm, alarm.treatment)
        if found is not None and found != alarm.state:
            evaluated = [point for point in reversed(points) if point is not None][: alarm.periods]
            if not _is_too_few(alarm, evaluated):
                why = reason(alarm, found, evaluated, alarm.periods - len(evaluated))
                await self.change(alarm, found, why, reason_data(alarm, evaluated, now))
                return
        if alarm.actions_enabled and self._handlers:
            for arn in alarm.actions(alarm.state):
                if handler := self._handler(arn):
                    await self._guarded(handler, arn, alarm)

    # -- actions ---------------------------------------------------------------------------------------------------

    def _handler(self, arn: str) -> Handler | None:
        return next((handler for prefix, handler in self._handlers.items() if arn.startswith(prefix)), None)

    async def _act(self, arn: str, alarm: Alarm, past: Past) -> None:
        """Do one action of a change of state; whether it could be done goes into the history."""
        fault = ""
        try:
            if handler := self._handler(arn):
                fault = await self._guarded(handler, arn, alarm)
            elif arn.startswith(SNS):
                await alarm_actions.notify(self._world, arn, alarm, past)
            else:
                await alarm_actions.invoke(self._world, arn, alarm, past)
        except CloudError as error:
            fault = error.message
        told = {
            "actionState": "Failed" if fault else "Succeeded",
            "notificationResource": arn,
            "stateUpdateTimestamp": int(alarm.updated.timestamp() * 1000),
            **({"error": fault} if fault else {}),
        }
        done = f"Successfully executed action {arn}"
        if fault:
            done = f'Failed to execute action {arn}. Received error: "{fault}"'
        self._note(alarm, "Action", done, told)

    async def _guarded(self, handler: Handler, arn: str, alarm: Alarm) -> str:
        """Call a handler; a fault of it stops neither the clock nor the other alarms. Returns what went wrong."""
        try:
            await handler(arn, alarm, alarm.state)
        except CloudError as error:
            return error.message
        except Exception as error:
            self._world.log.exception("the action %s of the alarm %s", arn, alarm.name)
            return str(error) or type(error).__name__
        return ""

    def _note(self, alarm: Alarm, kind: str, summary: str, data: dict[str, Any]) -> None:
        self.history.record(alarm.name, kind, summary, {"version": "1.0", **data})


def _told(past: Past) -> dict[str, Any]:
    data = {"stateReasonData": past.reason_data} if past.reason_data else {}
    return {"stateValue": past.state, "stateReason": past.reason, **data}


def _is_too_few(alarm: Alarm, points: list[Datapoint]) -> bool:
    """Whether EvaluateLowSampleCountPercentile says to wait: too few measurements for this percentile.

    Source: the guide's "Percentile-based alarms and low data samples": 10 / (1 - p), below the median 10 / p.
    """
    if alarm.parameters.get("EvaluateLowSampleCountPercentile") != "ignore":
        return False
    share = (statistics.percentile(alarm.statistic) or 0) / 100
    tail = min(share, 1 - share)
    return any(point.count is not None and point.count * tail < 10 - 1e-9 for point in points)
