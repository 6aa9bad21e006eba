"""nbgrader's own formgrader, as an instructor runs it: lists the assignment, grades by its button, makes feedback."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from course.exam import reflections

ROOT = Path(__file__).parents[2]
TOKEN = "formgrader"
ASSIGNMENT = "d0_orientation"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """JupyterLab in a copy of the course's folder, with a solved and a blank submission handed in."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "source", folder / "source")
    shutil.copytree(ROOT / "release", folder / "release")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    for student, origin in (("solved", "source"), ("blank", "release")):
        shutil.copytree(ROOT / origin / ASSIGNMENT, folder / "submitted" / student / ASSIGNMENT)
    answers = ROOT / "tests" / "answers" / f"{ASSIGNMENT}.json"
    shutil.copy(answers, folder / "submitted" / "solved" / ASSIGNMENT / "answers.json")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
    }
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options, f"--IdentityProvider.token={TOKEN}"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if f":{port}/lab" in line:
            break
    else:
        pytest.fail("JupyterLab did not start")
    _until_it_listens(port)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.stderr.read()
    process.stderr.close()
    process.wait(20)


def _until_it_listens(port: int) -> None:
    """JupyterLab tells its address a moment before it listens there."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
    pytest.fail("JupyterLab does not listen")


def ask(server: str, path: str, method: str = "GET"):
    request = urllib.request.Request(
        f"{server}/formgrader/api/{path}", method=method, data=b"" if method == "POST" else None
    )
    request.add_header("Authorization", f"token {TOKEN}")
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_the_assignment_is_listed_with_its_submissions(server):
    found = ask(server, "assignments")
    assert {a["name"]: a["num_submissions"] for a in found if a["num_submissions"]} == {ASSIGNMENT: 2}


def test_the_button_grades_and_feedback_is_made(server):
    made = ask(server, f"assignment/{ASSIGNMENT}/assign", "POST")
    assert made["success"], made.get("log")
    for student in ("solved", "blank"):
        graded = ask(server, f"submission/{ASSIGNMENT}/{student}/autograde", "POST")
        assert graded["success"], graded.get("log") or graded.get("error")
        told = ask(server, f"assignment/{ASSIGNMENT}/{student}/generate_feedback", "POST")
        assert told["success"], told.get("log") or told.get("error")
    solved, blank = (ask(server, f"submission/{ASSIGNMENT}/{student}") for student in ("solved", "blank"))
    by_hand = sum(reflections.load(id).full for id in reflections.exercises())
    assert solved["score"] == solved["max_score"] - by_hand > 0
    assert solved["needs_manual_grade"] and not blank["needs_manual_grade"]
    assert blank["score"] == 0
