"""The picture of quality says in words what it draws: labels that are there, metrics, the limit."""

import pytest

from course.learn import pictures_quality, screen


def report(auc, spread=0.01):
    constant = {"value": 0.95, "standard_deviation": 0.004}
    return {"auc": {"value": auc, "standard_deviation": spread}, "accuracy_best_constant_classifier": constant}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_quality, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_days_say_their_labels_their_metric_and_whether_it_is_below_the_limit(shown):
    pictures_quality.show_quality({0: report(0.9), 1: report(0.7)}, {0: 1.0, 1: 0.96, 2: 0.25}, limit=0.8, guess=3)
    figure, text = shown[0]
    assert text.splitlines() == [
        "2 of 3 days judged",
        "  day 0: 100% of the labels, auc 0.900 ± 0.010",
        "  day 1: 96% of the labels, auc 0.700 ± 0.010  below the limit",
        "  day 2: 25% of the labels, not judged",
        "  your guess was 3",
    ]
    shades = [patch.get_alpha() for patch in figure.axes[0].patches]
    assert shades == pytest.approx([0.45, 0.432, 0.1125])


def test_a_constant_answer_is_called_one_and_a_missing_deviation_is_left_out(shown):
    name = "accuracy_best_constant_classifier"
    pictures_quality.show_quality({0: report("NaN", "NaN")}, {0: 1.0}, metrics=("auc", name))
    assert shown[0][1].endswith("auc nan, accuracy of the best constant answer 0.950 ± 0.004")


def test_before_anything_is_judged_there_are_labels_to_show_and_without_days_nothing(shown, capsys):
    pictures_quality.show_quality(None, {0: 0.5})
    assert shown[0][1].endswith("day 0: 50% of the labels, not judged")
    pictures_quality.show_quality({}, {})
    assert len(shown) == 1 and "no days" in capsys.readouterr().out
