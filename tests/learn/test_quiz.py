"""Questions as text, answers without clicking, what is recorded of them, and which come back when."""

import json

import pytest

from course.exam import bank
from course.exam.judging import solution
from course.learn import answer, progress, quiz, quiz_results, quiz_told, quizzing, review
from course.learn.answers import Answer, given
from course.learn.quizzing import Asked, finished
from course.learn.told import Told

from .reader import *  # noqa: F403

RIGHT = {item.id: solution(item) for exercise in ("O-1", "O-6", "O-7") for item in bank.load(exercise)}


def read(folder):
    return json.loads((folder / "answers.json").read_text())["answers"]


def test_where_nobody_clicks_the_questions_are_text_and_always_the_same(folder, capsys):
    quiz("O-7")
    first = capsys.readouterr().out
    quiz("O-7")
    assert capsys.readouterr().out == first
    assert first.count("not answered") == 8 and "0 of 8 answered" in first
    assert "O-7, question 1 of 8" in first and "Choose one." in first
    assert all(option.id in first for item in bank.load("O-7") for option in item.options)
    assert max(map(len, first.splitlines())) <= 100
    assert not (folder / "answers.json").exists() and not (folder.parent / ".course" / "progress.json").exists()


def test_an_answer_is_recorded_with_what_was_asked_and_every_option_is_explained(folder, capsys):
    quiz("O-1")
    capsys.readouterr()
    answer("o-1-format", "gzip", sure=75)
    said = capsys.readouterr().out
    entry = read(folder)["o-1-format"]
    assert {key: entry[key] for key in ("choice", "version", "confidence", "attempt")} == {
        "choice": ["gzip"], "version": 1, "confidence": 75, "attempt": 1}  # fmt: skip
    assert set(entry["parameters"]) == {"years", "few", "many"}, "no score, and the wording that was shown"
    assert said.startswith("o-1-format: Not right.")
    assert (said.count("tempting:"), said.count("wrong here:"), said.count("right when:"), said.count("why:")) == (
        3,
        3,
        3,
        1,
    )
    assert "✗ wrong, and chosen: The same CSV" in said and "✓ right, not chosen: Parquet" in said and "D1-01" in said


def test_a_committed_answer_stands_until_a_new_attempt(folder, capsys, monkeypatch):
    answer("o-1-format", "gzip", sure=75)
    answer("o-1-format", "parquet", sure=95)
    assert read(folder)["o-1-format"]["choice"] == ["gzip"]
    monkeypatch.setenv("COURSE_ATTEMPT", "2")
    assert given("o-1-format") is None
    answer("o-1-format", "parquet", sure=95)
    assert read(folder)["o-1-format"] | {"parameters": {}} == {
        "choice": ["parquet"], "version": 1, "parameters": {}, "confidence": 95, "attempt": 2}  # fmt: skip


@pytest.mark.parametrize(
    ("id", "choice", "sure", "message"),
    [
        ("o-1-format", "nonsense", 75, r"Not answered yet\. Choose one\."),
        ("o-1-least", ["get"], 75, r"Choose two\."),
        ("o-1-tuning", ["best"], 75, r"Put these in order\."),
        ("o-1-hosting", {"shops": "async"}, 75, r"Choose one for each\."),
        ("o-6-hand-1", {}, 75, r"Choose for each\."),
        ("o-1-slow", {"cause": "busy"}, 75, "answer each question"),
        ("o-1-format", "parquet", None, "Say how sure you are: a guess, leaning to it, fairly sure or sure"),
        ("o-1-format", "parquet", 60, "Say how sure you are"),
        ("o-1-nothing", "parquet", 75, "Run the cell that asks for o-1-nothing first"),
    ],
)
def test_half_an_answer_is_none_and_it_is_said_what_is_missing(folder, id, choice, sure, message):
    with pytest.raises(Told, match=message):
        answer(id, choice, sure)
    assert not (folder / "answers.json").exists()


def test_an_exercise_without_questions_is_said(folder):
    with pytest.raises(Told, match=r"no questions for 'O-8'; there are for .*O-1"):
        quiz("O-8")


def test_all_kinds_can_be_answered_without_clicking(folder, capsys):
    for item in bank.load("O-1"):
        answer(item.id, RIGHT[item.id], sure=95)
    quiz("O-1")
    said = capsys.readouterr().out
    assert "All 12 answered, 12 of them right in every part." in said and "not answered" not in said
    assert [one.verdict.right for one in quiz_results.marked("O-1")] == [True] * 12


