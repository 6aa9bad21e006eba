import json

import pytest

from course.learn import answers
from course.learn.told import Told


def test_a_folder_without_answers_is_at_the_first_attempt_and_stays_without(tmp_path):
    assert answers.attempt("O-8", tmp_path) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_new_attempt_is_recorded_beside_what_is_there(tmp_path):
    (tmp_path / "answers.json").write_text(json.dumps({"version": 1, "choices": {"q1": "b"}}))
    assert answers.next_attempt("O-8", tmp_path) == 2
    assert answers.next_attempt("O-8", tmp_path) == 3
    kept = json.loads((tmp_path / "answers.json").read_text())
    assert kept == {"version": 1, "choices": {"q1": "b"}, "attempts": {"O-8": 3}}
    assert answers.attempt("O-7", tmp_path) == 1


def test_what_cannot_be_read_or_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "answers.json").write_text("{")
    with pytest.raises(Told, match="cannot be read: rename it"):
        answers.attempt("O-8", tmp_path)
    with pytest.raises(Told, match="cannot be written"):
        answers.next_attempt("O-8", tmp_path / "no such folder")


def told(monkeypatch, **variables):
    for name in ("STUDENT", "HANDED_IN_BY"):
        monkeypatch.delenv(f"COURSE_{name}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"COURSE_{name}", value)


def test_a_learner_alone_leaves_no_note_and_is_graded_in_the_world_of_self_study(tmp_path, monkeypatch):
    told(monkeypatch)
    assert answers.whose("O-4", tmp_path) == "self-study"
    answers.note_whose("O-4", tmp_path)
    assert not (tmp_path / "answers.json").exists()
    told(monkeypatch, HANDED_IN_BY="ada")
    assert answers.whose("O-4", tmp_path) == "self-study", "the folder's name changes nothing"


def test_where_the_lab_was_told_its_student_the_grader_sees_that_students_world(tmp_path, monkeypatch):
    told(monkeypatch, STUDENT="ada")
    assert answers.whose("O-4", tmp_path) == "ada"
    answers.note_whose("O-4", tmp_path)
    told(monkeypatch, STUDENT="grader", HANDED_IN_BY="ada")
    before = (tmp_path / "answers.json").read_text()
    assert answers.whose("O-4", tmp_path) == "ada"
    assert answers.whose("O-5", tmp_path) == "self-study", "that one was not begun there"
    answers.note_whose("O-5", tmp_path)
    assert (tmp_path / "answers.json").read_text() == before, "a grader notes nothing"
    told(monkeypatch)
    answers.note_whose("O-4", tmp_path)
    told(monkeypatch, HANDED_IN_BY="ada")
    assert answers.whose("O-4", tmp_path) == "self-study", "it was begun again at home, in the world of self-study"


@pytest.mark.parametrize("students", [{"O-4": "bob"}, {"O-4": ["ada"]}, {"O-4": None}, "ada", None, {"O-5": "ada"}])
def test_nobody_can_ask_for_a_third_persons_world(tmp_path, monkeypatch, students):
    (tmp_path / "answers.json").write_text(json.dumps({"students": students}))
    told(monkeypatch, HANDED_IN_BY="ada")
    assert answers.whose("O-4", tmp_path) == "self-study"


@pytest.mark.parametrize("attempts", [{"O-4": 0}, {"O-4": -3}, {"O-4": "2"}, {"O-4": True}, {"O-4": 1.5}, [], {}])
def test_what_is_no_attempt_counts_as_the_first(tmp_path, attempts):
    (tmp_path / "answers.json").write_text(json.dumps({"attempts": attempts}))
    assert answers.attempt("O-4", tmp_path) == 1
    assert answers.next_attempt("O-4", tmp_path) == 2
