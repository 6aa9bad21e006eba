"""course/cloud/cloudwatch/alarms.py: alarms over minutes, on a clock and metrics of their own."""

import asyncio
import json
import logging
import time
from types import SimpleNamespace

import pytest

from course.cloud.clock import Clock, real_time
from course.cloud.cloudwatch.alarms import Alarms
from course.cloud.cloudwatch.metrics import Metrics
from course.cloud.errors import CloudError

LATENCY = {
    "AlarmName": "slow",
    "Namespace": "N",
    "MetricName": "latency",
    "Statistic": "Average",
    "Period": 60,
    "EvaluationPeriods": 3,
    "Threshold": 10.0,
    "ComparisonOperator": "GreaterThanThreshold",
}


class Setting:
    """What alarms need of a world. Its clock begins at a full minute of its own; its minutes are counted from there."""

    region, account, log = "us-east-1", "123456789012", logging.getLogger("test")

    def __init__(self):
        self.begin = real_time() // 3600 * 3600 + 7200
        self.clock = Clock(self.begin)
        self.metrics = Metrics(self.clock)
        self.base = SimpleNamespace(events_are_wanted=lambda: False)
        self.alarms = Alarms(self)

    async def minutes(self, *values, name="latency"):
        """Let a minute pass for each value, with that value measured in it (None: with nothing measured)."""
        for value in values:
            if value is not None:
                self.metrics.put("N", {}, {name: value})
            await self.clock.advance(60)


def scene(act):
    async def run():
        setting = Setting()
        return await act(setting)

    return asyncio.run(run())


def states(setting, name="slow"):
    """(minute since the beginning, state) of each change."""
    entries = [entry for entry in setting.alarms.history.entries() if entry.type == "StateUpdate"]
    return [
        (round((entry.at.timestamp() - setting.begin) / 60), json.loads(entry.data)["newState"]["stateValue"])
        for entry in entries
        if entry.alarm == name
    ]


def test_three_minutes_over_the_threshold_alarm_and_one_below_ends_it():
    async def act(setting):
        setting.alarms.put(LATENCY)
        await setting.minutes(5, 20, 20, 20, 20, 5, 5)
        alarm = setting.alarms.find("slow")
        return states(setting), alarm.datapoints, alarm.state

    found, datapoints, state = scene(act)
    assert found == [(1, "OK"), (4, "ALARM"), (6, "OK")]
    assert (datapoints, state) == ([20, 5, 5], "OK")


def test_two_of_three_is_enough_where_the_alarm_says_so():
    async def act(setting):
        setting.alarms.put(LATENCY | {"DatapointsToAlarm": 2})
        await setting.minutes(5, 20, 5, 20, 5, 5)
        return states(setting)

    assert scene(act) == [(1, "OK"), (4, "ALARM"), (5, "OK")]


@pytest.mark.parametrize(
    ("treatment", "after"),
    [
        ("missing", [(10, "INSUFFICIENT_DATA")]),
        ("ignore", []),
        ("breaching", []),
        ("notBreaching", [(8, "OK")]),
    ],
)
def test_a_metric_that_stops_in_alarm(treatment, after):
    async def act(setting):
        setting.alarms.put(LATENCY | {"TreatMissingData": treatment})
        await setting.minutes(5, 5, 20, 20, 20, *[None] * 6)
        return states(setting)

    assert scene(act) == [(1, "OK"), (5, "ALARM"), *after]


def test_a_late_datapoint_counts_when_it_comes():
    async def act(setting):
        setting.alarms.put(LATENCY)
        await setting.minutes(5, 20, None, 20)
        setting.metrics.put("N", {}, {"latency": 20}, at=setting.begin + 150)
        await setting.minutes(None)
        return states(setting)

    assert scene(act) == [(1, "OK"), (5, "ALARM")]


def test_a_minute_counts_with_all_that_is_put_at_its_very_end():
    """Alarms come last at a full minute, whoever asked for the moment first."""

    async def act(setting):
        setting.alarms.put(LATENCY | {"EvaluationPeriods": 1})

        async def put():
            setting.metrics.put("N", {}, {"latency": 20}, at=setting.begin)

        setting.clock.at(setting.begin + 60, put)
        await setting.clock.advance(60)
        return states(setting)

    assert scene(act) == [(1, "ALARM")]