def test_what_is_asked_again_shows_the_wording_that_was_answered(folder, monkeypatch):
    answer("o-7-friday", "ingest", sure=95)
    shown = quiz_results.mark(bank.find("o-7-friday")).item.stem
    for student in "abcdefgh":
        monkeypatch.setenv("COURSE_STUDENT", student)
        assert quiz_results.mark(bank.find("o-7-friday")).item.stem == shown


def test_another_student_or_attempt_sees_another_wording(folder, monkeypatch):
    def stems():
        return tuple(one.item.stem for one in quiz_results.marked("O-7"))

    seen = {stems()}
    for attempt in "23456":
        monkeypatch.setenv("COURSE_ATTEMPT", attempt)
        seen.add(stems())
    assert len(seen) > 3


@pytest.mark.parametrize(
    "entry",
    [
        {"choice": ["parquet"], "version": 2},
        {"choice": ["nonsense"], "version": 1},
        {"choice": 7, "version": 1, "parameters": 3, "confidence": "very"},
        {"choice": None, "version": 1},
        {"version": 1},
        "parquet",
        {"choice": ["parquet"], "version": 1, "attempt": 9},
    ],
)
def test_an_old_or_broken_entry_is_no_answer(folder, entry):
    (folder / "answers.json").write_text(json.dumps({"version": 1, "answers": {"o-1-format": entry}}))
    marked = quiz_results.mark(bank.find("o-1-format"))
    assert marked.answer is None and marked.verdict is None
    assert quiz_results.missing("O-1") == "no question is answered"


def test_a_lone_notebook_has_handed_nothing_in(folder):
    assert "not handed in" in quiz_results.missing("O-1")
    answer("o-7-idle", "fit", sure=95)
    assert quiz_results.missing("O-1") == "no question is answered"
    assert quiz_results.missing("O-7") is None


def test_missed_questions_come_back_after_one_three_and_seven_sittings(reader):
    answer("o-1-encode", "label", sure=50)
    answer("o-1-format", "parquet", sure=50)
    asked_in = []
    for sitting in range(2, 20):
        reader.pauses(hours=5)
        asked = progress.due()
        if asked:
            assert asked == ["o-1-encode"]
            asked_in.append(sitting)
            _review("o-1-encode", RIGHT["o-1-encode"])
        else:
            progress.begun("O-8")
    assert asked_in == [2, 5, 12], "one sitting later, then three, then seven; then it is known"


def test_a_question_that_is_missed_again_starts_over(reader):
    answer("o-1-encode", "label", sure=50)
    reader.pauses(hours=5)
    _review("o-1-encode", ["tokens"])
    assert progress.due() == []
    reader.pauses(hours=5)
    assert progress.due() == ["o-1-encode"]


def test_within_a_sitting_nothing_comes_back_and_reviews_leave_the_handed_in_answers_alone(reader, capsys):
    answer("o-1-encode", "label", sure=50)
    reader.pauses(hours=3)
    review()
    assert "No question comes back today." in capsys.readouterr().out
    before = read(reader.folder)
    reader.pauses(hours=5)
    _review("o-1-encode", RIGHT["o-1-encode"])
    assert read(reader.folder) == before


def test_a_right_answer_does_not_come_back(reader):
    answer("o-1-encode", "one-hot", sure=25)
    reader.pauses(hours=5)
    assert progress.due() == []


def test_every_kind_has_a_text_before_and_after_an_answer(folder):
    for item in bank.load("O-1"):
        filled = item.filled(item.drawn(0))
        text = quiz_told.text_of(filled, filled.steps, None, None, "Question 1")
        assert "not answered" in text and quiz_told.task(filled) in " ".join(text.split())
        said = quiz_told.explanation_text(filled, RIGHT[item.id])
        assert said.startswith("Right.") and "wrong, and chosen" not in said
        page = quiz_told.explanation_page(filled, RIGHT[item.id])
        assert page.count("<div") == page.count("</div>") and "✗" not in page


def test_a_quiz_says_how_far_it_is(folder):
    answer("o-7-idle", "fit", sure=95)
    assert finished([quizzing._asked(one) for one in quiz_results.marked("O-7")]) == "1 of 8 answered."


def test_an_answer_without_an_attempt_counts_at_every_one(folder, monkeypatch):
    (folder / "answers.json").write_text(json.dumps({"answers": {"o-7-idle": {"choice": ["fit"], "version": 1}}}))
    for attempt in "123":
        monkeypatch.setenv("COURSE_ATTEMPT", attempt)
        assert given("o-7-idle") == Answer(["fit"])


def _review(id, choice):
    """Answer a question that has come back, as its widget does."""
    item = bank.find(id)
    assert id in progress.due()
    Asked(item.filled({}), item.steps, {}, keep=lambda id, answer: None).commit(choice, 75)
