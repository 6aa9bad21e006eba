"""D4-01's traffic and how its probes read a record, without a world."""

import base64
import json
from types import SimpleNamespace

import pytest

from course.exercises import d4_01


def payload(text, content_type, encoding):
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    return {"observedContentType": content_type, "data": data, "encoding": encoding}


TILL = payload("12.5,3,fuel", "text/csv", "CSV"), payload("0.25", "text/csv", "CSV")
APP = (
    payload('{"instances": [{"amount": 7.5}]}', "application/json", "BASE64"),
    payload('{"predictions": [0.5]}', "application/json", "BASE64"),
)


def record(id, asked, said):
    return {
        "captureData": {"endpointInput": asked, **({"endpointOutput": said} if said else {})},
        "eventMetadata": {"inferenceId": id},
    }


def test_traffic_is_the_seeds_and_both_callers_are_in_it():
    sent = d4_01.traffic(5)
    assert sent == d4_01.traffic(5) and sent != d4_01.traffic(6)
    assert len(sent) == 1 + d4_01.HOURS * d4_01.PER_HOUR and sent[0]["ContentType"] == "text/csv"
    by_app = sum(request["ContentType"] == "application/json" for request in sent)
    assert 69 <= by_app <= 124  # binomial(240, .4): outside with a probability below 1 in 1,000
    assert len({request["InferenceId"] for request in sent}) == len(sent)


def test_every_request_is_one_payment_of_eight_features():
    for request in d4_01.traffic(5):
        if request["ContentType"] == "text/csv":
            assert len(request["Body"].split(",")) == 8
        else:
            assert len(json.loads(request["Body"])["instances"][0]) == 8


@pytest.mark.parametrize(("parts", "values"), [(TILL, (12.5, 0.25)), (APP, (7.5, 0.5))])
def test_a_record_is_read_whatever_its_encoding(parts, values):
    assert d4_01.read(record("a", *parts)) == values
    assert d4_01.read(record("a", parts[0], None)) == (values[0], None)


@pytest.fixture
def judged(monkeypatch):
    """What the probes for tills and app say of `captured`, and their hints."""
    records = {"t": record("t", *TILL), "a": record("a", *APP)}
    monkeypatch.setattr(d4_01, "captured", lambda world: records)

    def judge(captured):
        world = SimpleNamespace(given=SimpleNamespace(captured=captured))
        return [(found.status, found.hint) for found in (d4_01.tills_read.run(world), d4_01.app_read.run(world))]

    return judge


PASSED = ("passed", None)


@pytest.mark.parametrize(
    ("captured", "tills", "app"),
    [
        ([("t", 12.5, 0.25), ("a", 7.5, 0.5)], PASSED, PASSED),
        ([["t", "12.5", "0.2503"], ["a", 7.5, 0.5]], PASSED, PASSED),
        ([("t", 12.5, 0.25)], PASSED, ("not yet", "d4-01-base64")),
        ([("t", 12.5, 0.25), ("a", "eyJpbnN0", "eyJwcm")], PASSED, ("not yet", "d4-01-base64")),
        ([("t", 12.5, 0.25), ("a", float("nan"), float("nan"))], PASSED, ("not yet", "d4-01-base64")),
        ([("t", 3, 0.25), ("a", 7.5, 0.5)], ("not yet", "d4-01-tills"), PASSED),
        (None, ("not yet", "d4-01-no-table"), ("not yet", "d4-01-no-table")),
        ("text", ("not yet", "d4-01-no-table"), ("not yet", "d4-01-no-table")),
        ([("t", 12.5, 0.25), ("b", 1, 1)], ("not yet", "d4-01-not-captured"), ("not yet", "d4-01-not-captured")),
    ],
)
def test_what_was_read_is_held_to_the_records(judged, captured, tills, app):
    assert judged(captured) == [tills, app]
