"""The pictures of tables and numbers: what they say in words, and that they wait for a prediction."""

import io
import tarfile

import numpy as np
import pandas as pd
import pytest

from course.learn import (
    pictures_container,
    pictures_costs,
    pictures_digests,
    pictures_distributions,
    pictures_facets,
    pictures_look,
    pictures_metric,
    pictures_waterfall,
    screen,
)

MODULES = (
    pictures_costs, pictures_digests, pictures_distributions, pictures_facets, pictures_metric, pictures_waterfall,
)  # fmt: skip


@pytest.fixture
def shown(monkeypatch):
    """The figures and texts that were displayed."""
    found = []
    for module in MODULES:
        monkeypatch.setattr(module, "display", lambda figure, text: found.append((figure, text)))
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return found


@pytest.fixture
def scored():
    rng = np.random.default_rng(0)
    fraud = (rng.random(2_000) < 0.05).astype(int)
    return pd.DataFrame({"score": np.clip(rng.beta(1, 20, 2_000) + 0.3 * fraud, 0, 1), "fraud": fraud})


def test_costs_are_told_for_a_row_of_cuts_and_for_none(shown, scored):
    pictures_costs.show_costs(scored, missed=120, review=4)
    figure, text = shown[0]
    frauds = scored["fraud"].sum()
    assert f"2,000 payments, {frauds} of them fraud" in text and text.splitlines()[-1].split()[0] == "none"
    assert f"{frauds:,} of {frauds}" in text.splitlines()[-1] and f"{120 * frauds:,}" in text.splitlines()[-1]
    axes = figure.axes[0]
    assert axes.get_xlabel() and axes.get_ylabel() and axes.get_title(loc="left")


def test_an_outcome_adds_up_and_counts_both_kinds_of_mistakes():
    score, fraud = np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, True, False, True])
    what = pictures_costs.outcome(score, fraud, 0.5, missed=10, review=1)
    assert (what.caught, what.missed, what.alarms, what.passed, what.cost) == (1, 1, 1, 1, 12)
    assert what.rows == 4 and what.flagged == 2 and what.accuracy == 0.5


def test_a_guess_in_per_cent_becomes_the_cut_that_reviews_so_many(shown, scored):
    pictures_costs.show_costs(scored, missed=120, review=4, guess=10.0)
    line = shown[0][1].splitlines()[-1]
    cut = float(line.split("cut of ")[1].split()[0])
    assert (scored["score"] >= cut).mean() == pytest.approx(0.10, abs=0.005)
    assert "your guess" in {text.get_text() for text in shown[0][0].axes[0].get_legend().get_texts()}


def test_a_metric_is_told_with_guess_and_band(shown):
    pictures_metric.show_metric([0.9, 0.8], name="AUC", guess=[0.9, 0.85, 0.7], band=(0.85, 0.95))
    lines = shown[0][1].splitlines()
    assert [line.split() for line in lines[1:4]] == [
        ["month", "1", "2", "3"], ["AUC", "0.900", "0.800"], ["your", "guess", "0.900", "0.850", "0.700"]
    ]  # fmt: skip
    assert lines[-1] == "  shaded: from 0.85 to 0.95"


def test_a_signal_with_a_limit_is_told_without_numbers(shown):
    signals = {"Latency": [80.1, 99.7], "AUC": [0.9, 0.7]}
    pictures_metric.show_signals(signals, limits={"Latency": 5_000})
    figure, text = shown[0]
    assert "below its alarm's limit all the time" in text and "80" not in text and "0.700" in text
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Latency", "AUC"]
    pictures_metric.show_signals({"Latency": [80.0, 6_000.0]}, limits={"Latency": 5_000})
    assert "above its limit" in shown[1][1]


def test_tables_are_told_column_by_column(shown):
    one = pd.DataFrame({"amount": [1.0, 10.0, 100.0], "shop": ["a", "b", "b"], "only_here": [1, 2, 3]})
    two = pd.DataFrame({"amount": [100.0, 1000.0, None], "shop": ["a", "a", "a"]})
    pictures_distributions.show_distributions(one, two, names=("training", "serving"), guess=2.0)
    figure, text = shown[0]
    assert "a 33%, b 67%" in text and "a 100%" in text and "33% missing" in text and "only_here" not in text
    assert "your guess was that 2 of the 2 columns differ" in text
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["amount", "shop"]


def test_tables_without_a_column_in_common(shown, capsys):
    pictures_distributions.show_distributions(pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]}))
    assert not shown and capsys.readouterr().out == "first and second have no column in common.\n"


