"""The map of decisions says in words what its colours say, and leaves out what nobody decided."""

import pytest

from course.learn import pictures_access, screen


def result(action, resource, decision):
    return {"EvalActionName": action, "EvalResourceName": f"arn:aws:s3:::{resource}", "EvalDecision": decision}


READ = [result("s3:GetObject", "a/x", "allowed"), result("s3:GetObject", "b/x", "implicitDeny")]
WRITE = [result("s3:PutObject", "a/x", "explicitDeny"), result("s3:PutObject", "b/x", "allowed")]


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_access, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_each_decision_has_a_word_in_the_text_and_a_mark_in_the_picture(shown):
    pictures_access.show_access({"narrow": READ + WRITE}, guess=3)
    figure, text = shown[0]
    assert text.splitlines() == [
        "narrow: 2 of 4 calls allowed",
        "  s3:GetObject on a/x: allowed",
        "  s3:GetObject on b/x: not allowed",
        "  s3:PutObject on a/x: denied",
        "  s3:PutObject on b/x: allowed",
        "  your guess was that narrow allows 3",
    ]
    axes = figure.axes[0]
    assert [t.get_text() for t in axes.texts] == ["✓ allowed", "○ not allowed", "✗ denied", "✓ allowed"]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["s3:GetObject", "s3:PutObject"]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a/x", "b/x"] and axes.get_title(loc="left") == "narrow"


def test_policies_stand_below_each_other_and_one_without_results_is_left_out(shown, capsys):
    pictures_access.show_access({"one": READ, "none": None, "two": WRITE})
    assert [axes.get_title(loc="left") for axes in shown[0][0].axes] == ["one", "two"]
    pictures_access.show_access({"none": None, "empty": []})
    assert len(shown) == 1 and "no results" in capsys.readouterr().out


def test_the_map_waits_for_a_guess_where_somebody_reads(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    pictures_access.show_access({"narrow": READ}, guess=None)
    assert not shown
