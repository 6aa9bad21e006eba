"""The pictures of a load test: how requests ended, and how long they took."""

import pytest

from course.learn import pictures_latency, screen


@pytest.fixture
def seen(monkeypatch):
    texts = []
    monkeypatch.setattr(pictures_latency, "display", lambda drawn, text: texts.append((drawn, text)))
    return texts


def test_each_request_stands_with_its_status_and_what_to_do(seen):
    pictures_latency.show_statuses({"a good one": 200, "a bad type": 415, "a failure": 500}, guess=2)
    [(drawn, text)] = seen
    assert text.splitlines()[1:] == [
        "  a good one: 200, answered",
        "  a bad type: 415, the caller's mistake: not to be sent again",
        "  a failure: 500, the model's failure: may be sent again",
        "  your guess was that 2 of them are the caller's mistake",
    ]
    assert "415" in {words.get_text() for words in drawn.axes[0].texts}


def test_a_guess_comes_first(seen, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda: True)
    pictures_latency.show_statuses({"a": 200}, guess=None)
    assert not seen


def test_milliseconds_are_told_to_a_reader_only(seen, monkeypatch):
    times = [10.0] * 18 + [40.0, 50.0]
    for reader in (False, True):
        monkeypatch.setattr(screen, "has_reader", lambda reader=reader: reader)
        pictures_latency.show_latency(times, 38.0)
    (drawn, silent), (_, told) = seen
    assert " ms" not in silent
    assert "20 requests" in silent
    assert "median: 10.0 ms" in told
    assert "average: 13.5 ms" in told
    assert "p95: 40.5 ms" in told
    assert "p95 of ModelLatency: 38.0 ms" in told
    assert len(drawn.axes[0].lines) == 4  # the marks


@pytest.mark.parametrize("show", [pictures_latency.show_statuses, pictures_latency.show_latency])
def test_blank_work_is_told_so(show, seen, capsys):
    show(None)
    assert not seen
    assert "yet" in capsys.readouterr().out
