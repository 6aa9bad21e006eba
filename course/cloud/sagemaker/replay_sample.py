"""A sample of replayed traffic that is really predicted: rows go to the variants' workers in batches, and what they say
is captured as single requests, each with an inference id and its moment in the cloud's time. Labels follow later."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from course.cloud.worker import Worker, WorkerDied

from ..storage import Location
from ..store import Resource
from .fleet import Fleet, Variant
from .invocation import Answer, Invocation

if TYPE_CHECKING:
    from ..world import World

_OK = 200


@dataclass(slots=True)
class Sample:
    """Rows of a payload, in their order and again from the beginning, and what became of them.

    labels: the right answer to each row, if they are known; they are written below `truth` (s3://…) when `label_delay`
    seconds have passed, in the form and the folders of the developer guide's "Ingest ground truth labels".
    failed: of each variant, the share of its last rows that its model did not answer with 200.
    """

    world: "World"
    name: str
    source: random.Random
    rows: list[str]
    content_type: str
    labels: list[str] | None = None
    truth: str = ""
    label_delay: float = 0.0
    taken: int = 0
    failed: dict[str, float] = field(default_factory=dict)

    async def take(self, endpoint: Resource, variants: list[Variant], count: int, start: float, end: float) -> None:
        """Predict the next `count` rows, as if they had come evenly from `start` to `end`."""
        first, self.taken = self.taken, self.taken + count
        asked = [
            Invocation(self._row(number).encode(), self.content_type, self.content_type, None, self._id(number))
            for number in range(first, first + count)
        ]
        moments = [start + (end - start) * (number + 0.5) / count for number in range(count)]
        weights = [variant.weight for variant in variants]
        if sum(weights) <= 0:
            return  # nobody is asked
        drawn = self.source.choices(variants, weights, k=count)
        batches = {variant: [place for place in range(count) if drawn[place] is variant] for variant in variants}
        for variant, places in self._copied(endpoint.runtime, batches):
            await self._predict(variant, [asked[place] for place in places], [moments[place] for place in places])
        if self.labels and self.truth:
            answers = [(self._id(n), self.labels[n % len(self.labels)]) for n in range(first, first + count)]
            self.world.clock.at(end + self.label_delay, self._labelled(answers, first))

    def _row(self, number: int) -> str:
        return self.rows[number % len(self.rows)]

    def _id(self, number: int) -> str:
        return f"{self.name}-{number:08d}"

    def _copied(self, fleet: Fleet, batches: dict[Variant, list[int]]) -> list[tuple[Variant, list[int]]]:
        """The batches, and each shadow variant's share of them."""
        found = list(batches.items())
        for shadow in fleet.shadows.values():
            copies = [
                place
                for variant, places in batches.items()
                for place in places
                if shadow.weight >= variant.weight or self.source.random() * variant.weight < shadow.weight
            ]
            found.append((shadow, sorted(copies)))
        return [(variant, places) for variant, places in found if places]

    async def _predict(self, variant: Variant, asked: list[Invocation], moments: list[float]) -> None:
        worker = variant.worker()
        if worker is None:
            return
        answers = await self._together(worker, asked)
        if answers is None:  # perhaps one row spoils it for all: each for itself
            answers = [await self._alone(variant, each) for each in asked]
        self.failed[variant.name] = sum(answer is None for answer in answers) / len(answers)
        if variant.capture is None:
            return
        for each, answer, moment in zip(asked, answers, moments, strict=True):
            if answer is not None:
                variant.capture.record(variant.name, variant.model, each, answer, moment)
        await variant.capture.flush()

    async def _together(self, worker: Worker, asked: list[Invocation]) -> list[Answer] | None:
        """The answers to all rows in one body; None if the model does not give one line for each."""
        said = await self._ask(worker, b"\n".join(each.body for each in asked))
        lines = said.body.rstrip(b"\n").split(b"\n") if said else []
        if said is None or len(lines) != len(asked):
            return None
        return [Answer(said.content_type, line) for line in lines]

    async def _alone(self, variant: Variant, asked: Invocation) -> Answer | None:
        worker = variant.worker()
        return await self._ask(worker, asked.body) if worker else None

    async def _ask(self, worker: Worker, body: bytes) -> Answer | None:
        try:
            async with asyncio.timeout(self.world.invocation_seconds):
                status, content_type, said = await worker.invoke(body, self.content_type, self.content_type, None)
        except (TimeoutError, WorkerDied):
            return None
        return Answer(content_type, said) if status == _OK else None

    def _labelled(self, answers: list[tuple[str, str]], first: int) -> Callable[[], Awaitable[None]]:
        async def write() -> None:
            lines = [
                json.dumps(
                    {
                        "groundTruthData": {"data": label, "encoding": "CSV"},
                        "eventMetadata": {"eventId": name},
                        "eventVersion": "0",
                    }
                )
                for name, label in answers
            ]
            where = Location.parse(self.truth.rstrip("/"))
            now = datetime.fromtimestamp(self.world.clock.time(), UTC)
            key = f"{where.key}/{now:%Y/%m/%d/%H}/{self.name}-{first:08d}.jsonl".lstrip("/")
            body = ("\n".join(lines) + "\n").encode()
            await self.world.base.call("s3", "PutObject", Bucket=where.bucket, Key=key, Body=body)

        return write
