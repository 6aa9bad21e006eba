import json
import os
import subprocess
import sys

import pytest

from course.exercises import d3_12
from course.exercises.pipeline_runs import Run

HEADER = "amount,fraud\n"
MONTH = HEADER + "".join(f"{number},0\n" for number in range(10))
TRAIN, TEST = d3_12.digests(MONTH)


def test_the_probes_split_a_month_as_the_script_does(tmp_path):
    import hashlib

    table = tmp_path / "processing" / "table"
    table.mkdir(parents=True)
    (table / "month.csv").write_text(MONTH)
    script = d3_12.frozen.SCRIPTS / "prepare.py"
    told = subprocess.run(
        [sys.executable, script], env={**os.environ, "SAGEMAKER_BASE_DIR": str(tmp_path)}, capture_output=True,
        text=True, check=True, timeout=30,
    )  # fmt: skip
    assert told.stdout == "train=7 test=3\n"
    parts = [tmp_path / "processing" / name / f"{name}.csv" for name in ("train", "test")]
    assert [hashlib.sha256(part.read_bytes()).hexdigest() for part in parts] == [TRAIN, TEST]
    assert all(part.read_text().startswith(HEADER) for part in parts)


def test_the_bar_lies_where_a_good_month_and_a_bad_one_are_far_from_it():
    assert {d3_12.bar(seed) for seed in range(10)} == {0.68, 0.69, 0.7, 0.71, 0.72}


def test_slipped_labels_are_the_same_labels_on_other_payments():
    good, bad = (d3_12.table(5, 0, slipped=slipped).splitlines() for slipped in (False, True))
    column = good[0].split(",").index("fraud")
    labels = [[line.split(",")[column] for line in table[1:]] for table in (good, bad)]
    assert labels[0] != labels[1] and sorted(labels[0]) == sorted(labels[1])
    assert good[0] == bad[0] and len(good) == len(bad) == d3_12.ROWS + 1


def run(status="Succeeded", reason="", evaluation=None, message=None):
    return Run(status, reason, (), evaluation, None, message)


def judged(train, test):
    return {"metrics": {"auc": {"value": 0.8}}, "model": {"train": train, "max_iter": 12}, "test": test}


@pytest.mark.parametrize(
    ("work", "hint"),
    [
        (run(evaluation=judged(TRAIN, TEST)), None),
        (run(evaluation=judged(TRAIN, "other")), "d3-12-fixed-data"),
        (run(evaluation=judged("other", TEST)), "d3-12-fixed-model"),
        (run("Failed", "Train: it broke"), "d3-12-step-failed"),
        (run("Failed", "Gate: ClientError: GreaterThan can not compare 0.9 with '0.7'"), "d3-12-compares-text"),
    ],
)
def test_rows_that_are_not_the_months_are_told_apart_by_the_digests(work, hint):
    fault = d3_12._of_other_rows(work, MONTH)
    assert (fault[1] if fault else None) == hint


class Untouched:
    """A world in which nobody has made a pipeline."""

    seed, name, memory = 5, None, {}

    def __init__(self, **given):
        self.given = type("Handed", (), given)()


@pytest.mark.parametrize("second", [None, 3, "arn:aws:sagemaker:us-east-1:000000000000:pipeline/other/execution/abc"])
def test_what_is_no_execution_of_ones_own_is_told_so(second):
    assert d3_12.may_is_used.run(Untouched(second=second)).hint == "d3-12-no-run"


def test_the_role_may_do_what_the_steps_ask_for_and_nothing_else():
    assert json.dumps(d3_12.ACTIONS).count("*") == 0
