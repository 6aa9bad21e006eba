"""Containers as plain child processes, with a temporary folder as /opt/ml."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from course.cloud.containers.frames import FrameBuffer, frame
from course.cloud.containers.layout import Layout, prepare_serving, prepare_training

SECONDS = 20  # far more than anything here takes
CARETS = re.compile(r"^ *[~^]+\n", re.MULTILINE)  # below a line of a traceback; which, depends on the Python
RUN = "from course.cloud.containers.{0} import main; main()"


def spawn(entry: str, base: Path, environment: dict[str, str], **more: object) -> subprocess.Popen:
    variables = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1", "SAGEMAKER_BASE_DIR": str(base)}
    command = [sys.executable, "-u", "-c", RUN.format(entry)]
    return subprocess.Popen(command, env=variables | environment, text=True, cwd=base, **more)


def write(folder: Path, files: dict[str, str]) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")


@dataclass
class Trained:
    """A training container that has ended; /opt/ml stands for its temporary folder in all texts."""

    exit_code: int
    stdout: str
    stderr: str
    layout: Layout

    @property
    def failure(self) -> str | None:
        path = self.layout.failure
        return path.read_text().replace(str(self.layout.base), "/opt/ml") if path.exists() else None


@pytest.fixture
def train(tmp_path: Path) -> Callable[..., Trained]:
    """Run a training container: ``train({"train.py": source, …}, hyperparameters, environment=…)``."""

    def run(
        files: dict[str, str],
        hyperparameters: dict[str, str] | None = None,
        environment: dict[str, str] | None = None,
        program: str | None = "train.py",
    ) -> Trained:
        named = {} if program is None else {"sagemaker_program": program}
        layout = prepare_training(tmp_path, named | (hyperparameters or {}), {"train": {"ContentType": "text/csv"}})
        write(layout.code, files)
        process = spawn("script_training", tmp_path, environment or {}, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        stdout, stderr = (text.replace(str(tmp_path), "/opt/ml") for text in process.communicate(timeout=SECONDS))
        return Trained(process.returncode, stdout, CARETS.sub("", stderr), layout)

    return run


class Served:
    """A model server and the cloud's end of its channel."""

    def __init__(self, base: Path, environment: dict[str, str]) -> None:
        self.channel, theirs = socket.socketpair()
        self.channel.settimeout(SECONDS)
        self.base = base
        self.log_path = base / "log"
        with theirs, self.log_path.open("w") as log:
            variables = {"COURSE_CHANNEL_FD": str(theirs.fileno())} | environment
            self.process = spawn("script_serving", base, variables, stdout=log, stderr=log, pass_fds=[theirs.fileno()])
        self._buffer = FrameBuffer()
        self._number = 0

    @property
    def log(self) -> str:
        return self.log_path.read_text().replace(str(self.base), "/opt/ml")

    def send(self, *requests: tuple) -> None:
        """Each (body, content type, accept), or a path to GET, all with one write."""
        data = b""
        for request in requests:
            self._number += 1
            if isinstance(request, str):
                data += frame(json.dumps({"id": self._number, "method": "GET", "path": request}).encode())
            else:
                body, content_type, accept = (*request, None, None)[:3]
                header = {"id": self._number, "method": "POST", "path": "/invocations"}
                header |= {"content_type": content_type, "accept": accept}
                data += frame(json.dumps(header).encode(), body)
        self.channel.sendall(data)

    def receive(self, count: int) -> list[SimpleNamespace]:
        """``count`` answers in the order of their requests, with id, status, content_type and body."""
        answers = []
        while len(answers) < count:
            received = self.channel.recv_into(self._buffer.space())
            assert received, f"the server ended with {self.process.wait(SECONDS)}: {self.log}"
            for head, body in self._buffer.received(received):
                answers.append(SimpleNamespace(**json.loads(head), body=body))
        return sorted(answers, key=lambda answer: answer.id)

    def ask(self, *requests: tuple) -> list[SimpleNamespace]:
        self.send(*requests)
        return self.receive(len(requests))

    def end(self) -> int:
        """Close the channel; the exit code."""
        self.channel.close()
        return self.process.wait(SECONDS)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Start a model server: ``serve({"inference.py": source, …}, environment=…, folder="code")``."""
    served = []

    def start(files: dict[str, str], environment: dict[str, str] | None = None, folder: str = "code") -> Served:
        prepare_serving(tmp_path)
        write(tmp_path / folder, files)
        served.append(Served(tmp_path, environment or {}))
        return served[-1]

    yield start
    for server in served:
        server.channel.close()
        server.process.kill()
        server.process.wait(SECONDS)
