"""Stored attacks, graded as any submission is: each gets what it must, the honest work around it what it is worth."""

import hashlib
import json
import socket
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

from course.grading import sandbox
from course.grading.pool import Pool
from course.grading.submission import Job, Plan
from tests.attacks import files, messages, objects, processes, replays, shells
from tests.attacks.attack import ATTACKED, HONEST, RIGHT, SECRET, Attack, source

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="students' processes are held by Linux's means")

FAMILIES = {"shell": shells, "object": objects, "message": messages, "process": processes}
CODE = {f"{name}: {key}": attack for name, family in FAMILIES.items() for key, attack in family.ATTACKS.items()}
FILES = {f"file: {key}": attack for key, attack in files.ATTACKS.items()}
REPLAYS = {f"replay: {key}": attack for key, attack in replays.ATTACKS.items()}
CELL_SECONDS, SECONDS = 10.0, 300.0
WORKERS = 6  # most of them wait for a cell that hangs
LARGEST = 12 << 20  # bytes of a graded notebook, whatever its work has shown
MARK = "a-mark-of-the-graders-own"


class Outside:
    """What lies around a run: a gradebook, somebody else's work, the tests, a service of the host's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        for name in ("gradebook.db", "submitted/other/a/n.ipynb", "source/n.ipynb"):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(nbformat.writes(source()) if name.endswith("ipynb") else "grades")
        self.service = socket.create_server(("0.0.0.0", 0))
        self.service.setblocking(False)

    def put(self, code: str) -> str:
        told = {
            "gradebook": self.folder / "gradebook.db", "other": self.folder / "submitted/other", "source": self.source,
            "secret": SECRET.replace(" ", "+"), "port": self.service.getsockname()[1], "mark": MARK,
            "host": socket.gethostbyname(socket.gethostname()),
        }  # fmt: skip
        for name, value in told.items():
            code = code.replace(f"{{{name}}}", str(value))
        return code

    def state(self) -> dict[str, str]:
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def visited(self) -> bool:
        try:
            self.service.accept()
        except BlockingIOError:
            return False
        return True


@pytest.fixture(scope="module")
def parent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_MARK", MARK)
        with sandbox.start_parent(tmp_path_factory.mktemp("s"), ("course.grading.student",)) as started:
            started.wait_ready("student")
            yield str(started.sockets["student"])


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    made = Outside(tmp_path_factory.mktemp("course"))
    yield made
    made.service.close()


@pytest.fixture(scope="module")
def graded(parent: str, outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """{attack: (result, graded notebook)} of all, and of honest work beside them."""
    folder = tmp_path_factory.mktemp("handed-in")
    runs: dict[tuple[str, str], list[Job]] = {}

    def add(name: str, content: bytes, limits: Mapping[str, Any], beside: str = "") -> None:
        place = folder / str(len(list(folder.iterdir())))
        place.mkdir()
        (place / "n.ipynb").write_bytes(content)
        key = (json.dumps({"cell_seconds": CELL_SECONDS, **limits}), beside)
        runs.setdefault(key, []).append(Job(name, place, "", folder.parent / "autograded" / place.name))

    def written(code: str) -> bytes:
        return nbformat.writes(source(outside.put(code))).encode()

    add("honest", written(RIGHT), {})
    add("honest, replayed", written(replays.ASKS), {}, "tests.attacks.beside:Worlds")
    for name, attack in CODE.items():
        add(name, written(attack.code), attack.limits)
    for name, edited in FILES.items():
        add(name, edited.make(source(edited.answer)), {})
    for name, attack in REPLAYS.items():
        add(name, written(attack.code), attack.limits, "tests.attacks.beside:Worlds")
    before, found = outside.state(), {}
    for (limits, beside), jobs in runs.items():
        plan = Plan(
            "a", {"n": source()}, {"n": {}}, outside.source, "", "", limits=json.loads(limits), beside=beside,
            mode=sandbox.detect(), parent=parent,
        )  # fmt: skip
        with Pool(plan, WORKERS, SECONDS) as pool:
            for outcome in pool.outcomes(jobs):
                assert not outcome.stop
                path = outcome.staged / "n.ipynb" if outcome.staged else None
                found[outcome.job.student] = (outcome.result, path.read_bytes() if path else b"")
    assert outside.state() == before, "nothing around a submission changes"
    assert not outside.visited(), "nobody has reached the host"
    assert not list(_processes(processes.LEFT)), "nothing is left"
    return found


def _processes(argument: str) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in path.read_bytes().split(b"\0"):
                yield int(path.parent.name)
        except OSError:
            pass


def _points(result: Mapping[str, Any]) -> tuple[float, float]:
    """(of the tests that were attacked, of the honest ones)."""
    scores = {cell["grade_id"]: cell["score"] or 0.0 for cell in result["cells"]}
    honest = scores.pop("before-test") + scores.pop("after-test")
    return sum(scores.values()), honest


def _checked(found: tuple[Mapping[str, Any], bytes], score: float, honest: float) -> None:
    result, notebook = found
    assert result["status"] == "graded", result["cells"][0]["message"]
    told = [(cell["grade_id"], cell["score"], cell["message"]) for cell in result["cells"]]
    attacked, around = _points(result)
    # A process that ends by itself may end before or after the next question: honest work gets at least so much.
    assert attacked == score and honest <= around <= HONEST, told
    assert result["max_score"] == ATTACKED + HONEST
    assert len(notebook) < LARGEST
    nbformat.validate(nbformat.reads(notebook.decode(), as_version=4))


@pytest.mark.parametrize("name", ["honest", "honest, replayed"])
def test_honest_work_among_attacks_gets_its_points(graded, name):
    _checked(graded[name], ATTACKED, HONEST)


@pytest.mark.parametrize("name", CODE)
def test_an_attack_gets_what_its_work_is_worth(graded, name):
    attack: Attack = CODE[name]
    _checked(graded[name], attack.score, attack.honest)


@pytest.mark.parametrize("name", FILES)
def test_an_edited_notebook_gets_what_its_work_is_worth(graded, name):
    _checked(graded[name], FILES[name].score, FILES[name].honest)


@pytest.mark.parametrize("name", REPLAYS)
def test_an_attack_on_a_replay_gets_what_its_work_is_worth(graded, name):
    attack: Attack = REPLAYS[name]
    _checked(graded[name], attack.score, attack.honest)
    [noted] = graded[name][0]["audit"]["replays"]
    assert noted["tests"] - noted["failed"] <= 1, "wrong work is wrong in every world; `share` gives 0 without an error"


def test_replayed_work_is_judged_by_the_hidden_world(graded):
    [noted] = graded["honest, replayed"][0]["audit"]["replays"]
    assert noted["problem"] == "" and 0 < noted["failed"] < noted["tests"]
