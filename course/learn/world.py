"""The kernel's side of the cloud: one address for the kernel's life, and one world at a time behind it.

The kernel binds a loopback port once and keeps it; every world it opens listens there. So clients that a learner made
before running `begin` again reach the new world. Warm parents fork the worlds: those of `course lab`, or a private
pair that dies with this kernel.
"""

from __future__ import annotations

import atexit
import http.client
import json
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from course.cloud import client, launch
from course.learn import setting
from course.learn.scratch import Scratch
from course.learn.told import Told

if TYPE_CHECKING:
    from course.learn.exercise import Exercise

KINDS = ("world", "job")
PRIVATE = "No lab runs beside this notebook: it has a private cloud, which ends with it."


class Doorway:
    """The kernel's address and the parents that fork worlds behind it.

    The kernel holds the port without listening at it: when a world ends, nobody listens there any more, so a client is
    refused at once. Were this process to listen too, clients would wait for an answer until they time out.
    """

    def __init__(self) -> None:
        self._held = _bound(0)
        self.port: int = self._held.getsockname()[1]
        self.scratch = Scratch()
        self._parents: dict[str, launch.Parents] = {}  # by kind; none while a lab's are used
        self._sockets = self.scratch.folder
        atexit.register(self.close)

    def prepare(self) -> bool:
        """Find the lab's parents, or begin to start private ones and return True. Returns before those are ready."""
        if self._parents and parent_answers(self._sockets):
            return False
        self._end_parents()  # someone killed them; begin again with others
        sockets = setting.read().lab_sockets
        if sockets and parent_answers(sockets):
            self._sockets = sockets
            return False
        self._sockets = self.scratch.make("parents")
        self._start_parent("world")
        return True

    def open(self, seed: int, token: str) -> launch.WorldHandle:
        """A fresh world behind the kernel's address. Raises Told if none can be had."""
        try:
            with _bound(self.port) as listener:
                listener.listen(128)
                sockets = {kind: self._sockets / f"{kind}.sock" for kind in KINDS}
                opened = launch.open_world(
                    sockets, listener=listener, seed=seed, start=None, token=token, guests=self.more()
                )
            if self._parents and "job" not in self._parents:
                self._start_parent("job")  # not beside the world's: the world is what a reader waits for
            return opened
        except launch.LaunchError as error:
            raise Told(f"This notebook gets no cloud. {error}") from None

    def more(self) -> socket.socket | None:
        """A second listener for the worlds; a grader has one."""
        return None

    def close(self) -> None:
        """End the private parents, if there are any, and everything they forked."""
        self._end_parents()
        self._held.close()
        self.scratch.remove()

    def _start_parent(self, kind: str) -> None:
        self._parents[kind] = launch.start_parents(self._sockets, (kind,))

    def _end_parents(self) -> None:
        for parents in self._parents.values():
            parents.close()
        self._parents.clear()


