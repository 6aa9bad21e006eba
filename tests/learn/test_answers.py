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
