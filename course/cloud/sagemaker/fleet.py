"""The processes behind an endpoint: for each variant so many instances, and how requests are spread over them."""

import asyncio
import itertools
from copy import deepcopy
from typing import Any

from course.cloud.worker import Worker

from ..meter import Line, price_per_hour
from ..store import Resource
from . import data_capture
from .data_capture import Capture
from .instance import Instance
from .instance_metrics import Usage
from .invocation_metrics import Tally
from .jobs import JobFailed
from .resources import ENDPOINT_CONFIG, MODEL
from .serverless import Serverless

SERVING = ("InService", "Updating", "RollingBack")
"""The states in which an endpoint answers requests."""


class Variant:
    """A variant at work: its share, its instances, its counts."""

    def __init__(
        self, settings: dict[str, Any], model: Resource, counts: dict[str, int], tally: Tally, capture: Capture | None
    ):
        self.name: str = settings["VariantName"]
        self.settings, self.model = settings, model
        self.tally, self.capture = tally, capture
        self.copies = 0  # of requests, that a shadow variant has not answered
        self.weight: float = settings["InitialVariantWeight"]
        self.desired_weight = self.weight
        self.desired: int = settings["InitialInstanceCount"]
        self.instances: list[Instance] = []
        self.workers: list[Worker] = []  # the healthy ones
        self.counts = counts
        self.line: Line | None = None  # the meter's
        self._turn = itertools.count()

    @property
    def current(self) -> int:
        """Instances; a container that is being started again counts, as on AWS."""
        return len(self.instances)

    def worker(self) -> Worker | None:
        """The next healthy worker, in turn."""
        while self.workers:
            worker = self.workers[next(self._turn) % len(self.workers)]
            if worker.alive:
                return worker
            self.drop(worker)  # its end is seen here before it is reported
        return None

    def drop(self, worker: Worker) -> None:
        """Ask `worker` no more."""
        if worker in self.workers:
            self.workers.remove(worker)

    def summary(self) -> dict[str, Any]:
        """A ProductionVariantSummary, and what a PendingProductionVariantSummary has more."""
        image = self.model.fields["PrimaryContainer"]["Image"]
        return {
            "VariantName": self.name,
            "DeployedImages": [
                {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": self.model.created},
            ],
            "CurrentWeight": self.weight,
            "DesiredWeight": self.desired_weight,
            "CurrentInstanceCount": self.current,
            "DesiredInstanceCount": self.desired,
            "InstanceType": self.settings["InstanceType"],
        }


class Fleet:
    """All variants of one endpoint as one configuration asks for them, kept as it was when the fleet was made.

    `settings` are what holds of the configuration, where that is not all that it says. `before` is the fleet that this
    one follows: the counts of answered requests go on.
    """

    def __init__(
        self,
        world: Any,
        endpoint: Resource,
        config: Resource,
        models: dict[str, Resource],
        settings: dict[str, Any] | None = None,
        before: "Fleet | None" = None,
    ):
        self._world, self._endpoint, self._config_resource = world, endpoint, config
        self.config = settings or deepcopy(config.fields)
        self._counts: dict[str, dict[str, int]] = before._counts if before else {}
        self.weighings: list[dict[str, Any]] = before.weighings if before else []
        """What held whenever the weights changed: {"at": cloud time, "weights": from then on, "counts": until then}."""
        self._capture = data_capture.start(world, endpoint.name, self.config.get("DataCaptureConfig"))
        self.variants = self._made(self.config["ProductionVariants"], models)
        self.shadows = self._made(self.config.get("ShadowProductionVariants", []), models)
        self.next: Fleet | None = None  # the one that will take this one's place, once it is up
        self._usage = Usage(world, endpoint.name, self._instances)
        self._since = world.clock.now()
        self._up = False
        self._share()

    def _made(self, settings: list[dict[str, Any]], models: dict[str, Resource]) -> dict[str, Variant | Serverless]:
        made: dict[str, Variant | Serverless] = {}
        for variant in settings:
            name = variant["VariantName"]
            counts = self._counts.setdefault(name, {"ok": 0, "4xx": 0, "5xx": 0})
            asynchronous = "AsyncInferenceConfig" in self.config
            tally = Tally(self._world, self._endpoint.name, name, asynchronous=asynchronous)
            model = models[variant["ModelName"]]
            if "ServerlessConfig" in variant:
                made[name] = Serverless(self._world, self._endpoint, variant, model, counts, tally)
            else:
                made[name] = Variant(variant, model, counts, tally, self._capture)
        return made

    @property
    def config_name(self) -> str:
        return self._config_resource.name

    def _instances(self) -> list[tuple[str, Instance]]:
        return [
            (variant.name, instance)
            for variant in (*self.variants.values(), *self.shadows.values())
            if isinstance(variant, Variant)
            for instance in variant.instances
        ]

    def counts(self) -> dict[str, dict[str, int]]:
        """Answered requests by variant and outcome, those of the fleets before included."""
        return {name: dict(counts) for name, counts in self._counts.items()}

    def draw(self) -> Variant | Serverless:
        """A production variant, by weight."""
        if len(self._drawn) == 1:
            return self._drawn[0]
        return self._world.random.choices(self._drawn, cum_weights=self._shares)[0]

    def weigh(self, weights: dict[str, float]) -> None:
        """Give variants other weights; the next request is drawn by them."""
        for name, weight in weights.items():
            self.variants[name].weight = self.variants[name].desired_weight = weight
        self._share()
        self._weighed()

    def _weighed(self) -> None:
        weights = {name: variant.weight for name, variant in self.variants.items()}
        self.weighings.append({"at": self._world.clock.now(), "weights": weights, "counts": self.counts()})

    def _share(self) -> None:
        self._drawn = list(self.variants.values())
        self._shares = list(itertools.accumulate(variant.weight for variant in self._drawn))

    async def start(self) -> None:
        """Start every instance; returns when each is healthy. Raises JobFailed; then `close` clears away."""
        everyone = [*self.variants.values(), *self.shadows.values()]
        await _together(self._open(variant) for variant in everyone)
        self._up = True
        self._usage.start()
        self._weighed()

    async def _open(self, variant: Variant | Serverless) -> None:
        if isinstance(variant, Serverless):
            await variant.open()
        else:
            await self._grow(variant, variant.desired)

    async def resize(self, name: str, count: int) -> None:
        """Bring a variant to `count` instances, 0 included. Raises JobFailed, and leaves it as it was.

        What goes first answers what it has been asked, for as long as an invocation may take.
        """
        variant = self.variants.get(name) or self.shadows[name]
        variant.desired = count
        if count > variant.current:
            try:
                self._check_sources(variant)
                await self._grow(variant, count - variant.current)
            except BaseException:
                variant.desired = variant.current
                raise
        elif count < variant.current:
            gone, variant.instances = variant.instances[count:], variant.instances[:count]
            self._bill(variant)
            seconds = self._world.invocation_seconds
            await asyncio.gather(*(instance.stop(seconds) for instance in gone))

    def _check_sources(self, variant: Variant) -> None:
        """A new instance is made from the configuration and the model: they must still be there."""
        for kind, resource in ((ENDPOINT_CONFIG, self._config_resource), (MODEL, variant.model)):
            if self._world.store.find(kind, resource.name) is None:
                raise JobFailed(f'Could not find {kind.spoken_name} "{resource.arn}".')

    async def _grow(self, variant: Variant, more: int) -> None:
        def on_up(worker: Worker) -> None:
            variant.workers.append(worker)
            self._world.queues.wake(self._endpoint)

        new = [
            Instance(self._world, self._endpoint.name, variant.settings, variant.model, on_up, variant.drop)
            for _ in range(more)
        ]
        try:
            await _together(instance.start() for instance in new)
        except BaseException:
            await asyncio.gather(*(instance.stop() for instance in new))
            raise
        variant.instances += new
        self._bill(variant)

    def _bill(self, variant: Variant) -> None:
        """Let the meter run at the price of the instances that there are."""
        meter, settings = self._world.meter, variant.settings
        if variant.line is not None:
            meter.stop(variant.line)
        rate = price_per_hour(settings["InstanceType"], variant.current)
        name = f"{self._endpoint.name}/{variant.name}"
        variant.line = meter.start(name, "Endpoint", self._endpoint.arn, rate) if variant.current else None

    async def close(self, answer_seconds: float = 0.0) -> None:
        """Stop every instance; each may answer what it has been asked for `answer_seconds` more."""
        stopped: list[Instance | Serverless] = []
        for variant in (*self.variants.values(), *self.shadows.values()):
            if isinstance(variant, Serverless):
                stopped.append(variant)
                continue
            stopped += variant.instances
            variant.instances = []
            self._bill(variant)
        self._up = False
        self._usage.stop()
        await asyncio.gather(*(one.stop(answer_seconds) for one in stopped))
        for variant in (*self.variants.values(), *self.shadows.values()):
            variant.tally.flush()
        if self._capture is not None:
            await self._capture.close()

    def description(self) -> dict[str, Any]:
        """What DescribeEndpoint shows of the fleet at work, and of the one that is on its way."""
        shown: dict[str, Any] = {}
        if self._up:
            shown["ProductionVariants"] = [variant.summary() for variant in self.variants.values()]
            if self.shadows:
                shown["ShadowProductionVariants"] = [variant.summary() for variant in self.shadows.values()]
            if capture := self.config.get("DataCaptureConfig"):
                shown["DataCaptureConfig"] = data_capture.summary(capture)
            if asynchronous := self.config.get("AsyncInferenceConfig"):
                shown["AsyncInferenceConfig"] = asynchronous
        coming = self.next or (self if self._endpoint.status == "Creating" else None)
        if coming:
            shown["PendingDeploymentSummary"] = coming._pending()
        return shown

    def _pending(self) -> dict[str, Any]:
        stage = {"VariantStatus": [{"Status": "Creating", "StartTime": self._since}]}
        shown = {
            "EndpointConfigName": self.config_name,
            "ProductionVariants": [variant.summary() | stage for variant in self.variants.values()],
            "StartTime": self._since,
        }
        if self.shadows:
            shown["ShadowProductionVariants"] = [variant.summary() | stage for variant in self.shadows.values()]
        return shown


async def _together(work: Any) -> None:
    """Await all at once; the first failure cancels the others and is raised."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
