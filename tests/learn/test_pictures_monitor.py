"""The grid of violations and the difference of constraints say in words what they draw."""

import pytest

from course.learn import pictures_monitor, screen


def violation(column, check):
    return {"feature_name": column, "constraint_check_type": check, "description": "said"}


REPORTS = {
    0: [],
    1: [violation("km", "completeness_check")],
    2: [violation("Missing columns", "missing_column_check"), violation("km", "baseline_drift_check")],
}
BEFORE = {
    "features": [{"name": "km", "completeness": 0.94}, {"name": "amount", "completeness": 1.0}],
    "monitoring_config": {
        "evaluate_constraints": "Enabled",
        "distribution_constraints": {"comparison_threshold": 0.1, "comparison_method": "Robust"},
    },
}
AFTER = {
    "features": [{"name": "km", "completeness": 0.89}, {"name": "amount", "completeness": 1.0}],
    "monitoring_config": {
        "evaluate_constraints": "Enabled",
        "distribution_constraints": {"comparison_threshold": 0.3, "comparison_method": "Robust"},
    },
}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_monitor, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_every_violation_has_a_cell_and_words(shown):
    pictures_monitor.show_violations(REPORTS)
    figure, text = shown[0]
    assert text.splitlines() == [
        "3 hours judged, 2 with violations",
        "  hour 1: km (completeness)",
        "  hour 2: Missing columns (missing column), km (drift)",
    ]
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["km", "Missing columns"]
    assert [(t.get_text(), *t.get_position()) for t in axes.texts] == [("C", 1, 0), ("M", 2, 1), ("D", 2, 0)]


def test_clean_hours_are_a_picture_too_and_none_at_all_are_not(shown, capsys):
    pictures_monitor.show_violations({3: [], 4: []})
    assert shown[0][1] == "2 hours judged, 0 with violations"
    pictures_monitor.show_violations({})
    pictures_monitor.show_violations(None)
    assert len(shown) == 1
    assert "no report to show" in capsys.readouterr().out


def test_an_unknown_check_is_shown_by_its_own_name(shown):
    pictures_monitor.show_violations({0: [violation("f", "mine")]})
    assert shown[0][1].endswith("hour 0: f (mine)")


def test_what_was_edited_is_told_and_drawn(shown):
    pictures_monitor.show_constraints(BEFORE, AFTER, guess=1)
    figure, text = shown[0]
    assert text.splitlines() == [
        "1 of 2 columns with another completeness",
        "  km: 94.0% becomes 89.0%",
        "  comparison_threshold: 0.1 becomes 0.3",
        "  your guess was 1",
    ]
    assert len(figure.axes[0].lines) == 1  # the one that moved


def test_without_an_edit_there_is_nothing_to_compare(shown, capsys):
    pictures_monitor.show_constraints(BEFORE, None)
    assert not shown
    assert "not two versions" in capsys.readouterr().out
