"""The engine by itself: what it does when a step fails in a way that may pass, on a clock that can jump."""

import asyncio
import json
import logging
from types import SimpleNamespace

import pytest

from course.cloud.clock import Clock
from course.cloud.pipelines import steps
from course.cloud.pipelines.definition import Definition
from course.cloud.pipelines.execution import EXECUTION, STEP, Execution
from course.cloud.pipelines.fault import StepFailed
from course.cloud.pipelines.steps.kind import StepType
from course.cloud.store import Store


class Shaky(StepType):
    """Fails as often as it is told, then succeeds."""

    def __init__(self, clock, failures, kind):
        self.clock, self.failures, self.kind, self.began = clock, failures, kind, []

    async def run(self, run):
        self.began.append(self.clock.time())
        await asyncio.sleep(0.05)
        if len(self.began) <= self.failures:
            raise StepFailed("CapacityError: no instance", self.kind)
        return {"Count": len(self.began)}


def start(monkeypatch, failures, kind, **policy):
    clock = Clock()
    world = SimpleNamespace(clock=clock, store=Store(clock, "123456789012", "us-east-1"), log=logging.getLogger())
    shaky = Shaky(clock, failures, kind)
    monkeypatch.setitem(steps._TYPES, "Shaky", shaky)
    policies = [{"ExceptionType": [kind], "IntervalSeconds": 600, "BackoffRate": 2, **policy}] if policy else []
    step = {"Name": "Try", "Type": "Shaky", "RetryPolicies": policies}
    definition = Definition.parse(json.dumps({"Version": "2020-12-01", "Steps": [step]}))
    resource = world.store.add(EXECUTION, "p/execution/e", {"PipelineArn": "p"}, {}, "Executing")
    execution = Execution(world, resource, definition, {}, "role", None)
    resource.runtime = execution
    return execution, shaky, asyncio.ensure_future(execution.run())


def tried(execution):
    return execution.world.store.find(STEP, "p/execution/e/step/Try")


async def until(condition):
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def test_retries_wait_in_cloud_time_and_a_jump_stands_still_for_them(monkeypatch):
    async def scenario():
        execution, shaky, running = start(monkeypatch, 2, "SageMaker.CAPACITY_ERROR", MaxAttempts=3)
        await until(lambda: execution.world.clock._due)
        assert len(shaky.began) == 1
        done = await execution.world.clock.advance(599)
        assert (done, len(shaky.began)) == ([], 1)
        done = await execution.world.clock.advance(86_400)
        assert done == ["retry in p/execution/e"] * 2
        await running
        assert execution.resource.status == "Succeeded"
        assert (tried(execution).status, tried(execution).fields["AttemptCount"]) == ("Succeeded", 3)
        waits = [later - earlier for earlier, later in zip(shaky.began, shaky.began[1:], strict=False)]
        assert waits == pytest.approx([600, 1200], abs=2)

    asyncio.run(scenario())


def test_when_no_retry_is_left_the_step_fails(monkeypatch):
    async def scenario():
        execution, shaky, running = start(monkeypatch, 9, "SageMaker.CAPACITY_ERROR", MaxAttempts=1)
        await until(lambda: execution.world.clock._due)
        await execution.world.clock.advance(86_400)
        await running
        assert (execution.resource.status, len(shaky.began)) == ("Failed", 2)
        assert tried(execution).fields["FailureReason"] == "CapacityError: no instance"

    asyncio.run(scenario())


def test_without_a_policy_a_job_is_not_tried_again(monkeypatch):
    async def scenario():
        execution, shaky, running = start(monkeypatch, 1, "SageMaker.CAPACITY_ERROR")
        await running
        assert (execution.resource.status, len(shaky.began)) == ("Failed", 1)

    asyncio.run(scenario())


def test_throttling_is_tried_again_by_itself(monkeypatch):
    async def scenario():
        execution, shaky, running = start(monkeypatch, 1, "Step.THROTTLING")
        await until(lambda: execution.world.clock._due)
        await execution.world.clock.advance(1)
        await running
        assert (execution.resource.status, len(shaky.began)) == ("Succeeded", 2)

    asyncio.run(scenario())


def test_an_execution_that_is_stopped_does_not_wait_for_the_retry(monkeypatch):
    async def scenario():
        execution, shaky, running = start(monkeypatch, 9, "SageMaker.CAPACITY_ERROR", MaxAttempts=3)
        await until(lambda: execution.world.clock._due)
        execution.stop()
        await asyncio.wait_for(running, 5)
        assert (execution.resource.status, tried(execution).status, len(shaky.began)) == ("Stopped", "Stopped", 1)
        await execution.world.clock.advance(86_400)  # what is left on the clock holds nothing up
        assert len(shaky.began) == 1

    asyncio.run(scenario())
