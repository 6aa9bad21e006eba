"""A batch: every grade arrives once, whatever happens on the way."""

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import jsonschema
import nbformat
import pytest
from nbgrader import api
from sqlalchemy import create_engine, text

from course import cli
from course.errors import CourseError
from course.grading import batch, directory, submission
from course.grading.gradebook import Gradebook
from course.grading.pool import Pool
from course.grading.results import Results

from . import assignments, killed_writer
from .assignments import NAME

SCHEMA = json.loads(Path(submission.__file__).with_name("result.schema.json").read_text())
ROOT = Path(__file__).resolve().parents[2]
FULL_MARKS = 9.0  # all that is not given by a person


def grade(root: Path, *students: str, examine: Any = assignments.examine, **named: Any) -> Any:
    """One run: (tally, {student: result})."""
    results: list[Any] = []
    named = {"workers": 1, "progress": False} | named
    tally = batch.run(directory.find(root), NAME, students, told=results.append, examine=examine, **named)
    jsonschema.validate(results, SCHEMA, jsonschema.Draft202012Validator)
    assert len(results) == len({r["student"] for r in results}), "one result each"
    return tally, {result["student"]: result for result in results}


def counted(root: Path) -> dict[str, int]:
    """Rows of the gradebook that must neither be lost nor doubled."""
    engine = create_engine(f"sqlite:///{root}/gradebook.db")
    with engine.connect() as connection:
        counts = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()
            for name in ("student", "submitted_assignment", "submitted_notebook", "grade", "comment", "course_gradings")
        }
    engine.dispose()
    return counts


def expected(students: int, gradings: int) -> dict[str, int]:
    return {
        "student": students, "submitted_assignment": students, "submitted_notebook": 2 * students,
        "grade": 6 * students, "comment": 4 * students, "course_gradings": gradings,
    }  # fmt: skip


def scores(root: Path) -> dict[str, float]:
    with api.Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        return {row.student_id: row.score for row in book.assignment_submissions(NAME)}


def left_over(root: Path) -> list[Path]:
    return sorted(root.glob("autograded/*/.*"))


