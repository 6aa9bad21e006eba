"""The life of a training job: attempts on fresh instances until one ends by itself, or the job is stopped."""

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator
from typing import Any

from ..images import resolve
from ..logs import MetricPoint
from ..meter import price_per_hour
from ..store import Resource
from . import training_output as output
from .jobs import JobFailed
from .training_host import Host
from .training_input import Channel

NAMESPACE = "/aws/sagemaker/TrainingJobs"

_STARTING = "Starting the training job"
_NO_CAPACITY = "Insufficient capacity error from EC2 while launching instances, retrying!"
_TRAINING = "Training image download completed. Training in progress."
_ENDS = {
    "Completed": "Training job completed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds",
}


class Life:
    """A job that is under way. `live` carries it to its end: Completed, Stopped or Failed, whatever happens."""

    def __init__(self, world: Any, job: Resource) -> None:
        self._world, self._job = world, job
        self._stopping = asyncio.Event()
        self._reclaimed = asyncio.Event()
        self._attempts = 0
        self._ran = 0.0  # real seconds that programs have run
        self._seconds = 0.0  # of cloud time on instances
        self._points: dict[str, MetricPoint] = {}
        self._is_spot = job.fields["EnableManagedSpotTraining"]
        self._discount = world.spot.discount() if self._is_spot else 0.0
        self._channels = [
            Channel.of(settings, job.fields["AlgorithmSpecification"]["TrainingInputMode"])
            for settings in job.fields.get("InputDataConfig", [])
        ]
        self._phase("Starting", _STARTING)

    def stop(self) -> None:
        """StopTrainingJob."""
        self._be_stopping()
        self._stopping.set()

    def reclaim(self) -> None:
        """Take the instances away. Raises ValueError unless a spot job is in Training."""
        if not self._is_spot or self._job.fields["SecondaryStatus"] != "Training":
            raise ValueError(f"{self._job.name} is no managed spot training job in the secondary status Training.")
        self._reclaimed.set()

    async def live(self) -> None:
        try:
            self._finish(await self._until_the_end())
        except JobFailed as failure:
            self._finish("Failed", str(failure))
        except asyncio.CancelledError:
            raise
        except Exception:
            self._world.log.exception("training job %s", self._job.name)
            self._finish("Failed", "InternalServerError: We encountered an internal error. Please try again.")

    async def _until_the_end(self) -> str:
        while True:
            if early := await self._wait_for_capacity():
                return early
            end = await self._attempt()
            if end != "Interrupted":
                return end
            self._phase("Interrupted", "Training job interrupted: its spot instances were taken away")
            self._phase("Starting", _STARTING)

    async def _wait_for_capacity(self) -> str:
        """Wait for spot instances; how the job ends if there are none in time, else ""."""
        market = self._world.spot
        if self._is_spot and not market.free:
            self._phase("Starting", _NO_CAPACITY)
            label = f"MaxWaitTimeInSeconds of training job {self._job.name}"
            await market.wait(self._world.clock, self._wait_ends(), self._stopping, label)
        if self._stopping.is_set():
            return "Stopped"
        if self._is_spot and self._world.clock.time() >= self._wait_ends():
            self._be_stopping()
            return "MaxWaitTimeExceeded"
        return ""

    def _wait_ends(self) -> float:
        return self._job.created.timestamp() + self._job.fields["StoppingCondition"]["MaxWaitTimeInSeconds"]

    async def _attempt(self) -> str:
        """One try on fresh instances; how it ended. Raises JobFailed."""
        self._attempts += 1
        job, world, count = self._job, self._world, self._job.fields["ResourceConfig"]["InstanceCount"]
        names = [f"algo-{number}" for number in range(1, count + 1)]
        async with contextlib.AsyncExitStack() as stack:
            hosts = [await stack.enter_async_context(Host.opened(world, job, name, names)) for name in names]
            self._phase("Downloading", "Downloading input data")
            with self._metered(count):
                for host in hosts:
                    await host.prepare(self._channels)
                end = await self._train(hosts)
                if end != "Interrupted":
                    if end == "Completed" and job.status == "InProgress":
                        self._phase("Uploading", "Uploading generated training model")
                    await output.upload(job, [host.folder for host in hosts], hosts[0].storage)
            return end

    @contextlib.contextmanager
    def _metered(self, count: int):
        """Count and price the time on instances."""
        job, clock = self._job, self._world.clock
        if "TrainingStartTime" not in job.fields:
            self._world.store.touch(job, TrainingStartTime=clock.now())
        rate = price_per_hour(job.fields["ResourceConfig"]["InstanceType"], count) * (1 - self._discount)
        line, start = self._world.meter.start(job.name, "TrainingJob", job.arn, rate), clock.time()
        try:
            yield
        finally:
            self._world.meter.stop(line)
            self._seconds += clock.time() - start

    async def _train(self, hosts: list[Host]) -> str:
        """Run the programs to their end: Completed, Stopped, Interrupted or a limit exceeded. Raises JobFailed."""
        if self._stopping.is_set():
            return "Stopped"
        self._phase("Training", _TRAINING)
        self._reclaimed.clear()
        entry = resolve(self._job.fields["AlgorithmSpecification"]["TrainingImage"]).programs.train
        end, failure = "Failed", None
        try:
            for host in hosts:
                await host.start(entry, self._reading)
            started = time.monotonic()
            end = await self._watch(hosts)
            self._ran += time.monotonic() - started
        except JobFailed as error:
            failure = error
        finally:
            await asyncio.gather(*(host.end() for host in hosts))
            self._record_metrics(hosts)
        for host in hosts:
            try:
                await host.save()
            except JobFailed as error:
                failure = failure or error
        if failure:
            raise failure
        # A program may be done before its lines are read: what was drawn comes all the same.
        return "Interrupted" if end == "Completed" and self._reclaimed.is_set() else end

    async def _watch(self, hosts: list[Host]) -> str:
        """Wait until every program has ended well, or something ends them. One that fails ends the others."""
        limit, exceeded = self._limit()
        stopped, reclaimed = (asyncio.ensure_future(event.wait()) for event in (self._stopping, self._reclaimed))
        loads = {load for host in hosts for load in host.loads}
        running = {asyncio.ensure_future(host.wait()): host for host in hosts}
        deadline = time.monotonic() + limit
        try:
            while True:
                left = max(0.0, deadline - time.monotonic())
                waits = {stopped, reclaimed, *loads, *(one for one in running if not one.done())}
                done, _ = await asyncio.wait(waits, timeout=left, return_when=asyncio.FIRST_COMPLETED)
                for load in done & loads:
                    load.result()
                loads -= done
                for one in done & running.keys():
                    if code := one.result():
                        host = running[one]
                        await self._stop(hosts)
                        raise JobFailed(output.failure_reason(host.folder, code))
                if all(one.done() for one in running):
                    return "Completed"
                if stopped in done or reclaimed in done or not done:
                    end = "Stopped" if stopped in done else "Interrupted" if reclaimed in done else exceeded
                    if end == exceeded:
                        self._be_stopping()
                    await self._stop(hosts)
                    return end
        finally:
            for one in (stopped, reclaimed, *running):
                one.cancel()

    def _limit(self) -> tuple[float, str]:
        """Real seconds that the programs may still run, and what it is called when they are over."""
        condition = self._job.fields["StoppingCondition"]
        left = condition["MaxRuntimeInSeconds"] - self._ran
        if self._is_spot and (wait_left := self._wait_ends() - self._world.clock.time()) < left:
            return wait_left, "MaxWaitTimeExceeded"
        return left, "MaxRuntimeExceeded"

    async def _stop(self, hosts: list[Host]) -> None:
        await asyncio.gather(*(host.stop(self._world.stop_grace) for host in hosts))

    async def _reading(self, host: Host, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The output of a host; what the market has drawn happens when so many lines of the first one have come."""
        last = self._world.spot.lines(self._attempts - 1) if self._is_spot and host.is_first else None
        count = 0
        async for line in lines:
            yield line
            count += 1
            if count == last:
                self._reclaimed.set()

    def _record_metrics(self, hosts: list[Host]) -> None:
        for host in hosts:
            self._points |= {point.name: point for point in host.points}
            # By host as AWS documents it, and by job as the SDK's TrainingJobAnalytics asks for it.
            for dimension in ({"Host": f"{self._job.name}/{host.name}"}, {"TrainingJobName": self._job.name}):
                self._world.spawn(self._world.put_metrics(NAMESPACE, host.points, dimension))
        final = [{"MetricName": p.name, "Value": p.value, "Timestamp": p.at} for p in self._points.values()]
        self._world.store.touch(self._job, FinalMetricDataList=final)

    def _be_stopping(self) -> None:
        if self._job.status == "InProgress":
            self._world.store.move(self._job, "Stopping")
            self._phase("Stopping", "Stopping the training job")

    def _phase(self, status: str, message: str) -> None:
        """Enter the next secondary status, or say more of the present one."""
        now, steps = self._world.clock.now(), self._job.fields["SecondaryStatusTransitions"]
        if steps and steps[-1]["Status"] == status:
            steps[-1]["StatusMessage"] = message
        else:
            if steps:
                steps[-1]["EndTime"] = now
            steps.append({"Status": status, "StartTime": now, "StatusMessage": message})
        self._world.store.touch(self._job, SecondaryStatus=status)

    def _finish(self, end: str, reason: str = "") -> None:
        """Enter the last state. Seconds are rounded up; what a spot job saves is left out of the billable ones."""
        job, fields = self._job, dict[str, Any]()
        if "TrainingStartTime" in job.fields:
            seconds = max(1, math.ceil(self._seconds))
            billable = max(1, round(seconds * (1 - self._discount)))
            fields |= {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": billable}
        if reason:
            fields["FailureReason"] = reason[:1024]
        status = end if end in ("Completed", "Failed") else "Stopped"
        if job.status == "Stopping" and end == "Completed":
            end = status = "Stopped"
        self._phase(end, _ENDS.get(end, reason))
        now = job.fields["SecondaryStatusTransitions"][-1]["EndTime"] = self._world.clock.now()
        job.runtime = None
        self._world.store.move(job, status, TrainingEndTime=now, **fields)