def test_a_period_of_five_minutes_slides_by_the_minute():
    async def act(setting):
        setting.alarms.put(LATENCY | {"Period": 300, "EvaluationPeriods": 1, "Statistic": "Sum"})
        await setting.minutes(1, 1, 1, 1, 1, 4, 4, 1, 1, 1, 1, 1)
        return states(setting)

    assert scene(act) == [(1, "OK"), (7, "ALARM"), (11, "OK")]


def test_a_percentile_waits_for_enough_measurements_if_it_is_told_to():
    percentile = {key: value for key, value in LATENCY.items() if key != "Statistic"} | {
        "ExtendedStatistic": "p90",
        "EvaluationPeriods": 1,
    }

    async def act(setting, low, count):
        setting.alarms.put(percentile | {"EvaluateLowSampleCountPercentile": low})
        values = {1.0: count * 0.8, 50.0: count * 0.2}
        setting.metrics.put_set("N", {}, "latency", count=0, total=0, minimum=0, maximum=0, values=values)
        await setting.minutes(None)
        return states(setting)

    assert scene(lambda setting: act(setting, "evaluate", 10)) == [(1, "ALARM")]
    assert scene(lambda setting: act(setting, "ignore", 90)) == []
    assert scene(lambda setting: act(setting, "ignore", 100)) == [(1, "ALARM")]


def test_what_aws_says_of_a_change():
    async def act(setting):
        setting.alarms.put(LATENCY | {"EvaluationPeriods": 2, "Unit": "None"})
        await setting.minutes(20, 30)
        alarm = setting.alarms.find("slow")
        return alarm.reason, json.loads(alarm.reason_data), setting.clock.now()

    reason, data, now = scene(act)
    assert reason.startswith("Threshold Crossed: 2 out of the last 2 datapoints [30.0 (")
    assert reason.endswith("were greater than the threshold (10.0) (minimum 2 datapoints for OK -> ALARM transition).")
    assert f"{now:%d/%m/%y}" in reason
    assert data["recentDatapoints"] == [20.0, 30.0]
    assert [point["value"] for point in data["evaluatedDatapoints"]] == [30.0, 20.0]
    assert {key: data[key] for key in ("version", "statistic", "period", "threshold", "unit")} == {
        "version": "1.0",
        "statistic": "Average",
        "period": 60,
        "threshold": 10.0,
        "unit": "None",
    }


@pytest.mark.parametrize(
    ("treatment", "values", "reason"),
    [
        ("missing", [20, 20, 20] + [None] * 5, "Insufficient Data: 3 datapoints were unknown."),
        (
            "breaching",
            [1, 1, 1] + [None] * 5,
            "Threshold Crossed: no datapoints were received for 3 periods and 3 missing datapoints were treated as "
            "[Breaching].",
        ),
    ],
)
def test_what_aws_says_where_data_is_missing(treatment, values, reason):
    async def act(setting):
        setting.alarms.put(LATENCY | {"TreatMissingData": treatment})
        await setting.minutes(*values)
        return setting.alarms.find("slow").reason

    assert scene(act) == reason


def test_a_handler_is_told_every_minute_while_the_state_lasts():
    told = []

    async def act(setting):
        async def handler(arn, alarm, state):
            minute = round((setting.clock.time() - setting.begin) / 60)
            told.append((minute, arn, alarm.name, alarm.datapoints[-1], state))

        setting.alarms.on_action("arn:aws:autoscaling:", handler)
        policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:p"
        setting.alarms.put(LATENCY | {"EvaluationPeriods": 1, "AlarmActions": [policy]})
        await setting.minutes(5, 20, 30, 40, 5)
        setting.alarms.note_actions(setting.alarms.find("slow"), enabled=False)
        await setting.minutes(20, 20)
        actions = [entry for entry in setting.alarms.history.entries() if entry.type == "Action"]
        return policy, [entry.summary for entry in actions]

    policy, actions = scene(act)
    assert told == [(minute, policy, "slow", value, "ALARM") for minute, value in ((2, 20), (3, 30), (4, 40))]
    assert actions == [f"Successfully executed action {policy}"]