@pytest.fixture(scope="module")
def entered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose gradebook has the assignment, without submissions."""
    root = assignments.make_course(tmp_path_factory.mktemp("course"))
    assignments.hand_in(root, "nobody")
    grade(root)
    with api.Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        book.remove_student("nobody")
    engine = create_engine(f"sqlite:///{root}/gradebook.db")
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM course_gradings"))
    engine.dispose()
    for folder in ("submitted", "autograded"):
        shutil.rmtree(root / folder)
    assert counted(root) == expected(0, 0)
    return root


@pytest.fixture
def root(entered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(entered, tmp_path / "course"))


def test_everyone_is_graded_once_and_a_rerun_regrades_what_has_changed(root: Path) -> None:
    for student, answer in (("ada", "right"), ("bob", "partly"), ("cy", "wrong")):
        assignments.hand_in(root, student, answer)
    tally, first = grade(root, workers=2)
    assert (tally.graded, tally.unchanged) == (3, 0)
    assert {student: result["score"] for student, result in first.items()} == {"ada": 9.0, "bob": 4.25, "cy": 3.5}
    assert first["bob"]["audit"]["seeds"] == {"first": 7} and len(first["bob"]["audit"]["submission"]) == 64
    times = {path: path.stat().st_mtime_ns for path in root.glob("autograded/*/*/*")}
    tally, again = grade(root)
    assert (tally.graded, tally.unchanged) == (0, 3) and again == first
    assert {path: path.stat().st_mtime_ns for path in root.glob("autograded/*/*/*")} == times
    assignments.hand_in(root, "bob", "right")
    assert str(grade(root)[0]) == "1 graded, 2 unchanged"
    assert scores(root) == {"ada": 9.0, "bob": 9.0, "cy": 3.5}
    assert counted(root) == expected(3, 4) and left_over(root) == []
    # A folder that is gone is made again; a mended test regrades everyone.
    shutil.rmtree(root / "autograded" / "cy")
    assert str(grade(root)[0]) == "1 graded, 2 unchanged"
    path = root / "source" / NAME / "a.ipynb"
    node = nbformat.read(path, as_version=4)
    node.cells[2].source = "assert square(2) in (2, 4)"
    nbformat.write(node, path)
    assert str(grade(root)[0]) == "3 graded, 0 unchanged"
    assert scores(root)["cy"] == 5.5
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert [row["score"] for row in book.gradings(NAME, "cy")] == [3.5, 3.5, 5.5], "old and new side by side"


def test_what_is_not_there_is_told_and_named_students_alone_are_graded(root: Path) -> None:
    assignments.hand_in(root, "ada", missing=["b"])
    assignments.hand_in(root, "bob")
    tally, results = grade(root, "ada", "zoe")
    assert (tally.graded, tally.absent) == (1, ["zoe"])
    assert results["zoe"]["status"] == "absent" and results["zoe"]["max_score"] == 12
    cell = results["ada"]["cells"][-1]
    assert (cell["notebook"], cell["score"], cell["message"]) == ("b", 0.0, "b.ipynb was not handed in.")
    assert counted(root) == expected(1, 1)
    with pytest.raises(CourseError, match=r"no assignment 'ps9' .*there is ps1"):
        batch.run(directory.find(root), "ps9")
    shutil.rmtree(root / "submitted")
    with pytest.raises(CourseError, match="Nobody has handed in ps1"):
        grade(root)


def test_one_learners_work_is_graded_again_if_that_is_asked_for(root: Path) -> None:
    for student in ("ada", "bob"):
        assignments.hand_in(root, student, "partly")
    grade(root)
    assert str(grade(root, "ada", again=True)[0]) == "1 graded, 0 unchanged"
    assert str(grade(root, "ada")[0]) == "0 graded, 1 unchanged"
    assert counted(root) == expected(2, 3) and left_over(root) == []


def test_a_worker_that_dies_costs_one_retry_and_then_its_own_submission_only(root: Path, tmp_path: Path) -> None:
    for student, answer in (("ada", "right"), ("kim", "kills"), ("unlucky", "right"), ("zoe", "wrong")):
        assignments.hand_in(root, student, answer)
    tally, results = grade(root, workers=2, examine=partial(assignments.die_once, mark=str(tmp_path / "died")))
    assert (tally.graded, tally.failed) == (3, ["kim"])
    assert results["kim"]["cells"][0]["message"] == "The process that graded it ended 2 times: exit code -9."
    assert scores(root) == {"ada": 9.0, "unlucky": 9.0, "zoe": 3.5}
    assert (tmp_path / "died").exists() and left_over(root) == []


def test_a_failed_regrade_keeps_scores_and_folder_and_is_tried_again(root: Path) -> None:
    assignments.hand_in(root, "ada")
    grade(root)
    kept = (root / "autograded" / "ada" / NAME / "a.ipynb").read_text()
    assignments.hand_in(root, "ada", "kills")
    tally, results = grade(root)
    assert tally.failed == ["ada"] and results["ada"]["status"] == "failed"
    assert scores(root) == {"ada": FULL_MARKS}
    assert (root / "autograded" / "ada" / NAME / "a.ipynb").read_text() == kept
    with Gradebook(f"sqlite:///{root}/gradebook.db") as book:
        assert book.stale(NAME) == {"ada"}
    assignments.hand_in(root, "ada")
    assert str(grade(root)[0]) == "1 graded, 0 unchanged", "the old work again, whose scores are no longer stale"


def test_a_submission_that_takes_too_long_is_ended(root: Path) -> None:
    assignments.hand_in(root, "ada", "hangs")
    course = directory.find(root)
    notebooks = batch.read_source(course, NAME)
    plan = submission.Plan(NAME, notebooks, {}, course.source(NAME), "a", "e", examine=assignments.examine)
    job = submission.Job("ada", course.submitted("ada", NAME), "s", course.autograded("ada", NAME))
    with Pool(plan, 1, 4.0) as pool:
        [outcome] = pool.outcomes([job])
    assert outcome.result["status"] == "failed"
    assert outcome.result["cells"][0]["message"] == "The process that graded it ended 2 times: it took more than 4 s."


@pytest.mark.parametrize("moment", [*killed_writer.MOMENTS, killed_writer.BETWEEN])
def test_a_writer_that_is_killed_loses_nothing_and_doubles_nothing(root: Path, moment: str) -> None:
    for number in range(5):
        assignments.hand_in(root, f"s{number}", "wrong")
    grade(root)
    for number in range(5):
        assignments.hand_in(root, f"s{number}", "right")
    assignments.hand_in(root, "s5", "right")
    command = [sys.executable, "-m", "tests.grading.killed_writer", str(root), moment]
    killed = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=500)
    assert killed.returncode == -9
    committed = 3 if moment.startswith("with all committed") else 2
    found = scores(root)
    assert sorted(found.values()) == [3.5] * (5 - committed) + [9.0] * committed
    tally, _ = grade(root)
    assert (tally.graded, tally.unchanged) == (6 - committed, committed)
    assert set(scores(root).values()) == {9.0} and counted(root) == expected(6, 11)
    assert left_over(root) == []
    for path in root.glob(f"autograded/*/{NAME}/a.ipynb"):
        assert "return x * x" in path.read_text(), "the folder belongs to the score"


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    """A disk with room for a course and little else."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_stops_the_run_with_one_sentence_and_it_goes_on_when_there_is_room(
    root: Path, small_disk: Path
) -> None:
    for number in range(12):
        assignments.hand_in(root, f"s{number:02}")
        (root / "submitted" / f"s{number:02}" / NAME / "data.bin").write_bytes(os.urandom(20_000))
    full = Path(shutil.copytree(root, small_disk / "course", ignore=shutil.ignore_patterns("submitted")))
    (full / "submitted").symlink_to(root / "submitted")
    with pytest.raises(CourseError, match="run this again") as told:
        grade(full)
    assert "\n" not in str(told.value) and "Every grade that was entered is kept" in str(told.value)
    done = len(scores(full))
    assert 0 < done < 12 and set(scores(full).values()) == {9.0}
    assert counted(full) == expected(done, done)
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    tally, _ = grade(full)
    assert (tally.graded, tally.unchanged) == (12 - done, done)
    assert counted(full) == expected(12, 12) and left_over(full) == []


