"""Traffic by the hour: which rows are sent, what is counted as right, and that time passes."""

import pandas as pd
import pytest

from course.learn import send_traffic, traffic, world

BEGIN = "2026-01-01T00:00:00+00:00"


class Shop:
    """A world that answers 1 to whatever begins with 1, fails at 9, and keeps what it was sent."""

    started = BEGIN

    def __init__(self):
        self.passed, self.sent = 0.0, []

    def control(self, verb, **body):
        if verb == "now":
            return {"now": (pd.Timestamp(BEGIN) + pd.Timedelta(seconds=self.passed)).isoformat()}
        if verb == "advance":
            self.passed += body["seconds"]
            return None
        assert verb == "send" and body["endpoint"] == "shop"
        self.sent.append(body["bodies"])
        answers = [None if row.startswith("9") else "1.0\n" if row.startswith("1") else "0\n" for row in body["bodies"]]
        return [("old", answer) for answer in answers]


@pytest.fixture
def shop(monkeypatch):
    found = Shop()
    monkeypatch.setattr(world, "current", lambda: found)
    monkeypatch.setattr(traffic, "PER_HOUR", 2)
    return found


@pytest.fixture
def payments(tmp_path):
    path = tmp_path / "payments.csv"
    path.write_text("1,a,1\n1,b,0\n0,c,0\n9,d,0\n0,e,1\n")
    return str(path)


def test_each_hour_has_rows_of_its_own_without_their_labels_and_begins_again_at_the_end(shop, payments):
    send_traffic("shop", payments)
    send_traffic("shop", payments, hours=2)
    assert shop.sent == [["1,a", "1,b"], ["0,c", "9,d"], ["0,e", "1,a"]]
    assert shop.passed == 3 * 3600


def test_right_is_what_the_label_says_and_an_error_is_not_right(shop, payments):
    seen = send_traffic("shop", payments, hours=3)
    assert seen["right"].tolist() == [True, False, True, False, False, True]
    assert set(seen["variant"]) == {"old"} and len(seen) == 6
