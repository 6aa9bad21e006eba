"""A world: one cloud in one process, with its own port, clock, seed and state."""

import asyncio
import json
import logging
import os
import random
import shutil
import signal
import socket
import struct
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import uvloop
from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from course.runtime.process import mode

from . import client, events, trail_files
from .access import Decisions
from .autoscaling.scaling import Scaling
from .base import Base
from .clock import Clock, Traveller
from .cloudwatch.alarms import Alarms
from .cloudwatch.metrics import Metrics
from .logs import MetricPoint
from .meter import Meter
from .sagemaker import lineage_tracking
from .sagemaker.async_queue import Queues
from .sagemaker.jobs import STOP_GRACE_SECONDS
from .sagemaker.lineage_graph import Graph
from .sagemaker.replay import Replay
from .sagemaker.training_spot import Market
from .server import application
from .store import Store
from .trail import Trail

_KEEP_ALIVE_SECONDS = 75


class World:
    """Everything that one cloud is. `scratch` is its private folder; `job_socket` leads to the parent of its jobs."""

    account, region = client.ACCOUNT, client.REGION

    def __init__(
        self, *, port: int, seed: int, token: str, job_socket: Path, scratch: Path, start: float | None = None
    ):
        self.port, self.seed, self.token = port, seed, token
        self.job_socket, self.scratch = job_socket, scratch
        self.has_guests = False  # whether there is a listener at which the account's root is unknown
        self.mode = mode()
        self.random = random.Random(seed)
        self.spot = Market(self.random)
        self.stop_grace = STOP_GRACE_SECONDS
        self.invocation_seconds = 60.0  # that a model may take for an answer, as on AWS
        self.startup_seconds = 240.0  # until an endpoint's container is healthy, unless its variant says otherwise
        self.log = logging.getLogger("course.cloud")
        self.clock = Clock(start, on_jump=Traveller())
        self.store = Store(self.clock, self.account, self.region)
        self.lineage = Graph(self.store, self.clock)
        lineage_tracking.follow(self)
        self.queues = Queues(self)
        self.metrics = Metrics(self.clock)
        self.trail = Trail(self.clock, self.account, self.region)
        self.base = Base(self.account, self.region)
        self.meter = Meter(self.clock, self._tags, self.base.stored)
        self.base.before_write = self.meter.settle
        self.access = Decisions(self.base)
        self.schedules = events.Schedules(self)
        self.past_invocations: dict[str, dict[str, dict[str, int]]] = {}
        self.replays: list[Replay] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._servers: set[Any] = set()
        self.alarms = Alarms(self)
        self.base.measurements.connect(self.metrics.put, self.alarms.put, self.alarms.remove)
        self.scaling = Scaling(self)
        events.connect(self)
        trail_files.connect(self)

    def _tags(self, arn: str) -> dict[str, str] | None:
        """The tags of a resource that is billed; None if it is gone."""
        if arn.startswith("arn:aws:s3:::"):
            return self.base.bucket_tags(arn.removeprefix("arn:aws:s3:::"))
        found = self.store.by_arn(arn)
        return found.tags if found else None

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run `work` beside the requests; the world keeps it alive and logs what it raises."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception():
            self.log.error("background work failed", exc_info=task.exception())

    async def listen(self, listener: socket.socket, caller: Any = None, *, guests: bool = False) -> None:
        """Answer on `listener`. `caller` is the job whose namespace it was made in; it closes when the job ends.

        guests: whether neither the root's key nor the control plane is known there.
        """
        config = Config(
            application(self, caller, guests=guests or (self.has_guests and caller is not None)),
            lifespan="off",
            access_log=False,
            log_config=None,
            ws="none",
            server_header=False,
            date_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        config.load()
        state = ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: HttpToolsProtocol(config, server_state=state, app_state={}), sock=listener, backlog=2048
        )
        self._servers.add(server)
        if caller is not None:
            self.spawn(self._close_with(server, caller))

    async def _close_with(self, server: Any, caller: Any) -> None:
        await caller.wait()
        server.close()
        self._servers.discard(server)

    async def put_metrics(self, namespace: str, points: list[MetricPoint], dimensions: dict[str, str]) -> None:
        """Store points in CloudWatch."""
        for point in points:
            self.metrics.put(namespace, dimensions, {point.name: point.value}, point.at)


def serve(
    spec: dict[str, Any], listener: socket.socket, lifeline: socket.socket, guests: socket.socket | None = None
) -> None:
    """Be a world until the owner at the other end of `lifeline` goes. Called in a process forked for it.

    guests: a second listener, at which the root of the account is unknown (course.cloud.launch.open_world).
    """
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s", force=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the owner's to act on
    scratch = Path(tempfile.mkdtemp(prefix="world-", dir=Path(spec["job_socket"]).parent))
    try:
        uvloop.run(_serve(spec, listener, lifeline, guests, scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


async def _serve(
    spec: dict[str, Any],
    listener: socket.socket,
    lifeline: socket.socket,
    guests: socket.socket | None,
    scratch: Path,
) -> None:
    world = World(
        port=listener.getsockname()[1],
        seed=spec["seed"],
        token=spec["token"],
        job_socket=Path(spec["job_socket"]),
        scratch=scratch,
        start=spec.get("start"),
    )
    await world.base.populate()
    world.spawn(world.clock.run())
    await world.listen(listener)
    if guests:
        world.has_guests = True
        await world.listen(guests, guests=True)
    message = json.dumps({"ready": {"port": world.port, "mode": world.mode, "pid": os.getpid()}}).encode()
    lifeline.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(lifeline, struct.pack(">I", len(message)) + message)
    while await loop.sock_recv(lifeline, 4096):
        pass  # an owner sends nothing more; what counts is that it is still there
