"""Data capture: a share of an endpoint's requests and answers, as JSON lines in S3.

The record and its place are the developer guide's (model-monitor-data-capture-endpoint):
<DestinationS3Uri>/<endpoint>/<variant>/yyyy/mm/dd/hh/<mm-ss-mmm>-<id>.jsonl, by the cloud's clock.
"""

import base64
import json
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Any

from ..base import Session
from ..errors import CloudError
from ..storage import Storage, StorageError
from ..store import Resource

if TYPE_CHECKING:
    from ..world import World
    from .invocation import Answer, Invocation

FLUSH_SECONDS = 1.0
"""Records lie in S3 at most so many seconds of cloud time after their answers: AWS promises no more than "soon"."""
_HOUR = 3600.0
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # made once: it is on the way of requests
_SESSION_SECONDS = 366 * 86_400
_MOST_WAITING = 64 << 20  # bytes; what comes on top is not captured, as on an instance whose disk is full


class Capture:
    """What the variants of one endpoint configuration leave in S3, each as the role of its model.

    Best effort, as on AWS: what the role may not write, or what comes faster than it is written, is missing. Neither
    the caller nor the endpoint's status shows it; a trail that logs the bucket's data events does. Only requests that
    the model answered with 200 leave a record.
    """

    def __init__(self, world: "World", endpoint: str, config: dict[str, Any]):
        self._world, self._endpoint = world, endpoint
        self._share = config["InitialSamplingPercentage"] / 100
        self._uri = config["DestinationS3Uri"].rstrip("/")
        modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
        self._input = not modes.isdisjoint(("Input", "InputAndOutput"))
        self._output = not modes.isdisjoint(("Output", "InputAndOutput"))
        readable = config.get("CaptureContentTypeHeader", {})
        self._encodings = {name.lower(): "CSV" for name in readable.get("CsvContentTypes", ())}
        self._encodings |= {name.lower(): "JSON" for name in readable.get("JsonContentTypes", ())}
        key = config.get("KmsKeyId")
        self._encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        self._waiting: dict[tuple[str, int], list[str]] = defaultdict(list)  # lines by variant and hour
        self._models: dict[str, Resource] = {}
        self._size = 0
        self._sessions: dict[str, Session] = {}
        self._draws: dict[str, Random] = defaultdict(self._generator)
        self._ids = self._generator()

    def _generator(self) -> Random:
        """One of this capture's own, from the world's seed: what else the world draws, and when, changes no sample."""
        return Random(f"{self._world.seed} {self._endpoint} {self._uri} {self._share}")

    def record(
        self, variant: str, model: Resource, asked: "Invocation", answer: "Answer", at: float | None = None
    ) -> None:
        """Keep a request and its answer, if the draw says so. at: seconds since the epoch (default: the cloud's now).

        model: whose role writes.
        """
        world = self._world
        if self._share < 1 and self._draws[variant].random() >= self._share:
            return
        at = world.clock.time() if at is None else at
        line = self._line(asked, answer, at)
        if self._size + len(line) > _MOST_WAITING:
            return
        if not self._waiting:
            now = world.clock.time()
            # Not later than the hour ends: who reads a full hour finds all of it.
            world.clock.at(min(now + FLUSH_SECONDS, (now // _HOUR + 1) * _HOUR), self.flush)
        self._size += len(line)
        self._models[variant] = model
        self._waiting[variant, int(at // _HOUR)].append(line)

    def _line(self, asked: "Invocation", answer: "Answer", at: float) -> str:
        captured = {}
        if self._input:
            captured["endpointInput"] = self._part("INPUT", asked.content_type, asked.body)
        if self._output:
            captured["endpointOutput"] = self._part("OUTPUT", answer.content_type, answer.body)
        metadata: dict[str, Any] = {"eventId": self._new_id()}
        if asked.custom_attributes:
            metadata["customAttributes"] = [asked.custom_attributes]
        if asked.inference_id:
            metadata["inferenceId"] = asked.inference_id
        metadata["inferenceTime"] = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
        record = {"captureData": captured, "eventMetadata": metadata, "eventVersion": "0"}
        return _encode(record)

    def _part(self, mode: str, content_type: str, body: bytes) -> dict[str, str]:
        """A payload: readable if its content type is listed (parameters do not count), else in base64."""
        encoding = self._encodings.get(content_type.partition(";")[0].strip().lower(), "BASE64")
        data = ""
        if encoding != "BASE64":
            try:
                data = body.decode()
            except UnicodeDecodeError:
                encoding = "BASE64"
        if encoding == "BASE64":
            data = base64.b64encode(body).decode()
        return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    async def flush(self) -> None:
        """Write all that waits, one object for each variant and hour."""
        waiting, self._waiting, self._size = self._waiting, defaultdict(list), 0
        now = self._world.clock.now()
        for (variant, hour), lines in waiting.items():
            start = datetime.fromtimestamp(hour * _HOUR, UTC)
            name = f"{now:%M-%S}-{now.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
            uri = f"{self._uri}/{self._endpoint}/{variant}/{start:%Y/%m/%d/%H}/{name}"
            body = ("\n".join(lines) + "\n").encode()
            try:
                await self._storage(variant).write(uri, body, **self._encryption)
            except (StorageError, CloudError):
                continue  # the class says what becomes of these

    def _storage(self, variant: str) -> Storage:
        """S3 as the variant's model's role sees it. Raises CloudError if SageMaker may no longer assume it."""
        model = self._models[variant]
        if variant not in self._sessions:
            self._sessions[variant] = self._world.base.assume_role(
                model.fields["ExecutionRoleArn"], "sagemaker.amazonaws.com", "SageMaker", _SESSION_SECONDS
            )
        way = self._world.base.way_to_s3(model.fields.get("VpcConfig"))
        return Storage(self._world.base, self._sessions[variant].access_key, way)

    async def close(self) -> None:
        """Write what waits and let the roles go."""
        await self.flush()
        for session in self._sessions.values():
            self._world.base.end_session(session)
        self._sessions.clear()


def start(world: "World", endpoint: str, config: dict[str, Any] | None) -> Capture | None:
    """The capture that a DataCaptureConfig asks for."""
    return Capture(world, endpoint, config) if config and config.get("EnableCapture", True) else None


def summary(config: dict[str, Any]) -> dict[str, Any]:
    """DataCaptureConfig as DescribeEndpoint shows it, of an endpoint that is in service."""
    enabled = config.get("EnableCapture", True)
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
