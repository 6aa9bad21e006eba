import json
import shutil
from pathlib import Path

import pytest

from course.authoring import notebook, submissions, verify
from course.authoring.submissions import Submission, SubmissionError
from course.authoring.verify import Job, Run
from course.errors import CourseError

REPOSITORY = Path(__file__).resolve().parents[2]


def test_an_exercise_of_the_course_verifies(tmp_path):
    """Right work full points in every world, blank none, each mistake its own score and hint (all: test_checks.py)."""
    report = verify.run(REPOSITORY, ["O-8"])
    assert [str(fault) for fault in report.faults] == []
    runs = {(run.submission, run.world): run.points for run in report.runs}
    assert runs["solution", "elsewhere"] == (4, 4) and runs["blank", None] == (0, 0)
    report.write(tmp_path / "report.json")
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["ok"] and len(written["runs"]) == len(report.runs)


@pytest.fixture
def course(tmp_path):
    """A course root with the real source, and stored submissions of its own."""
    shutil.copytree(REPOSITORY / "source", tmp_path / "source")
    (tmp_path / "tests" / "submissions" / "O-8").mkdir(parents=True)
    return tmp_path


def store(course, name, text):
    (course / "tests" / "submissions" / "O-8" / f"{name}.py").write_text(text)


def planned(course):
    """What would be run, and the faults found before running anything."""
    report = verify.Report()
    entry = verify.lint.load_syllabus(REPOSITORY).exercise("O-8")
    return list(verify._planned(course, entry, 2, report)), [str(fault) for fault in report.faults]


def test_right_work_is_run_on_every_seed_and_world_and_a_mistake_where_it_shows(course):
    store(course, "right", "# score = 4\n# %% o-8-hole-3\nscore = 1\n")
    store(course, "wrong", '# score = 3\n# hint = "o-8-score"\n# %% o-8-hole-3\nscore = 1\n')
    store(course, "elsewhere", '# score = 3\n# visible = 4\n# world = "elsewhere"\n# %% o-8-hole-3\nscore = 1\n')
    jobs, faults = planned(course)
    assert faults == []
    assert [(job.submission.name, job.world, job.attempt) for job in jobs] == [
        ("solution", None, 1), ("solution", None, 2), ("solution", "elsewhere", 1),
        ("blank", None, 1),
        ("elsewhere", None, 1), ("elsewhere", "elsewhere", 1), ("right", None, 1), ("right", None, 2),
        ("right", "elsewhere", 1), ("wrong", None, 1)]  # fmt: skip
    blank = next(job for job in jobs if job.submission.name == "blank")
    assert not any("upload" in cell.source and "SOLUTION" in cell.source for cell in blank.region.cells)
    assert next(c for c in blank.region.cells if c.id == "o-8-hole-3").source == "score = None\n# your code here"


def test_an_exercise_without_enough_stored_work_is_a_fault(course):
    _, faults = planned(course)
    assert faults == [
        "tests/submissions/O-8:-: verify: holds 0 other right solutions and 0 mistakes: at least 1 and 2 are needed"
    ]


def test_unknown_hints_and_cells_are_faults(course):
    store(course, "a", '# score = 3\n# hint = "o-8-nothing"\n# %% o-8-hole-3\nscore = 1\n')
    store(course, "b", "# score = 3\n# %% o-8-hole-9\nscore = 1\n")
    _, faults = planned(course)
    assert any("there is no hint 'o-8-nothing'" in fault for fault in faults)
    assert any("there is no cell o-8-hole-9" in fault for fault in faults)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("# %% o-8-hole-3\nscore = 1\n", "has no score"),
        ("# score = 4\n# colour = 1\n# %% o-8-hole-3\n", "unknown field 'colour'"),
        ("# score =\n# %% o-8-hole-3\n", "not TOML"),
        ("# score = 4\n", "replaces no cell"),
    ],
)
def test_a_stored_submission_says_what_is_wrong_with_its_header(tmp_path, text, match):
    (tmp_path / "work.py").write_text(text)
    with pytest.raises(SubmissionError, match=match):
        submissions.read(tmp_path / "work.py")


def test_a_submission_fills_only_the_cells_it_names():
    source = notebook.read(REPOSITORY / "source" / "d0_orientation" / "d0_orientation.ipynb")
    filled = Submission("s", 4, 4, cells={"o-8-hole-3": "score = 2"}).fill(source.node)
    changed = [a.id for a, b in zip(source.cells, filled.cells, strict=True) if a.source != b.source]
    assert changed == ["o-8-hole-3"]


def judged(work, points=(4.0, 4.0), hints=(), raised="", world=None):
    job = Job("O-8", work, None, world, 1)
    run = Run("O-8", work.name, world, 1, points, hints, raised, 0.0)
    return [fault.message for fault in verify._judge(job, run, 4.0)]


RIGHT = submissions.solution(4)
WRONG = Submission("wrong", 3, 3, "o-8-score")
ELSEWHERE = Submission("wrong", 3, 4, "o-8-score", "elsewhere")


@pytest.mark.parametrize(
    ("messages", "match"),
    [
        (judged(RIGHT), None),
        (judged(RIGHT, (3.0, 3.0), ("o-8-score",)), "scores 3 of 4 and should score 4; hints: o-8-score"),
        (judged(RIGHT, (4.0, 3.0)), "scores 4, and asked again 3"),
        (judged(RIGHT, (), raised="KeyError: 'x'"), "not reached twice: KeyError: 'x'"),
        (judged(RIGHT, raised="KeyError: 'x'"), "a cell raises KeyError: 'x'"),
        (judged(WRONG, (3.0, 3.0), ("o-8-score",), "KeyError"), None),
        (judged(WRONG, (3.0, 3.0), ("o-8-channel",)), "gets the hints o-8-channel, and o-8-score is not among them"),
        (judged(ELSEWHERE), None),
        (judged(ELSEWHERE, world="elsewhere"), "in the world 'elsewhere' it scores 4 of 4 and should score 3"),
        (judged(ELSEWHERE, (3.0, 3.0), ("o-8-score",), world="elsewhere"), None),
    ],
)
def test_a_run_is_judged_by_score_hint_and_errors(messages, match):
    assert messages == [] if match is None else any(match in message for message in messages)


def test_an_unknown_exercise_is_said_in_one_sentence():
    with pytest.raises(CourseError, match=r"There is no exercise 'O-99': the syllabus has .*O-8"):
        verify.run(REPOSITORY, ["O-99"])
