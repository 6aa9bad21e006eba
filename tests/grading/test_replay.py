import json
import stat

import nbformat
import pytest
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from course.grading import replay
from course.grading.region import region
from course.grading.replay import Replay, ReplayExecute

from .notebooks import cell_of, source, submission

STUDENT = {"nbgrader": {"student": "ada", "assignment": "d0_orientation", "notebook": "d0_orientation"}}


def results_of(blank, worlds=("elsewhere",), cwd=".", environment=None):
    cells = region(source(), submission(blank), "O-8")
    return replay.run([Replay(cells, world) for world in worlds], str(cwd), environment or {}, timeout=20)["O-8"]


def test_the_same_cells_are_run_in_every_world_side_by_side():
    results = results_of("n = len(x)", ("elsewhere", "here"))
    assert {world: (r["points"], r["of"], r["problem"]) for world, r in results.items()} == {
        "elsewhere": (4.0, 4.0, ""), "here": (4.0, 4.0, "")}  # fmt: skip


def test_what_holds_in_one_world_only_is_told_without_what_was_expected():
    results = results_of("n = 9", ("elsewhere", "here"))
    assert [results[world]["points"] for world in ("elsewhere", "here")] == [4.0, 0.0]
    (finding,) = results["here"]["findings"]
    assert finding["hint"] == "o-8-n" and finding["seen"] == "9" and set(finding) == set(replay.TOLD)


def test_errors_hangs_and_dead_kernels_cost_that_world_only(tmp_path):
    results = results_of("n = 1 / 0 if x else 0")
    assert results["elsewhere"]["points"] == 0 and "ZeroDivisionError" in results["elsewhere"]["problem"]
    suicide = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL) if x == 'here' else None\nn = 9"
    results = results_of(suicide, ("here", "elsewhere"))
    assert results["here"]["points"] == 0 and "died" in results["here"]["problem"].lower()
    assert results["elsewhere"]["points"] == 4


def test_a_cell_that_takes_too_long_is_interrupted_and_the_check_still_speaks():
    cells = region(source(), submission("n = None\nwhile True: pass"), "O-8")
    results = replay.run([Replay(cells, "here")], ".", {}, timeout=2)["O-8"]["here"]
    assert results["points"] == 0 and results["findings"][0]["seen"] == "None"


def test_a_check_that_was_never_reached_gives_no_points():
    cells = region(source(), submission(), "O-8")
    assert replay.answer(cells, nbformat.v4.new_notebook())["problem"] == "the check was not reached"


def test_kernels_get_the_environment_that_is_given_and_no_older_results(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HIDDEN_RESULTS", "/old")
    blank = (
        "import os\nn = 9 if (os.environ.get('MINE'), os.environ.get('COURSE_HIDDEN_RESULTS')) == ('1', None) else 0"
    )
    assert results_of(blank, environment={"MINE": "1"})["elsewhere"]["points"] == 4


def test_results_are_a_file_that_nobody_else_can_read(tmp_path):
    path = replay.write({"O-8": {}}, tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and json.loads(path.read_text()) == {"O-8": {}}


def test_what_is_replayed_is_told_by_source_and_syllabus_alone():
    mine = submission()
    for cell in mine.cells:
        cell.metadata.pop("course", None)
    assert [(r.region.exercise, r.world) for r in replay.planned(source(), mine)] == [("O-8", "elsewhere")]
    assert replay.planned(nbformat.v4.new_notebook(), mine) == []
    other = source()
    for cell in other.cells:
        if "course" in cell.metadata:
            cell.metadata["course"]["exercise"] = "X-1"
    assert replay.planned(other, mine) == [], "an exercise that the syllabus does not have"


@pytest.fixture
def preprocessor(tmp_path):
    folder = tmp_path / "source" / "d0_orientation"
    folder.mkdir(parents=True)
    nbformat.write(source(), folder / "d0_orientation.ipynb")
    return ReplayExecute(config=Config({"CourseDirectory": {"root": str(tmp_path)}}))


def test_nbgrader_executes_with_the_results_and_the_student_at_hand(preprocessor, tmp_path):
    mine = submission("import os, json\nn = 0\nseen = json.load(open(os.environ['COURSE_HIDDEN_RESULTS']))")
    mine.cells.append(
        nbformat.v4.new_code_cell("seen['O-8']['elsewhere']['points'], os.environ['COURSE_HANDED_IN_BY']")
    )
    done, _ = preprocessor.preprocess(mine, {**STUDENT, "metadata": {"path": str(tmp_path)}})
    assert done.cells[-1].outputs[0].data["text/plain"] == "(0.0, 'ada')"
    assert cell_of(done, "o-8-check").outputs[-1].data["text/plain"] == "4.0"


def test_where_every_lab_knows_its_student_the_folders_name_alone_counts(preprocessor, tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_HANDED_IN_BY", raising=False)
    preprocessor.labs_know_their_student = True
    mine = submission()
    looked = "import os; os.environ['COURSE_STUDENT'], os.environ.get('COURSE_HANDED_IN_BY')"
    mine.cells.append(nbformat.v4.new_code_cell(looked))
    done, _ = preprocessor.preprocess(mine, {**STUDENT, "metadata": {"path": str(tmp_path)}})
    assert done.cells[-1].outputs[0].data["text/plain"] == "('ada', None)"


def test_a_notebook_of_another_course_is_executed_as_nbgrader_does(preprocessor, tmp_path):
    plain = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import os; os.environ.get('COURSE_HIDDEN_RESULTS')")]
    )
    names = {"nbgrader": {**STUDENT["nbgrader"], "assignment": "other"}, "metadata": {"path": str(tmp_path)}}
    done, _ = preprocessor.preprocess(plain, names)
    assert done.cells[0].outputs == []
    assert CourseDirectory().source_directory == "source"


def test_what_runs_beside_the_kernels_is_named_in_the_configuration(preprocessor):
    with preprocessor._beside() as environment:
        assert environment == {}
    preprocessor.beside = f"{__name__}:beside"
    with preprocessor._beside() as environment:
        assert environment == {"BESIDE": "yes"}


class beside:  # a context manager, called as the configuration names it
    def __enter__(self):
        return {"BESIDE": "yes"}

    def __exit__(self, *_):
        pass
