"""What the grader keeps beside a submission of this course: its cloud, and the functions of course.learn.

The student's process gets neither the cloud's token nor the root's key: what course.learn does with them is done here,
at its request and on plain data.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from nbformat import NotebookNode

import course.learn
from course import syllabus
from course.cloud import client
from course.grading import findings
from course.grading.beside import Replay
from course.grading.region import exercises, key, region
from course.learn import answers, setting, world
from course.learn.beside import parents

PORT = 4566  # inside the student's network, where nothing else is
# What reads or runs the learner's own files stays with them; the examiner does what these ask for in the cloud.
HERE = ("show_tests", "replay", "send_traffic")
BENEATH = {"course.learn.replaying": ("pass_here",), "course.learn.traffic": ("arrive",)}
MODULES = ("course.learn.guest",)  # what the students' warm parent imports besides


class Cloud:
    """The cloud beside one submission (course.grading.beside.Beside)."""

    modules: ClassVar = {"course.learn": tuple(name for name in course.learn.__all__ if name not in HERE), **BENEATH}
    prepare = "course.learn.guest:prepare"
    port = PORT
    told_as = "COURSE_HANDED_IN_BY"

    def __init__(self, student: str, folder: Path) -> None:
        # Where each learner has seeds of their own, nobody takes those of self-study by leaving the note out.
        name = self.told_as if setting.read().variant is None else "COURSE_STUDENT"
        self._student, self._strangers = student, []
        self._before = {key: os.environ.get(key) for key in (name, "COURSE_LAB_SOCKETS", "COURSE_HIDDEN_RESULTS")}
        self._parents = parents()
        os.environ.update({**self._parents.__enter__(), name: student})
        self._moves: list[dict[str, Any]] = []
        self._seeds: dict[str, int] = {}
        self._results: dict[str, dict[str, Any]] = {}
        self._scratch = Path(tempfile.mkdtemp(prefix="examiner-"))
        self._doorway = Guests(self._scratch)
        world.take_doorway(self._doorway)
        data = Path(client.settings(PORT)["AWS_DATA_PATH"])
        self.folder = self._doorway.scratch.folder
        self.given = {
            "port": PORT,
            "data": {str(path.relative_to(data)): path.read_text() for path in data.rglob("*") if path.is_file()},
        }

    def listen(self, listener: socket.socket | None) -> None:
        self._doorway.guests = listener

    def perform(self, module: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        noted = answers.noted_student(args[0]) if name == "begin" and args and isinstance(args[0], str) else None
        value = getattr(importlib.import_module(module), name)(*args, **kwargs)
        current = setting.read().world or "own"
        if name == "begin":
            begun = world.current()
            self._seeds[f"{begun.exercise.id} {current}"] = begun.seed
            if current == "own" and noted != self._student:
                self._strangers.append(begun.exercise.id)
        if name == "advance":
            self._moves.append({"world": current, "exercise": world.current().exercise.id, **kwargs})
        return value

    def replays(self, source: NotebookNode) -> list[Replay]:
        known = {exercise.id: exercise for exercise in syllabus.load().exercises}
        found = []
        for id in exercises(source):
            part = region(source, source, id)
            if id in known and known[id].replay:
                begin = next(key(cell) for cell in part.cells if cell.metadata.get("course", {}).get("part") == "begin")
                found += [Replay(id, name, begin, part.checks[-1]) for name in known[id].worlds]
        self._regions = {id: region(source, source, id) for id in exercises(source)}
        return found

    @contextmanager
    def world(self, name: str | None) -> Iterator[None]:
        before = os.environ.get("COURSE_WORLD")
        _put("COURSE_WORLD", name)
        try:
            yield
        finally:
            _put("COURSE_WORLD", before)

    def note(self, done: Replay, cells: list[NotebookNode], problem: str) -> None:
        part = self._regions[done.exercise]
        for cell in cells:
            cell.id = key(cell)
        answer = findings.answer(part, NotebookNode(cells=cells))
        answer["problem"] = answer["problem"] or problem
        answer["findings"] = [{name: told[name] for name in findings.TOLD} for told in answer["findings"]]
        self._results.setdefault(done.exercise, {})[done.world] = answer
        path = self._scratch / "hidden.json"
        path.write_text(json.dumps(self._results), encoding="utf-8")
        os.environ["COURSE_HIDDEN_RESULTS"] = str(path)

    def record(self) -> dict[str, Any]:
        flags = []
        if setting.read().variant is not None and self._strangers:
            flags.append(
                f"{', '.join(dict.fromkeys(self._strangers))}: answers.json does not say that this learner's own "
                "worlds were seen (a lab that was not told COURSE_STUDENT, or answers of somebody else)."
            )
        return {"seeds": self._seeds, "clock_moves": self._moves, "flags": flags}

    def close(self) -> None:
        world.take_doorway(None)
        self._parents.__exit__(None, None, None)
        shutil.rmtree(self._scratch, ignore_errors=True)
        for name, value in self._before.items():
            _put(name, value)


class NamedCloud(Cloud):
    """Where every learner's lab was told its student: each is graded in the worlds of its folder's name."""

    told_as = "COURSE_STUDENT"


class Guests(world.Doorway):
    """A doorway whose worlds answer in a student's network too, where nobody is root."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.guests: socket.socket | None = None

    def more(self) -> socket.socket | None:
        return self.guests


def _put(name: str, value: str | None) -> None:
    os.environ.pop(name, None)
    if value is not None:
        os.environ[name] = value
