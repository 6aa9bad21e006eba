import pytest

from course.learn import card, exercise
from course.learn.probe import NOT_YET, NOTE, PASSED, Finding

PASS = Finding(PASSED, "the job", "Completed", "Completed", None, "It trained", 1, 1)
MISS = Finding(NOT_YET, "the <endpoint>", "InService & billed", "none", "o-8-endpoint-left", "Nothing is left", 0, 1)
FLAG = Finding(NOTE, "descriptions", "a configuration", "none", "o-8-config-left", "Nothing lies about", 1, 1)


@pytest.fixture
def shown(monkeypatch):
    """What was displayed: (html, text, data)."""
    found = []
    monkeypatch.setattr(card, "_display", lambda page, text, data: found.append((page, text, data[card.FINDINGS])))
    return found


def test_html_and_text_say_what_was_looked_at_seen_expected_and_where_to_read_again(shown):
    o_8 = exercise.find("O-8")
    card.show(o_8, [PASS, MISS, FLAG], 2.0)
    page, text, data = shown[0]
    hint = o_8.hints["o-8-endpoint-left"]
    for words in ("the job", "Completed", "InService", "2 of 4 points", hint.text, hint.read, "read again", "expected"):
        assert words in page and words in text
    # In words, so that colour is never the only sign.
    for status in (PASSED, NOT_YET, NOTE):
        assert f"{status}:" in page and f"{status}:" in text
    assert "the &lt;endpoint&gt;" in page and "InService &amp; billed" in page
    assert data["points"] == 2.0 and [f["hint"] for f in data["findings"]] == [None, MISS.hint, FLAG.hint]
    assert data["hints"]["o-8-endpoint-left"] == hint.text


def test_a_hidden_card_tells_of_other_worlds_and_not_what_was_expected_there(shown):
    missed = {"title": "It answers", "status": NOT_YET, "hint": "o-8-score", "seen": "0.1", "points": 0, "of": 1}
    elsewhere = {"elsewhere": {"points": 3.0, "of": 4.0, "findings": [missed], "problem": "KeyError: 'x'"}}
    card.show(exercise.find("O-8"), [PASS], 3.0, elsewhere=elsewhere)
    _, text, data = shown[0]
    assert "in 2 worlds" in text and "“elsewhere” (3 of 4)" in text
    assert "It answers: 0.1" in text and "KeyError" in text and "o-8-score" in data["hints"]
    assert "It trained" not in text, "the public card above has said what passed here"


def test_one_sentence_stands_in_for_a_card(shown):
    card.tell("O-8", "Run <begin> first.")
    page, text, data = shown[0]
    assert text == "Run <begin> first." and "&lt;begin&gt;" in page and data["points"] == 0


def test_engines_read_the_findings_under_one_name():
    from course.grading import findings

    assert findings.FINDINGS == card.FINDINGS
