"""Sliders for cool-downs: which policies they move, what the text says of each pair, and that nothing else changes."""

from types import SimpleNamespace

import pytest

from course.learn import pictures_cooldowns, screen
from course.learn.pictures_cooldowns import STOPS, TOLD, USUAL, show_cooldowns
from course.learn.replaying import DAY, WEEK
from course.learn.told import Told

STEP = {"PolicyType": "StepScaling"}
POLICIES = [
    {"PolicyName": "more", **STEP, "StepScalingPolicyConfiguration": {"StepAdjustments": [{"ScalingAdjustment": 1}]}},
    {"PolicyName": "less", **STEP, "StepScalingPolicyConfiguration": {"StepAdjustments": [{"ScalingAdjustment": -1}]}},
    {"PolicyName": "keep", "PolicyType": "TargetTrackingScaling"},
]


class There:
    """A world on a Tuesday that keeps what it is asked; a longer wait after a scale-out loses more."""

    def __init__(self, policies):
        self.asked = []
        self._scaling = SimpleNamespace(describe_scaling_policies=lambda **place: {"ScalingPolicies": policies})

    def client(self, service):
        return self._scaling

    def control(self, verb, **body):
        if verb == "now":
            return {"now": "2027-03-23T10:10:30+00:00"}
        assert verb == "foresee"
        self.asked.append(body)
        count = len(body["counts"])
        lost = body["cooldowns"]["more"]["Cooldown"] // 300
        return {"instances": [1] * count, "timeouts": [lost] * count, "alarms": [[]] * count}


@pytest.fixture
def shown(monkeypatch):
    texts = []
    monkeypatch.setattr(pictures_cooldowns, "display", lambda drawn, text: texts.append(text) or drawn.canvas.draw())
    monkeypatch.setattr(screen, "has_reader", lambda *_: False)
    return texts


@pytest.fixture
def traffic(tmp_path):
    """A week whose Thursday is the busiest day."""
    file = tmp_path / "traffic.csv"
    counts = [20 if minute // DAY == 3 else 10 for minute in range(WEEK)]
    file.write_text("requests\n" + "\n".join(map(str, counts)))
    return file


def test_the_busiest_day_is_foreseen_with_each_pair_and_the_text_says_what_came_of_it(shown, traffic, monkeypatch):
    there = There(POLICIES)
    monkeypatch.setattr(pictures_cooldowns.world, "current", lambda *_: there)
    show_cooldowns("e", traffic, 2)
    assert {body["start"] for body in there.asked} == {"2027-03-25T00:00:00+00:00"}
    assert all(body["counts"] == [20] * DAY and body["limit"] == 120 for body in there.asked)
    assert [body["cooldowns"] for body in there.asked] == [
        {
            "more": {"Cooldown": out},
            "less": {"Cooldown": into},
            "keep": {"ScaleOutCooldown": out, "ScaleInCooldown": into},
        }
        for out, into in TOLD
    ]
    lines = shown[0].splitlines()
    assert lines[0] == "Thursday, the busiest day, with the policies more, less and keep"
    assert lines[4].split() == ["300", "300", "5.00%", "24.0", "0"]
    assert lines[5].split() == ["1,800", "300", "30.00%", "24.0", "0"]


def test_sliders_say_what_comes_of_them_and_draw_once_they_are_moved(traffic, monkeypatch):
    there, boxes = There(POLICIES), []
    monkeypatch.setattr(pictures_cooldowns.world, "current", lambda *_: there)
    monkeypatch.setattr(pictures_cooldowns, "display", lambda drawn, text: None)
    monkeypatch.setattr(screen, "has_reader", lambda *_: True)
    monkeypatch.setattr("course.learn.controls.display", lambda box, what: boxes.append(box))
    show_cooldowns("e", traffic, 2)
    _, out, into, words, picture = boxes[0].children
    assert (out.value, into.value) == USUAL and "5.00% timed out" in words.value and not picture.value
    out.value = 0
    assert "0 s out, 300 s in: 0.00% timed out" in words.value and bytes(picture.value).startswith(b"\x89PNG")
    asked = len(there.asked)
    out.value = 300
    assert len(there.asked) == asked  # remembered
    there.control = lambda verb, **body: (_ for _ in ()).throw(Told("The cloud has stopped."))
    into.value = STOPS[1]
    assert "✗ The cloud has stopped." in words.value


def test_a_variant_without_policies_is_told(traffic, monkeypatch):
    monkeypatch.setattr(pictures_cooldowns.world, "current", lambda *_: There([]))
    with pytest.raises(Told, match="no scaling policy"):
        show_cooldowns("e", traffic, 2)
