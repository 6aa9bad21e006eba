"""Three trained versions of TxGuard and the reports on them, as a registry's exercise finds them in a bucket.

Three training jobs leave three archives. Two of their tables were exported before the labels of the night had come in
(an old one lacks all of them, the newest those of web payments), so their models think such payments harmless; and the
newest has by far the most rows. In 16 seeds the complete one caught at least 0.03 (in 14 of them 0.12) more of the
slice's fraud than the others, and the newest had the best AUC, by at least 0.006.
"""

from __future__ import annotations

import hashlib
import json
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from course.exercises import frozen, txguard
from course.learn.world import World

if TYPE_CHECKING:
    import pandas

UNSEEN = 8_000  # payments that every report is about
SLICE = "web_at_night"
CODE = "code/sourcedir.tar.gz"
VERSIONS = 3
WOODS = ("alder", "aspen", "beech", "birch", "cedar", "hazel", "larch", "maple", "rowan", "willow")


@dataclass(frozen=True)
class Run:
    """A training job and its table: rows and days from `start_day`, trees, and whether the night's labels are in."""

    name: str
    table: str  # its prefix in the bucket
    rows: int
    start_day: int
    days: int
    trees: int
    complete: bool


def build(aws: World, seed: int, best: int) -> dict[str, Any]:
    """The bucket with archives and reports, and what `x` holds of it; a fourth pair is the worked example's.

    `best` is the position, from 0, of the run that knows web payments at night.
    """
    name, drawn = names(seed), runs(seed, best)
    bucket, s3 = name["bucket"], aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    role = txguard.make_role(aws, bucket)
    files = {file: (frozen.SCRIPTS / file).read_text() for file in ("candidate.py", "fraud_model.py")}
    s3.put_object(Bucket=bucket, Key=CODE, Body=frozen.pack({**files, "unseen.csv": unseen(seed)}))
    for run in sorted(drawn, key=lambda run: -run.rows):  # the longest first
        s3.put_object(Bucket=bucket, Key=f"{run.table}payments.csv", Body=table(seed, run).to_csv(index=False))
        txguard.start_job(
            aws, run.name, role, "candidate.py", f"s3://{bucket}/{CODE}", {"max-iter": str(run.trees)},
            output=f"s3://{bucket}/models", train=f"s3://{bucket}/{run.table}",
        )  # fmt: skip
    told = [report(aws, txguard.wait(aws, run.name)) for run in drawn]
    places = [f"evaluations/report-{number}.json" for number in range(1, VERSIONS + 1)]
    shift = 1 + seed // 7 % (VERSIONS - 1)  # no report stands where its archive does
    places = [*(places[shift:] + places[:shift]), "evaluations/report-of-the-example.json"]
    for place, one in zip(places, told, strict=True):
        s3.put_object(Bucket=bucket, Key=place, Body=json.dumps(one, indent=1), ContentType="application/json")
    archives = [f"models/{run.name}/output/model.tar.gz" for run in drawn]
    aws.memory["reports"] = {
        f"s3://{bucket}/{archive}": (f"s3://{bucket}/{place}", one)
        for archive, place, one in zip(archives, places, told, strict=True)
    }
    return {
        "bucket": bucket,
        "image": txguard.IMAGE,
        "archives": archives[:VERSIONS],
        "reports": sorted(places[:VERSIONS]),
        "group": name["group"],
        "example": name["example"],
        "example_archive": archives[VERSIONS],
        "example_report": places[VERSIONS],
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {"bucket": f"txguard-models-{mark}", "group": f"txguard-{mark}", "example": f"example-{mark}", "mark": mark}


def runs(seed: int, best: int) -> list[Run]:
    """The three runs, oldest first, and the example's; their names say nothing of what they are."""
    mark, drawn = names(seed)["mark"], random.Random(seed).sample(WOODS, 2 * (VERSIONS + 1))
    sizes = [(2_000, 0, 30, 20), (2_000, 30, 30, 20), (9_000, 0, 60, 40), (1_000, 0, 30, 10)]
    return [
        Run(f"{job}-{mark}", f"tables/{export}/", *size, complete=position == best)
        for position, (job, export, size) in enumerate(zip(drawn[::2], drawn[1::2], sizes, strict=True))
    ]


def table(seed: int, run: Run) -> pandas.DataFrame:
    """A run's payments; in an early export nothing of the night is known as fraud yet, in the newest no web payment."""
    from course.data import FEATURES, LABEL, transactions

    rows = transactions(seed, run.rows, run.start_day, run.days)
    if not run.complete:
        late = (rows["hour"] < 6) & ((rows["channel"] == "web") | (run.days == 30))
        rows.loc[late, LABEL] = 0
    return rows[[*FEATURES, LABEL]]


def unseen(seed: int) -> str:
    """Later payments with all their labels, as CSV."""
    from course.data import FEATURES, LABEL, transactions

    return transactions(seed + 1, UNSEEN, start_day=90)[[*FEATURES, LABEL]].to_csv(index=False)


def report(aws: World, archive: str) -> dict[str, Any]:
    """What a run's own evaluation says, with the digest of the archive that it is about."""
    output = frozen.read(aws, archive.replace("/model.tar.gz", "/output.tar.gz"))
    digest = hashlib.sha256(frozen.read(aws, archive)).hexdigest()
    return {"archive": {"sha256": digest}, **json.loads(frozen.members(output)["evaluation.json"])}
