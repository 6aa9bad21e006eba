"""A world with nothing in it but a clock, metrics, alarms and one variant whose instances cost nothing to start."""

import asyncio
import logging
import random
from datetime import datetime
from types import SimpleNamespace

from course.cloud.autoscaling import dimension
from course.cloud.autoscaling.scaling import Scaling
from course.cloud.clock import Clock
from course.cloud.cloudwatch.alarms import Alarms
from course.cloud.cloudwatch.metrics import Metrics
from course.cloud.sagemaker.resources import ENDPOINT
from course.cloud.store import Store

RESOURCE = "endpoint/shop/variant/main"
MINUTE, HOUR, DAY = 60, 3600, 86_400


class Simulation:
    """One scalable target, driven by load(minute) → requests in that minute (None: no data)."""

    def __init__(self, least=1, most=6, instances=1, start="2027-03-22T00:00:00+00:00", seed=7):
        world = self.world = SimpleNamespace(
            clock=Clock(datetime.fromisoformat(start).timestamp()),
            random=random.Random(seed),
            region="us-east-1",
            account="000000000000",
            log=logging.getLogger("simulation"),
            base=SimpleNamespace(events_are_wanted=lambda: False),
        )
        world.store = Store(world.clock, world.account, world.region)
        world.metrics = Metrics(world.clock)
        world.alarms = Alarms(world)
        world.scaling = Scaling(world)
        self.start = world.clock.time()
        self.variant = SimpleNamespace(settings={}, desired=instances)
        self.endpoint = world.store.add(ENDPOINT, "shop", {}, {}, "InService")
        self.endpoint.runtime = SimpleNamespace(variants={"main": self.variant}, config={})
        self.capacities = []  # at the end of each minute
        scalable = dimension.scalable(world, "sagemaker", RESOURCE, dimension.INSTANCE_COUNT.name)
        self.target = world.scaling.register(scalable, RESOURCE, "role", least, most, {})

    def track(self, value, name="track", metric=None, **more):
        policy = self.world.scaling.new_policy(self.target, name, "TargetTrackingScaling")
        specification = metric or {
            "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
        }
        self.world.scaling.put_policy(policy, {"TargetValue": value, **specification, **more})
        return policy

    def step(self, configuration, name="step", periods=1, threshold=100.0, comparison="GreaterThanThreshold"):
        policy = self.world.scaling.new_policy(self.target, name, "StepScaling")
        self.world.scaling.put_policy(policy, configuration)
        self.world.alarms.put(
            {
                "AlarmName": f"for {name}",
                "Namespace": "AWS/SageMaker",
                "MetricName": "InvocationsPerInstance",
                "Dimensions": [{"Name": "EndpointName", "Value": "shop"}, {"Name": "VariantName", "Value": "main"}],
                "Statistic": "Sum",
                "Period": 60,
                "EvaluationPeriods": periods,
                "Threshold": threshold,
                "ComparisonOperator": comparison,
                "AlarmActions": [policy.arn],
            }
        )
        return policy

    def run(self, minutes, load):
        """Let minutes pass. What a request weighs on an instance is its share, as InvocationsPerInstance counts it."""
        asyncio.run(self._run(minutes, load))
        return self.capacities[-minutes:]

    async def _run(self, minutes, load):
        clock = self.world.clock
        for _ in range(minutes):
            minute = len(self.capacities)
            at = self.start + minute * MINUTE
            requests = load(minute)
            if requests is not None and self.variant.desired:
                value = requests / self.variant.desired
                dimensions = {"EndpointName": "shop", "VariantName": "main"}
                self.world.metrics.put("AWS/SageMaker", dimensions, {"InvocationsPerInstance": value}, at=at + 30)
            await clock.advance(max(0.0, at + MINUTE - clock.time()) + 0.001)
            self.capacities.append(self.variant.desired)

    @property
    def activities(self):
        return self.world.scaling.activities

    def done(self):
        """(minute, description, cause) of what changed a capacity or its bounds."""
        return [
            (round((a.start.timestamp() - self.start) / MINUTE), a.description, a.cause)
            for a in self.activities
            if not a.reasons
        ]

    def left(self):
        """Reasons for what was not done."""
        return [reason for activity in self.activities for reason in activity.reasons]


async def rescale(world, endpoint, counts):
    """In place of processes: the count is what it is asked to be."""
    for name, count in counts.items():
        endpoint.runtime.variants[name].desired = count