def test_a_handler_that_fails_stops_neither_the_clock_nor_the_other_alarms():
    async def act(setting):
        async def handler(arn, alarm, state):
            raise RuntimeError("no capacity")

        setting.alarms.on_action("arn:aws:autoscaling:", handler)
        policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:p"
        setting.alarms.put(LATENCY | {"AlarmName": "first", "EvaluationPeriods": 1, "AlarmActions": [policy]})
        setting.alarms.put(LATENCY | {"EvaluationPeriods": 1})
        await setting.minutes(20, 5)
        return states(setting), [e.summary for e in setting.alarms.history.entries() if e.type == "Action"]

    found, actions = scene(act)
    assert found == [(1, "ALARM"), (2, "OK")]
    assert len(actions) == 1
    assert "no capacity" in actions[0]


def test_an_alarm_that_is_changed_keeps_its_state_and_one_that_is_removed_is_gone():
    async def act(setting):
        arn = setting.alarms.put(LATENCY | {"EvaluationPeriods": 1})
        await setting.minutes(20)
        assert setting.alarms.put(LATENCY | {"EvaluationPeriods": 1, "Threshold": 100.0}) == arn
        kept = setting.alarms.find(arn).state
        await setting.minutes(20)
        changed = setting.alarms.find("slow").state
        setting.alarms.remove(["slow", "never"])
        await setting.minutes(200)
        return kept, changed, setting.alarms.find("slow"), states(setting)

    assert scene(act) == ("ALARM", "OK", None, [(1, "ALARM"), (2, "OK")])


def test_history_lasts_thirty_days():
    async def act(setting):
        setting.alarms.put(LATENCY)
        setting.alarms.remove(["slow"])
        await setting.clock.advance(29 * 86_400)
        before = len(setting.alarms.history.entries())
        await setting.clock.advance(2 * 86_400)
        return before, len(setting.alarms.history.entries())

    assert scene(act) == (2, 0)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"MetricName": None}, "Exactly one of MetricName and Metrics"),
        ({"Namespace": None}, "Namespace is required"),
        ({"Statistic": None}, "exactly one of Statistic and ExtendedStatistic"),
        ({"ExtendedStatistic": "p90"}, "exactly one of Statistic and ExtendedStatistic"),
        ({"Period": 10}, "below 60 seconds"),
        ({"Period": 90}, "multiple of 60"),
        ({"EvaluationPeriods": 1441}, r"EvaluationPeriods \* Period must be <= 86400"),
        ({"Period": 3600, "EvaluationPeriods": 169}, r"EvaluationPeriods \* Period must be <= 604800"),
        ({"DatapointsToAlarm": 4}, "DatapointsToAlarm must be less than or equal"),
        ({"Threshold": None}, "Threshold is required"),
        ({"ComparisonOperator": "GreaterThanUpperThreshold"}, "GreaterThanUpperThreshold"),
        ({"TreatMissingData": "bad"}, r"\[breaching, notBreaching, ignore, missing\]"),
        ({"EvaluateLowSampleCountPercentile": "ignore"}, "alarms on percentiles"),
        ({"AlarmActions": ["nonsense"]}, "Invalid arn syntax: nonsense"),
        ({"AlarmActions": ["arn:aws:automate:us-east-1:ec2:stop"]}, "does not support the action"),
        ({"OKActions": ["arn:aws:sns:us-east-1:123456789012:t"] * 6}, "at most 5"),
    ],
)
def test_what_an_alarm_may_not_be(more, words):
    async def act(setting):
        with pytest.raises(CloudError, match=words):
            setting.alarms.put(LATENCY | more)

    scene(act)


def test_a_week_of_three_alarms_takes_about_a_second():
    """Stated: at most 1 s of processor time on the machine that the bench names; the bound here leaves room."""

    async def act(setting):
        async def handler(arn, alarm, state):
            pass

        setting.alarms.on_action("arn:aws:autoscaling:", handler)
        policy = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:1:p"
        for number, (name, periods) in enumerate((("high", 3), ("low", 15), ("errors", 1))):
            limit = {"EvaluationPeriods": periods, "Threshold": number}
            setting.alarms.put(LATENCY | limit | {"AlarmName": name, "AlarmActions": [policy]})
        for minute in range(10_080):
            setting.metrics.put("N", {}, {"latency": minute % 7}, at=setting.begin + minute * 60)
        start = time.process_time()
        await setting.clock.advance(10_080 * 60)
        return time.process_time() - start, len(states(setting, "errors"))

    taken, changes = scene(act)
    print(f"\n{taken:.2f} s, {changes} changes")
    assert changes > 2000
    assert taken < 10
