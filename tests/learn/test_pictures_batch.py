"""The picture of a transform job: its requests, and what it costs beside an endpoint."""

import pytest

from course.learn import pictures_batch, pictures_look, screen
from course.learn.pictures_batch import Batch


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(pictures_batch, "display", lambda figure, text: found.append((figure, text)))
    return found


def test_a_batch_tells_its_requests_and_its_price_beside_an_endpoints(shown, monkeypatch):
    monkeypatch.setattr(pictures_batch, "_batch", lambda job: Batch([30_000, 20_000], 0.001, 2.88))
    pictures_batch.show_batch("night", guess=5)
    figure, text = shown[0]
    assert text.splitlines() == [
        "Requests of the job night: 2 for 50,000 rows",
        "  from 20,000 to 30,000 rows in a request",
        "  your guess was 5",
        "  the job: less than one cent (simulated), and nothing runs after it",
        "  an endpoint on one machine of that kind: $2.88 a day, asked or not",
    ]
    assert [bar.get_height() for bar in figure.axes[0].patches] == [30_000, 20_000]
    assert {note.get_text().strip() for note in figure.axes[1].texts} == {"less than one cent", "$2.88"}
    assert pictures_look.png(figure).startswith(b"\x89PNG")


def test_a_job_that_is_not_there_has_no_picture(shown, monkeypatch, capsys):
    monkeypatch.setattr(pictures_batch, "_batch", lambda job: None)
    pictures_batch.show_batch("night")
    assert not shown and "no transform job night" in capsys.readouterr().out


def test_a_reader_who_has_not_guessed_sees_nothing_yet(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    monkeypatch.setattr(pictures_batch, "_batch", lambda job: Batch([1], 0.0, 2.88))
    pictures_batch.show_batch("night", guess=None)
    assert not shown
