import base64
import json
import re

import pytest
from IPython.core.interactiveshell import InteractiveShell

from course.exercises import txguard
from course.learn import advance, begin, pictures, show_meter, show_timeline, world

BEGIN = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def shown(monkeypatch):
    """The texts and figures that were displayed."""
    found = []
    monkeypatch.setattr(pictures, "_display", lambda figure, text: found.append((figure, text)))
    return found


class Recorded:
    """A world with a recorded timeline and meter."""

    started, before = BEGIN, frozenset({("Endpoint", "theirs")})

    def __init__(self, timeline=(), lines=(), uses=(), storage=()):
        meter = {"lines": lines, "uses": uses, "storage": storage}
        self.answers = {"timeline": timeline, "meter": meter, "now": {"now": "2026-01-02T00:00:00+00:00"}}

    def control(self, verb):
        return self.answers[verb]


def change(kind, name, status, at="2026-01-01T00:00:01+00:00"):
    return {"kind": kind, "name": name, "status": status, "at": at}


def line(resource, to=None, hours=24.0, **tags):
    return {"resource": resource, "kind": "Endpoint", "arn": "", "from": BEGIN, "to": to, "hours": hours,
            "price_per_hour": 0.12, "cost": hours * 0.12, "tags": tags}  # fmt: skip


def counted(resource, quantity, kind="Endpoint", unit="GB-second", price=0.00002, **tags):
    return {"resource": resource, "kind": kind, "quantity": quantity, "unit": unit, "price": price,
            "cost": quantity * price, "tags": tags}  # fmt: skip


def test_the_timeline_is_a_lane_per_resource_without_what_others_and_checks_made(monkeypatch, shown):
    events = [change("Endpoint", "theirs", "InService"), change("Endpoint", "mine", "Creating"),
              change("Endpoint", "mine", "InService"), change("Model", "course-check-1", "Created"),
              change("Artifact", "0a1b", "Created"),
              change("Endpoint", "mine", "Deleted", "2026-01-02T00:00:00+00:00")]  # fmt: skip
    monkeypatch.setattr(world, "current", lambda: Recorded(events))
    show_timeline()
    figure, text = shown[0]
    assert text == "States of what was made here, in order\n  Endpoint mine: Creating → InService → Deleted"
    axes = figure.axes[0]
    assert axes.get_xlabel() and axes.get_title(loc="left")
    assert {t.get_text() for t in axes.texts} == {"Creating", "InService", "24 h pass"}


def test_an_empty_world_has_no_picture(monkeypatch, shown, capsys):
    monkeypatch.setattr(world, "current", lambda: Recorded())
    show_timeline()
    assert not shown and capsys.readouterr().out == "Nothing has been made here yet.\n"
    show_meter()
    assert "total $0.00" in shown[0][1]


def test_the_meter_says_hours_prices_what_runs_on_and_the_guess(monkeypatch, shown):
    lines = [line("theirs/all"), line("mine/all", to="2026-01-01T12:00:00+00:00", hours=12.0), line("left/all")]
    monkeypatch.setattr(world, "current", lambda: Recorded(lines=lines))
    show_meter(guess=1)
    figure, text = shown[0]
    assert "theirs" not in text and "simulated" in text
    assert re.search(r"Endpoint mine +12\.0 h at \$0\.12 = \$1\.44\n", text)
    assert re.search(r"Endpoint left +24\.0 h at \$0\.12 = \$2\.88, still running\n", text)
    assert "total $4.32; from now on $0.12 per hour" in text and "your guess was $1.00" in text
    axes = figure.axes[0]
    assert "simulated" in axes.get_ylabel() and "hours" in axes.get_xlabel()


def test_what_is_counted_has_a_line_from_half_a_cent_on(monkeypatch, shown):
    uses = [counted("mine/all", 30_000), counted("small/all", 100), counted("theirs/all", 1e6)]
    storage = [counted("lake", 20, "Bucket", "GB-month", 0.023)]
    monkeypatch.setattr(world, "current", lambda: Recorded(lines=[line("mine/all")], uses=uses, storage=storage))
    show_meter()
    figure, text = shown[0]
    assert re.search(r"Endpoint mine +30,000\.0 GB-seconds at \$0\.00002 = \$0\.60\n", text)
    assert re.search(r"Bucket lake +20\.0 GB-months at \$0\.02300 = \$0\.46\n", text)
    assert "small" not in text and "theirs" not in text
    assert "total $3.94; from now on $0.12 per hour" in text
    legend = [found.get_text() for found in figure.axes[0].get_legend().get_texts()]
    assert legend == ["Endpoint mine: $3.48", "Bucket lake: $0.46"]


def test_the_meter_splits_costs_by_a_tag(monkeypatch, shown):
    lines = [line("a/all", team="fraud"), line("b/all", team="cards"), line("c/all", hours=1.0)]
    uses = [counted("a/all", 50_000, team="fraud")]
    monkeypatch.setattr(world, "current", lambda: Recorded(lines=lines, uses=uses))
    show_meter(by="team")
    figure, text = shown[0]
    assert re.search(r"team fraud +\$3\.88\n +team cards +\$2\.88\n +no team +\$0\.12\n", text)
    legend = [found.get_text() for found in figure.axes[0].get_legend().get_texts()]
    assert legend == ["team fraud: $3.88", "team cards: $2.88", "no team: $0.12"]


def test_colours_are_told_apart_without_colour_vision():
    used = {*pictures.COLOURS, *(colour for colour, _ in pictures.STATES.values())}
    okabe_ito = {"#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000"}
    assert used <= okabe_ito


def test_a_picture_of_a_real_world_carries_its_text_for_those_who_do_not_see_it(kernel):
    begin("O-8")
    current = world.current()
    role = txguard.make_role(current, "someone")
    txguard.upload(current, "store", txguard.write_table(current.folder / "t.csv", 1, 600))
    txguard.train(current, "store", role, **{"max-iter": "2"})
    advance(hours=1)
    shell, published = InteractiveShell.instance(), []
    kernel.setattr(shell.display_pub, "publish", lambda data, metadata=None, **_: published.append((data, metadata)))
    try:
        show_timeline()
        show_meter()
    finally:
        InteractiveShell.clear_instance()
    for data, metadata in published:
        assert data["image/png"][:4] in (b"\x89PNG", base64.b64encode(b"\x89PNG")[:4])
        assert "TrainingJob store" in metadata["image/png"]["alt"]
    assert len(published) == 2 and "InProgress → Completed" in json.dumps(published[0][1], ensure_ascii=False)
