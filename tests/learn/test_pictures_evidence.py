"""The evidence board says in words what it draws."""

import pytest

from course.learn import pictures_evidence, screen


def feature(name, mean, missing=0):
    return {
        "name": name,
        "numerical_statistics": {"common": {"num_present": 100 - missing, "num_missing": missing}, "mean": mean},
    }


def reports(name, violations, auc, flagged, missing=0):
    return {
        (name, "DataQuality", "constraint_violations"): {"violations": violations},
        (name, "DataQuality", "statistics"): {"features": [feature("flag", flagged), feature("km", 9.0, missing)]},
        (name, "ModelQuality", "constraint_violations"): {"violations": []},
        (name, "ModelQuality", "statistics"): {"binary_classification_metrics": {"auc": {"value": auc}}},
    }


DRIFTED = {
    "feature_name": "amount",
    "constraint_check_type": "baseline_drift_check",
    "description": "Baseline drift distance: 0.936 exceeds threshold: 0.1",
}
UNKNOWN = {"feature_name": "merchant", "constraint_check_type": "categorical_values_check", "description": "Values"}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_evidence, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


def test_each_endpoint_has_its_lines_and_its_row(shown):
    told = reports("austria", [DRIFTED], 0.83, 0.5) | reports("ireland", [UNKNOWN], 0.905, 0.09, missing=36)
    pictures_evidence.show_evidence(told, {"austria": 0.26, "ireland": 0.1}, plan=0.15)
    figure, text = shown[0]
    assert text.splitlines() == [
        "austria",
        "  drifted      amount 0.94",
        "  missing      0% of flag",
        "  AUC          0.830",
        "  flagged      50.0% (planned: 15% at most)",
        "  gap (DPPL)   0.260",
        "ireland",
        "  drifted      nothing",
        "  missing      36% of km; unknown values of merchant",
        "  AUC          0.905",
        "  flagged      9.0% (planned: 15% at most)",
        "  gap (DPPL)   0.100",
    ]
    assert [axes.get_title(loc="left") for axes in figure.axes] == [
        "drift distance",
        "missing",
        "AUC",
        "flagged",
        "gap (DPPL)",
    ]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["austria", "ireland"]


def test_without_gaps_there_is_one_panel_fewer(shown):
    pictures_evidence.show_evidence(reports("austria", [], 0.9, 0.1))
    figure, text = shown[0]
    assert len(figure.axes) == 4
    assert "gap" not in text


def test_without_reports_there_is_nothing_to_show(shown, capsys):
    pictures_evidence.show_evidence({})
    pictures_evidence.show_evidence(None)
    assert not shown
    assert "no evidence to show" in capsys.readouterr().out