def _bound(port: int) -> socket.socket:
    """A socket bound to a loopback port (0: any free one) that this user may bind more than once."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def parent_answers(sockets: Path) -> bool:
    """Whether warm parents of both kinds listen in that folder: a lab that was killed leaves its sockets behind."""
    for kind in KINDS:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as knock:
            if knock.connect_ex(str(sockets / f"{kind}.sock")) != 0:
                return False
    return True


class World:
    """The world of an exercise, as its start state, its probes and the pictures see it.

    Calls made through `client` and `control` are the course's own: the account's root, with the token that a learner's
    clients lack. `before` holds what existed when the start state was built, as (kind, name).
    """

    def __init__(
        self, exercise: Exercise, seed: int, name: str | None, handle: launch.WorldHandle, token: str, folder: Path
    ) -> None:
        self.exercise, self.seed, self.name, self.folder = exercise, seed, name, folder
        self.given = SimpleNamespace()
        self.memory: dict[Any, Any] = {}
        self.before: frozenset[tuple[str, str]] = frozenset()
        self.started: Any = None
        self._handle, self._token = handle, token

    def alive(self) -> bool:
        return self._handle.alive()

    def client(self, service: str) -> Any:
        """A boto3 client of the account's root, made once per service."""
        if ("client", service) not in self.memory:
            import boto3

            # boto3's default session has read the service's model already if the learner has a client of it.
            key, secret = client.ROOT
            self.memory["client", service] = boto3.client(
                service,
                aws_access_key_id=key,
                aws_secret_access_key=secret,
                region_name=client.REGION,
                endpoint_url=client.endpoint(self._handle.port),
            )
        return self.memory["client", service]

    def client_of(self, service: str, credentials: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        """A boto3 client of somebody else, whose requests take the way that the course says they take.

        credentials: as STS and IAM answer (AccessKeyId, SecretAccessKey, SessionToken if there is one). headers: looked
        up at every request: x-cloud-source-vpce names the VPC endpoint, x-forwarded-proto "http" means in clear.
        """
        import boto3
        from botocore.config import Config

        made = boto3.client(
            service,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=client.REGION,
            endpoint_url=client.endpoint(self._handle.port),
            config=Config(retries={"total_max_attempts": 1}),
        )
        token = {"x-cloud-token": self._token}
        made.meta.events.register("before-send", lambda request, **_: request.headers.update({**token, **headers}))
        return made

    def control(self, verb: str, **body: Any) -> Any:
        """Ask the world's control plane. Raises Told if the world is gone or refuses."""
        if not self.alive():
            raise Told(gone(self.exercise.id))
        connection = http.client.HTTPConnection("127.0.0.1", self._handle.port, timeout=600)
        try:
            headers = {"content-type": "application/json", "x-cloud-token": self._token}
            connection.request("POST", f"/_cloud/{verb}", json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except OSError:
            raise Told(gone(self.exercise.id)) from None
        finally:
            connection.close()
        if answer.status != 200:
            raise Told(f"The cloud refused {verb!r}: {text.decode(errors='replace')[:300]}")
        return json.loads(text)

    def close(self) -> None:
        """End the world and remove its files."""
        self._handle.close()
        shutil.rmtree(self.folder, ignore_errors=True)


_doorway: Doorway | None = None
_current: World | None = None


def gone(exercise: str) -> str:
    """What a reader is told when the world behind the kernel's address has ended."""
    return f'The cloud of this notebook has stopped. Run begin("{exercise}") again; your answers are kept.'


def take_doorway(doorway: Doorway | None) -> None:
    """Open worlds behind another address from now on; None closes this one, and the world behind it."""
    global _doorway, _current
    if _current is not None:
        _current.close()
        _current = None
    if _doorway is not None:
        _doorway.close()
    _doorway = doorway


def prepare() -> bool:
    """Bind the kernel's address and see to warm parents; True if private ones are starting now."""
    global _doorway
    if _doorway is None:
        _doorway = Doorway()
    return _doorway.prepare()


def replace(exercise: Exercise, seed: int, name: str | None) -> World:
    """End the current world and open a fresh one for an exercise; point this process's AWS clients at it."""
    global _current
    if _doorway is None:
        prepare()
    assert _doorway is not None
    if _current is not None:
        _current.close()
        _current = None
    token = secrets.token_hex(16)
    opened = _doorway.open(seed, token)
    world = World(exercise, seed, name, opened, token, _doorway.scratch.make(exercise.id.lower()))
    client.install(_doorway.port, alive=world.alive, gone=gone(exercise.id))
    # A learner's call on a world that has ended shows this one sentence, and no traceback through botocore.
    client.CloudGone._render_traceback_ = Told._render_traceback_  # type: ignore[attr-defined]
    _current = world
    return world


def current(exercise: str = "O-8") -> World:
    """The world that the last `begin` opened. Raises Told before the first one, and when the world has stopped.

    `exercise` is the one that is named to a reader who has not run `begin` yet.
    """
    if _current is None:
        raise Told(f'There is no cloud yet: run the cell with begin(…) above, here x = begin("{exercise}").')
    if not _current.alive():
        raise Told(gone(_current.exercise.id))
    return _current
