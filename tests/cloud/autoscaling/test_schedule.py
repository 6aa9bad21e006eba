"""Scheduled actions through the API."""

from datetime import UTC, datetime, timedelta

import pytest

from .test_target import refused


def plan(shop, name="up", **more):
    asked = {
        "Schedule": "cron(45 8 ? * MON-FRI *)",
        "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 4},
        **more,
    }
    shop.aas.put_scheduled_action(**shop.target, ScheduledActionName=name, **asked | more)


def actions(shop, **more):
    return shop.aas.describe_scheduled_actions(ServiceNamespace="sagemaker", **more)["ScheduledActions"]


def test_an_action_is_made_changed_and_deleted(registered):
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    plan(registered, Timezone="Europe/Paris", EndTime=end)
    plan(registered, name="other")
    first, other = actions(registered)
    assert (first["ScheduledActionName"], other["ScheduledActionName"]) == ("up", "other")
    assert (first["Schedule"], first["Timezone"], first["EndTime"]) == ("cron(45 8 ? * MON-FRI *)", "Europe/Paris", end)
    assert first["ScheduledActionARN"].endswith("endpoint/shop/variant/main:scheduledActionName/up")
    registered.aas.put_scheduled_action(
        **registered.target, ScheduledActionName="up", ScalableTargetAction={"MinCapacity": 2}
    )
    (changed,) = actions(registered, ScheduledActionNames=["up"], ResourceId=registered.target["ResourceId"])
    assert changed["ScalableTargetAction"] == {"MinCapacity": 2}
    assert (changed["Schedule"], changed["Timezone"]) == (first["Schedule"], "Europe/Paris")
    assert "EndTime" not in changed
    assert changed["ScheduledActionARN"] == first["ScheduledActionARN"]
    registered.aas.delete_scheduled_action(**registered.target, ScheduledActionName="up")
    assert [action["ScheduledActionName"] for action in actions(registered)] == ["other"]
    with refused("ObjectNotFoundException", "scheduled action name: up"):
        registered.aas.delete_scheduled_action(**registered.target, ScheduledActionName="up")


def test_it_moves_real_processes(registered):
    soon = datetime.fromisoformat(registered.lab.cloud.control("now")["now"]) + timedelta(minutes=10)
    plan(registered, Schedule=f"at({soon:%Y-%m-%dT%H:%M:%S})")
    registered.advance(9 * 60)
    assert registered.counts() == (2, 2)
    registered.advance(2 * 60)
    assert registered.counts() == (3, 3)
    later, earlier = registered.activities(ResourceId=registered.target["ResourceId"])
    assert earlier["Cause"] == "scheduled action name up was triggered"
    assert earlier["Description"] == "Setting min capacity to 3 and max capacity to 4"
    assert later["Cause"] == "minimum capacity was set to 3"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"Schedule": "cron(45 8 * * *)"}, "Invalid schedule"),
        ({"Schedule": "every day"}, "Invalid schedule"),
        ({"Timezone": "Mars/Olympus"}, "no time zone Mars/Olympus"),
        ({"Schedule": "at(2020-01-01T00:00:00)"}, "must be in the future"),
        ({"ScalableTargetAction": {}}, "needs a Schedule and a ScalableTargetAction"),
        ({"ScalableTargetAction": {"MinCapacity": 4, "MaxCapacity": 2}}, "cannot be greater than maximum"),
        ({"ScalableTargetAction": {"MinCapacity": 0}}, "must be at least 1"),
        ({"EndTime": datetime(2020, 1, 1, tzinfo=UTC)}, "EndTime must be in the future"),
        (
            {"StartTime": datetime(2040, 1, 2, tzinfo=UTC), "EndTime": datetime(2040, 1, 1, tzinfo=UTC)},
            "StartTime must be before EndTime",
        ),
    ],
)
def test_what_is_no_scheduled_action_is_refused(registered, change, words):
    with refused("ValidationException", words):
        plan(registered, **change)
    assert actions(registered) == []


def test_an_action_needs_a_target(shop):
    with refused("ObjectNotFoundException", "No scalable target registered"):
        plan(shop)
