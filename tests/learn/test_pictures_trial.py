"""The picture of a trial: what its text says is what the numbers say."""

import re
from math import sqrt

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from course.learn import pictures_trial, show_trial


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_trial, "display", lambda figure, text: found.append((figure, text)))
    return found


def trial(rates: dict[str, float], answers: int = 2_000, share: float = 0.1) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    variant = np.where(rng.random(answers) < share, "new", "old")
    right = rng.random(answers) < np.where(variant == "new", rates["new"], rates["old"])
    return pd.DataFrame({"variant": variant, "right": right})


def test_the_text_has_the_difference_and_its_bound_after_so_many_answers(shown):
    seen = trial({"old": 0.5, "new": 0.8})
    n = 120
    show_trial(seen, n=n, alpha=0.001)
    until = seen.iloc[: np.flatnonzero(seen["variant"] == "new")[n - 1] + 1]
    by, q = until.groupby("variant")["right"].agg(["size", "mean"]), until["right"].mean()
    gain = by["mean"]["new"] - by["mean"]["old"]
    bound = norm.isf(0.001) * sqrt(q * (1 - q) * (1 / by["size"]).sum())
    text = shown[0][1]
    numbers = [re.escape(number) for number in (f"{gain:+.3f}", f"{bound:.3f}")]
    assert re.search(rf"\n +120 +{' +'.join(numbers)}  as many as planned\n", text)
    assert re.search(r"\n +50 +[+-]\d", text)
    assert re.search(r"peeking: outside the 5 % funnel at \d+ of \d+ moments$", text)


def test_the_picture_shows_the_line_two_funnels_and_the_plan(shown):
    show_trial(trial({"old": 0.5, "new": 0.5}), n=150, alpha=0.0005)
    axes = shown[0][0].axes[0]
    legend = [found.get_text() for found in axes.get_legend().get_texts()]
    assert legend == ["no better: funnel of 0.05%", "no better: funnel of 5%", "new, ahead by", "planned: 150"]
    assert axes.get_xlabel() and axes.get_ylabel() and axes.get_title(loc="left")
    assert len(axes.collections) == 2


def test_nothing_to_show_is_said(shown, capsys):
    show_trial(None)
    show_trial(trial({"old": 0.5, "new": 0.5}, share=0.0))
    assert capsys.readouterr().out == "There is no trial to show yet.\n" * 2
    show_trial(trial({"old": 0.5, "new": 0.5}, answers=60))
    assert "too few to show" in capsys.readouterr().out
    assert not shown
