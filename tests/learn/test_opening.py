import json
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from course.learn import begin, world
from course.learn.opening import Given
from course.learn.told import Told


def test_importing_it_loads_none_of_the_heavy_libraries():
    code = (
        "import sys; from course.learn import begin;"
        "print([name for name in ('boto3', 'numpy', 'pandas', 'matplotlib', 'IPython') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_begin_rebuilds_the_same_world_and_clients_made_before_follow(kernel):
    x = begin("O-8")
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=x.name)
    first = (Path(x.csv), vars(x))
    again = begin("O-8")
    assert [again.name, again.role, again.row] == [x.name, x.role, x.row]
    assert x.name not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    s3.create_bucket(Bucket=again.name)
    assert not first[0].exists() and Path(again.csv).exists(), "a world's files go with it"


def test_a_new_attempt_is_another_world_and_is_remembered(kernel):
    first, second = begin("O-8"), begin("O-8", again=True)
    assert first.name != second.name and first.row != second.row
    assert begin("O-8").name == second.name
    kernel.setenv("COURSE_ATTEMPT", "1")
    assert begin("O-8").name == first.name


def test_another_student_sees_another_world(kernel):
    own = begin("O-8").name
    kernel.setenv("COURSE_STUDENT", "ada")
    assert begin("O-8").name != own


@pytest.mark.parametrize("told", [None, "ada"])
def test_the_grader_sees_the_diagnosis_that_the_learner_saw(kernel, told):
    kernel.delenv("COURSE_STUDENT", raising=False)
    if told:
        kernel.setenv("COURSE_STUDENT", told)
    begin("O-4")
    x = begin("O-4", again=True)
    seen = x.live, world.current().memory["cause"]
    kernel.setenv("COURSE_STUDENT", "whoever grades")
    kernel.setenv("COURSE_HANDED_IN_BY", "ada")
    graded = begin("O-4")
    assert (graded.live, world.current().memory["cause"]) == seen


def test_a_hidden_world_has_other_names_and_a_colleague_in_it(kernel):
    own = begin("O-8")
    kernel.setenv("COURSE_WORLD", "elsewhere")
    x = begin("O-8")
    assert x.name != own.name
    assert [e["EndpointName"] for e in boto3.client("sagemaker").list_endpoints()["Endpoints"]] == ["fraud-team-live"]
    assert ("Endpoint", "fraud-team-live") in world.current().before
    kernel.setenv("COURSE_WORLD", "nowhere")
    with pytest.raises(Told, match="no hidden world 'nowhere'"):
        begin("O-8")


def test_with_a_seed_of_ones_own_a_hidden_world_is_another(kernel):
    kernel.setenv("COURSE_WORLD", "elsewhere")
    same = begin("O-8").name
    kernel.setenv("COURSE_VARIANT", "7")
    own = begin("O-8").name
    assert own != same and begin("O-8").name == own


@pytest.mark.parametrize(
    ("noted", "variant", "flags"), [("ada", "7", 0), ("bob", "7", 1), (None, "7", 1), (None, "", 0)]
)
def test_a_grader_with_seeds_of_ones_own_takes_no_other_world_and_flags_who_saw_one(kernel, noted, variant, flags):
    """The worlds that are graded, with what a lab noted in answers.json."""
    from course.beside import Cloud

    kernel.setenv("COURSE_STUDENT", noted or "self-study")
    seen = begin("O-4").live
    kernel.setenv("COURSE_STUDENT", "ada")
    adas = begin("O-4").live
    Path("answers.json").write_text(json.dumps({"version": 1, "students": {"O-4": noted} if noted else {}}))
    kernel.delenv("COURSE_STUDENT")
    kernel.setenv("COURSE_VARIANT", variant)
    beside = Cloud("ada", Path())
    try:
        graded = beside.perform("course.learn", "begin", ["O-4"], {}).live
        record = beside.record()
    finally:
        beside.close()
    assert graded == (adas if variant else seen) and list(record["seeds"]) == ["O-4 own"]
    assert len(record["flags"]) == flags and all(flag.startswith("O-4: answers.json") for flag in record["flags"])


def test_an_unknown_exercise_is_said_in_one_sentence_and_leaves_the_world_alone(kernel):
    begin("O-8")
    with pytest.raises(Told, match="There is no exercise 'O-88'") as told:
        begin("O-88")
    [line] = told.value._render_traceback_()
    assert line.replace("\n", " ") == str(told.value)
    assert world.current().exercise.id == "O-8"


def test_what_is_given_shows_names_and_values_but_no_path_of_this_machine(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("a" * 1500)
    x = Given(csv=str(table), name="crossing-<1>")
    assert repr(x) == "x.csv   the file table.csv (2 kB)\nx.name  crossing-<1>"
    assert "crossing-&lt;1&gt;" in x._repr_html_() and str(tmp_path) not in x._repr_html_()
