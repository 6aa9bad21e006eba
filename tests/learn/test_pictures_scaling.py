"""Replayed traffic and its picture: what was lost, what it took, and the text that says it all."""

from types import SimpleNamespace

import pytest

from course.learn import pictures_scaling, replaying, screen
from course.learn.pictures_scaling import lateness, show_scaling
from course.learn.replaying import DAY, Replayed, pass_through, replay
from course.learn.told import Told


@pytest.fixture
def shown(monkeypatch):
    """Texts of pictures that are shown; each is drawn, too."""
    texts = []
    monkeypatch.setattr(pictures_scaling, "display", lambda drawn, text: texts.append(text) or drawn.canvas.draw())
    return texts


def day(late=3, start=0, back=True):
    """A Monday: one instance, a rush of 400 a minute at nine that four answer after `late` minutes."""
    requests = [400 if 540 <= minute < 570 else 50 for minute in range(DAY)]
    instances = [4 if 540 + late <= minute < (600 if back else DAY) else 1 for minute in range(DAY)]
    timeouts = [max(0, count - 100 * there) for count, there in zip(requests, instances, strict=True)]
    alarms = [
        ("TargetTracking-endpoint/e/variant/v-AlarmHigh-1",) if 542 <= minute < 545 else () for minute in range(DAY)
    ]
    return Replayed(start, 100.0, tuple(requests), tuple(instances), tuple(timeouts), tuple(alarms))


def test_a_replay_knows_its_losses_its_hours_and_its_turns():
    seen = day()
    assert seen.lost == 3 * 300 / (30 * 400 + (DAY - 30) * 50)
    assert seen.hours == 24 + 3 * 57 / 60
    assert seen.least_hours == 24 + 3 * 30 / 60
    assert seen.turns == 1
    assert day(back=False).turns == 0


def test_turns_are_counted_by_days_of_the_calendar():
    swings = tuple(1 + (minute // 10) % 2 for minute in range(60))
    within = Replayed(600, 1.0, (1,) * 60, swings, (0,) * 60, ((),) * 60)
    across = Replayed(DAY - 30, 1.0, (1,) * 60, swings, (0,) * 60, ((),) * 60)
    assert (within.turns, across.turns) == (4, 2)


def test_the_text_says_what_the_picture_shows(shown):
    show_scaling(day(), guess=5.0)
    assert shown[0].splitlines() == [
        "Monday: requests and instances",
        "  00:00  1 instance, 0.8 requests a second",
        "  09:03  4 instances, 6.7 requests a second",
        "  10:00  1 instance, 0.8 requests a second",
        "  minutes in ALARM: AlarmHigh 3",
        "  1.09% of 82,500 requests timed out",
        "  26.9 instance-hours; with perfect foresight 25.5, so 1.05 times as many",
        "  changes of direction on the liveliest day: 1",
        "  at 9:00 the first further instance came 3 minutes later; your guess was 5",
    ]


def test_a_picture_waits_for_the_guess_where_somebody_reads(shown, monkeypatch):
    monkeypatch.setattr(screen, "has_reader", lambda: True)
    show_scaling(day(), guess=None)
    assert shown == []


def test_nothing_replayed_is_said(capsys):
    show_scaling(None)
    assert "Nothing has been replayed" in capsys.readouterr().out


def test_lateness_is_none_where_no_more_came():
    assert lateness(day(), 9) == 3
    assert lateness(day(late=DAY), 9) is None


def test_many_changes_are_cut_short(shown):
    swings = tuple(1 + (minute // 10) % 2 for minute in range(2 * DAY))
    count = len(swings)
    show_scaling(Replayed(5 * DAY, 1.0, (1,) * count, swings, (0,) * count, ((),) * count))
    assert "2 days from Saturday" in shown[0]
    assert "  … and 276 changes more" in shown[0]


class There:
    """A world on a Tuesday at 00:10 that keeps what it is asked."""

    def control(self, verb, **body):
        if verb == "now":
            return {"now": "2027-03-23T00:10:30+00:00"}
        self.asked = body
        counts = body["counts"]
        return {"instances": [1] * len(counts), "timeouts": [0] * len(counts), "alarms": [[]] * len(counts)}


def test_traffic_begins_at_the_present_minute_of_the_week_and_goes_round():
    there, week = There(), list(range(replaying.WEEK))
    seen = pass_through(there, "e", "all", week, 60.0, minutes=replaying.WEEK)
    assert seen.start == DAY + 10
    assert there.asked["counts"][0] == DAY + 10
    assert there.asked["counts"][-1] == DAY + 9
    assert there.asked["limit"] == 60.0


def test_replay_reads_a_file_and_counts_per_minute(tmp_path, monkeypatch):
    there = There()
    monkeypatch.setattr(replaying, "world", SimpleNamespace(current=lambda: there))
    file = tmp_path / "traffic.csv"
    file.write_text("requests\n" + "\n".join(["7"] * replaying.WEEK))
    seen = replay("e", file, 5)
    assert (len(seen.requests), there.asked["limit"], there.asked["variant"]) == (DAY, 300, "all")
    assert repr(seen) == "1440 minutes: 0.00% timed out, 24.0 instance-hours"
    with pytest.raises(Told, match="requests a second"):
        replay("e", file, None)
