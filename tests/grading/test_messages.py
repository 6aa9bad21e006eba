"""What a test tells its learner, and that nothing hidden is told."""

import nbformat
import pytest

from course.grading.messages import FINDINGS, as_text, messages, missed, public
from tests.grading.classes import HIDDEN_TEST, cell, failure

PUBLIC = "assert squares(1) == [1]\nassert squares(2) == [1, 4], 'two squares'"


def ran(source, *outputs):
    made = cell("code", source, "t", grade=True, points=2)
    made.outputs = list(outputs)
    return made


def card(*findings, hints=None, elsewhere=None, text="card"):
    data = {"findings": list(findings), "hints": hints or {}, "elsewhere": elsewhere or {}, "points": 0, "of": 2}
    return nbformat.v4.new_output("display_data", data={FINDINGS: data, "text/plain": text})


def test_a_failed_assertion_says_what_was_looked_at_and_expected():
    told = messages(ran(PUBLIC, failure("assert squares(1) == [1]")), 0, 2)
    assert as_text(told) == "What the test asserts does not hold.\n  looked at: squares(1)\n  expected: [1]"
    told = messages(ran(PUBLIC, failure("assert squares(2) == [1, 4], 'two squares'", words="two squares")), 0, 2)
    assert told[0].pairs[-1] == ("said", "two squares")


def test_an_error_is_said_in_plain_language():
    told = messages(
        ran(PUBLIC, failure("assert squares(1) == [1]", "NameError", "name 'squares' is not defined")), 0, 2
    )
    assert told[0].headline.startswith("A name was used that nothing above has defined")
    assert told[0].pairs[-1] == ("said", "NameError: name 'squares' is not defined")
    assert "of the kind Odd" in messages(ran(PUBLIC, failure("x", "Odd", "")), 0, 2)[0].headline


def test_nothing_of_a_hidden_test_is_quoted():
    told = as_text(messages(ran(HIDDEN_TEST, failure("assert squares(977) == SECRET")), 0, 2))
    assert "a test that you do not see" in told and "977" not in told and "SECRET" not in told
    # The learner's own code may put what it was given into an error's words.
    for kind, frames in (("ValueError", 1), ("AssertionError", 2)):
        told = as_text(messages(ran(HIDDEN_TEST, failure("assert f(977)", kind, "977", frames=frames)), 0, 2))
        assert "977" not in told, kind
    # What the author of a hidden test says to the learner is said.
    said = failure("assert squares(977) == SECRET", words="large numbers are squared too")
    assert "large numbers are squared too" in as_text(messages(ran(HIDDEN_TEST, said), 0, 2))


def test_a_public_line_of_a_test_with_hidden_ones_is_quoted():
    line = 'assert squares(2) == [1, 4], "two squares"'
    told = as_text(messages(ran(HIDDEN_TEST, failure(line, words="two squares")), 0, 2))
    assert "looked at: squares(2)" in told and "said: two squares" in told
    twice = f"{HIDDEN_TEST}\nassert a == 1".replace("assert squares(977) == SECRET", "assert a == 1")
    assert "a == 1" not in as_text(messages(ran(twice, failure("assert a == 1")), 0, 2)), (
        "which of the two is not known"
    )


@pytest.mark.parametrize(
    ("source", "left"),
    [
        (HIDDEN_TEST, 'assert squares(2) == [1, 4], "two squares"'),
        ("a\n### BEGIN HIDDEN TESTS\nb", "a"),
        ("### BEGIN HIDDEN TESTS\nb\n### END HIDDEN TESTS\nc", "c"),
        ("text\n=== BEGIN MARK SCHEME ===\nb\n=== END MARK SCHEME ===", "text"),
    ],
)
def test_what_is_public_of_a_cell(source, left):
    assert public(source) == left


def test_a_course_may_have_its_own_words_for_hidden():
    assert public("a\n# VERSTECKT\nb\n# SICHTBAR\nc", marks=("VERSTECKT", "SICHTBAR")) == "a\nc"


def test_findings_are_told_as_the_check_said_them():
    finding = {
        "title": "The endpoint answers", "status": "not yet", "hint": "h", "seen": "no endpoint",
        "looked": "your endpoints", "expected": "one InService", "points": 0.0, "of": 2.0,
    }  # fmt: skip
    passed = {**finding, "title": "n", "status": "passed", "hint": None, "points": 1.0, "of": 1.0}
    elsewhere = {"better": {"points": 0, "of": 2, "findings": [finding], "problem": ""}}
    text = "card\n    hint        Create it.\n    read again  Section 3\n"
    check = ran("check(1)", card(finding, passed, hints={"h": "Create it."}, elsewhere=elsewhere, text=text))
    first, second, third = messages(check, 0, 2)
    assert first.headline == "not yet: The endpoint answers (0 of 2)" and first.mood == "bad" and second.mood == "good"
    assert [label for label, _ in first.pairs] == ["looked at", "seen", "expected", "hint", "read again"]
    assert dict(first.pairs)["read again"] == "Section 3"
    assert "in the world “better”" in third.headline and "expected" not in dict(third.pairs), (
        "not told for hidden worlds"
    )
    assert missed(check) == ["Create it."]


def test_the_same_finding_is_told_once():
    finding = {"title": "t", "status": "passed", "points": 1.0, "of": 1.0}
    assert len(messages(ran("c", card(finding), card(finding)), 1, 1)) == 1


@pytest.mark.parametrize(
    "data",
    [
        [], "x", {"findings": "x"}, {"findings": [1, None, {"hint": {"a": []}, "points": "x", "of": "y"}]},
        {"findings": [{}], "hints": [1], "elsewhere": [2]},
        {"findings": [], "elsewhere": {"w": 3, "v": {"findings": 7, "points": None}}},
    ],
)  # fmt: skip
def test_what_only_looks_like_findings_breaks_nothing(data):
    output = nbformat.v4.new_output("display_data", data={FINDINGS: data, "text/plain": "x"})
    assert as_text(messages(ran("c", output), 0, 1)) is not None and missed(ran("c", output)) is not None


def test_what_became_of_the_process_is_told():
    result = {"status": "timed out", "message": "60 s"}
    assert as_text(messages(ran("c"), 0, 1, result)).startswith("Your cells took longer than they may take")
    assert "60 s" not in as_text(messages(ran(HIDDEN_TEST), 0, 1, result)), "could quote a hidden test"
    assert "no points" in as_text(messages(ran("c"), 0, 1)) and "a part" in as_text(messages(ran("c"), 0.5, 1))
    assert messages(ran("c"), 1, 1)[0].mood == "good"