def pack(**files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


@pytest.mark.parametrize(("second", "words"), [
    ({"model": b"1", "rows": b"2"}, ["one digest", "model: same", "rows: same"]),
    ({"model": b"9", "rows": b"2"}, ["two digests", "model: differs", "rows: same"]),
    ({"model": b"1"}, ["two digests", "rows: not in the second run"]),
])  # fmt: skip
def test_archives_are_told_file_by_file(monkeypatch, shown, second, words):
    archives = {"s3://b/1": pack(model=b"1", rows=b"2"), "s3://b/2": pack(**second)}

    class S3:
        def get_object(self, Bucket, Key):
            return {"Body": io.BytesIO(archives[f"s3://{Bucket}/{Key}"])}

    monkeypatch.setattr(pictures_digests.world, "current", lambda: type("W", (), {"client": lambda _, name: S3()})())
    pictures_digests.show_digests("s3://b/1", "s3://b/2")
    assert all(word in shown[0][1] for word in words)


def test_nothing_to_show_is_said(shown, capsys):
    pictures_costs.show_costs(None, 120, 4)
    pictures_metric.show_metric([], name="AUC")
    pictures_metric.show_signals({"AUC": []})
    pictures_distributions.show_distributions(pd.DataFrame(), None)
    pictures_digests.show_digests()
    assert not shown
    assert all("yet" in line for line in capsys.readouterr().out.splitlines())


def test_a_picture_waits_for_a_reader_who_was_asked_to_predict(monkeypatch, shown, scored):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    pictures_metric.show_metric([0.9], name="AUC", guess=None)
    pictures_distributions.show_distributions(scored, scored, guess=None)
    pictures_costs.show_costs(scored, 120, 4, guess=None)
    pictures_digests.show_digests("s3://b/1", "s3://b/2", guess=None)
    assert not shown
    pictures_metric.show_metric([0.9], name="AUC")
    pictures_metric.show_metric([0.9], name="AUC", guess=[0.9])
    assert len(shown) == 2
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    pictures_metric.show_metric([0.9], name="AUC", guess=None)
    assert len(shown) == 3


def test_every_picture_has_the_one_look(shown, scored):
    pictures_costs.show_costs(scored, 120, 4)
    pictures_metric.show_metric([0.9, 0.8], name="AUC")
    for figure, _ in shown:
        assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
        assert not any(axes.spines["top"].get_visible() for axes in figure.axes)
        assert pictures_look.png(figure).startswith(b"\x89PNG")


def test_the_slider_moves_the_table_and_draws_only_when_moved(scored):
    box = pictures_costs._slider(scored["score"].to_numpy(), scored["fraud"].to_numpy() == 1, 120, 4, 0.3)
    slider, words, picture = box.children
    before = words.value
    assert "Cut 0.300" in before and not picture.value
    slider.value = 0.05
    assert words.value != before and bytes(picture.value).startswith(b"\x89PNG")


def test_a_container_tells_what_became_of_each_file(shown, monkeypatch):
    monkeypatch.setattr(pictures_container, "display", lambda figure, text: shown.append((figure, text)))
    files = ["/opt/ml/input/data/train/t.csv", "/opt/ml/code/notes.txt", "/opt/ml/model/m.joblib"]
    monkeypatch.setattr(pictures_container, "_files", lambda job: files)
    monkeypatch.setattr(pictures_container, "_kept", lambda job: {"/opt/ml/model/m.joblib": "model.tar.gz"})
    pictures_container.show_container("one", guess=2)
    figure, text = shown[0]
    assert text.splitlines()[1:] == [
        "  /opt/ml/input/data/train/t.csv: came in",
        "  /opt/ml/code/notes.txt: gone",
        "  /opt/ml/model/m.joblib: stays, in model.tar.gz",
        "  your guess was that 2 of the files written would stay",
    ]
    assert {t.get_text() for t in figure.axes[0].texts} >= {"✓ stays, in model.tar.gz", "✗ goes with the machine"}


def test_a_log_without_files_has_no_picture(shown, monkeypatch, capsys):
    monkeypatch.setattr(pictures_container, "_files", lambda job: [])
    pictures_container.show_container("one")
    assert not shown and "names no file" in capsys.readouterr().out


def test_groups_of_equal_accuracy_show_their_unequal_errors(shown):
    counts = pd.DataFrame(
        {(0, 0): [930, 950], (0, 1): [20, 0], (1, 0): [10, 30], (1, 1): [40, 20]}, index=["older", "young"]
    )
    pictures_facets.show_facets(counts, guess=5)
    figure, text = shown[0]
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines()[2:4]}
    assert rows == {
        "older": ["1,000", "6.0%", "2.1%", "80.0%", "97.0%"],
        "young": ["1,000", "2.0%", "0.0%", "40.0%", "97.0%"],
    }
    assert text.endswith("your guess for young, honest, flagged: 5.0%")
    assert [axes.get_title(loc="left") for axes in figure.axes] == list(pictures_facets.SHARES)


def test_a_group_without_frauds_catches_none_and_no_groups_have_no_picture(shown, capsys):
    pictures_facets.show_facets(pd.DataFrame({(0, 0): [8], (0, 1): [2]}, index=["all"]))
    assert shown[0][1].splitlines()[-1].split() == ["all", "10", "20.0%", "20.0%", "0.0%", "80.0%"]
    pictures_facets.show_facets(None)
    assert len(shown) == 1 and "no groups" in capsys.readouterr().out


def test_a_waterfall_ends_at_the_score_with_the_largest_step_first(shown, capsys):
    local = pd.DataFrame({"amount_fraud": [0.1, 0.0], "tx_24h_fraud": [-0.3, 0.05]})
    pictures_waterfall.show_waterfall(local, 0.4)
    figure, text = shown[0]
    assert text.splitlines()[1:] == [
        "  case 1: base 0.400, score 0.200",
        "    tx_24h -0.300, amount +0.100",
        "  case 2: base 0.400, score 0.450",
        "    tx_24h +0.050, amount +0.000",
    ]
    assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == ["tx_24h", "amount"]
    assert figure.axes[0].lines[-1].get_xdata()[0] == pytest.approx(0.2)
    pictures_waterfall.show_waterfall(None, None)
    assert len(shown) == 1 and "no SHAP values" in capsys.readouterr().out