# What CI calls --------------------------------------------------------------------------------------------------------


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verb with the examiner of these tests."""
    monkeypatch.setattr(batch, "run", partial(batch.run, examine=assignments.examine, progress=False))
    monkeypatch.setattr(batch, "file", partial(batch.file, examine=assignments.examine))


def test_one_file_is_graded_without_a_gradebook(
    root: Path, trusting: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    handed_in = assignments.hand_in(root, "ada", "partly")
    lone = Path(shutil.copy(handed_in / "a.ipynb", tmp_path / "my work.ipynb"))
    before = (root / "gradebook.db").read_bytes()
    assert cli.main(["grade", str(lone), "--course", str(root), "--json", "-"]) == 0
    [result] = json.loads(capsys.readouterr().out)
    jsonschema.validate([result], SCHEMA, jsonschema.Draft202012Validator)
    assert (result["assignment"], result["student"], result["score"], result["max_score"]) == (
        NAME,
        "my work",
        2.25,
        10,
    )
    assert (root / "gradebook.db").read_bytes() == before and not (root / "autograded").exists()
    lone.write_text("{}")
    assert cli.main(["grade", str(lone), "--course", str(root), "--json", "-"]) == 1
    said = capsys.readouterr()
    assert "has no grade id of any assignment" in said.err and "Traceback" not in said.err
    assert cli.main(["grade", str(tmp_path / "none.ipynb"), "--course", str(root)]) == 1
    assert "cannot be read (No such file or directory)" in capsys.readouterr().err


def test_the_verb_writes_the_list_and_says_what_failed(
    root: Path, trusting: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assignments.hand_in(root, "ada")
    assignments.hand_in(root, "kim", "kills")
    listed, url = tmp_path / "results.json", f"sqlite:///{tmp_path}/other.db"
    words = ["grade", "--course", str(root), "--assignment", NAME, "--workers", "1", "--json", str(listed), "--db", url]
    assert cli.main(words) == 1
    said = capsys.readouterr()
    assert said.out == "" and "ps1: 1 graded, 0 unchanged, 1 failed" in said.err and "Not graded: kim." in said.err
    results = json.loads(listed.read_text())
    jsonschema.validate(results, SCHEMA, jsonschema.Draft202012Validator)
    assert {result["student"]: result["status"] for result in results} == {"ada": "graded", "kim": "failed"}
    assert counted(root) == expected(0, 0), "the gradebook that was named is the one that is written"
    assert cli.main([*words, "--student", "ada"]) == 0


def test_two_runs_of_one_assignment_keep_out_of_each_others_way(root: Path) -> None:
    assignments.hand_in(root, "ada")
    with (
        batch._alone(root / "source" / NAME),
        pytest.raises(CourseError, match="Another `course grade` is at work on ps1"),
    ):
        grade(root)
    assert grade(root)[0].graded == 1


def test_what_every_submission_would_meet_stops_the_run(root: Path) -> None:
    for student in ("ada", "bob"):
        assignments.hand_in(root, student)
    with pytest.raises(CourseError, match=r"Nothing can be held here\. Every grade that was entered is kept"):
        grade(root, examine=assignments.cannot)
    assert counted(root) == expected(0, 0)


def test_a_folder_without_a_course_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["grade", "--course", str(tmp_path), "--assignment", NAME]) == 1
    assert "holds no nbgrader course" in capsys.readouterr().err


def test_the_list_is_there_as_a_whole_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "results.json"
    with Results(str(path)) as results:
        results.add({"a": 1})
        assert not path.exists()
        results.add({"b": 2})
    assert json.loads(path.read_text()) == [{"a": 1}, {"b": 2}]
    with pytest.raises(KeyError), Results(str(path)) as results:
        results.add({"c": 3})
        raise KeyError
    assert json.loads(path.read_text()) == [{"a": 1}, {"b": 2}] and list(tmp_path.iterdir()) == [path]
    with Results("-"):
        pass
    assert json.loads(capsys.readouterr().out) == []


def test_the_schema_is_one_and_knows_what_is_wrong() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    plan = submission.Plan(NAME, assignments.sources(), {}, Path(), "a", "e")
    result = submission.absent(plan, "ada", "absent", "")
    jsonschema.validate([result], SCHEMA, jsonschema.Draft202012Validator)
    for wrong in ({"status": "lost"}, {"score": -1}, {"score": None}, {"more": 1}, {"cells": [{"grade_id": "x"}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate([result | wrong], SCHEMA, jsonschema.Draft202012Validator)
