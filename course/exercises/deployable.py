"""Three versions of TxGuard on numbers, one of them approved: what an exercise finds that is to deploy one.

One job trains all three and scores payments that none has seen. Merchant and channel are numbers here, so that the
container's own reading of CSV and JSON is enough.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from course.exercises import frozen, txguard
from course.learn.world import World

if TYPE_CHECKING:
    import pandas

ROWS, UNSEEN, LOAD = 3_000, 60, 200
LARGE = 1_000.0  # from this amount on a payment is looked up at the bank
VERSIONS = 3
TYPES = ("text/csv", "application/json")
SERVE = "serve_numbers.py"


def build(aws: World, seed: int, approved: int) -> dict[str, Any]:
    """The bucket, the versions and what `x` holds. approved: the number of the one version that may be deployed."""
    name = names(seed)
    bucket, s3, sm = name["bucket"], aws.client("s3"), aws.client("sagemaker")
    role = txguard.make_role(aws, bucket)
    s3.create_bucket(Bucket=bucket)
    archives, aws.memory["offline"] = _train(aws, role, seed)
    code = frozen.pack({SERVE: (frozen.SCRIPTS / SERVE).read_text()})
    s3.put_object(Bucket=bucket, Key="code/sourcedir.tar.gz", Body=code)
    states = {number: "Rejected" if number < approved else "PendingManualApproval" for number in archives}
    states[approved] = "Approved"
    for group in (name["group"], name["example_group"]):
        sm.create_model_package_group(ModelPackageGroupName=group)
    packages = {number: _register(aws, name["group"], archive, states[number]) for number, archive in archives.items()}
    aws.memory["approved"] = approved, packages[approved]
    rows = payments(seed)
    return {
        "role": role,
        "group": name["group"],
        "features": list(rows.columns),
        "payment": rows.iloc[0].tolist(),
        "new_customer": [*rows.iloc[1].tolist()[:-1], 0.0],
        "load": load(seed),
        "example_package": _register(aws, name["example_group"], archives[VERSIONS], "Approved"),
        "example": name["example"],
        "name": name["name"],
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    return {
        "bucket": f"txguard-live-{mark}",
        "group": f"txguard-{mark}",
        "example_group": f"txguard-last-year-{mark}",
        "example": f"last-year-{mark}",
        "name": f"payments-{mark}",
    }


def payments(seed: int, rows: int = 400, start_day: int = 40) -> pandas.DataFrame:
    """Complete payments of known customers, none of them large, as numbers."""
    table = numbers(seed, rows, start_day).drop(columns="fraud").dropna()
    known = table[(table["tenure_days"] > 0) & (table["amount"] < LARGE)]
    return known.reset_index(drop=True)


def numbers(seed: int, rows: int, start_day: int) -> pandas.DataFrame:
    """Payments with their labels, as numbers."""
    from course.data import FEATURES, LABEL, transactions

    table = transactions(seed, rows=rows, start_day=start_day, days=10)[[*FEATURES, LABEL]].copy()
    for column in ("merchant", "channel"):
        table[column] = table[column].astype(str).map({name: i for i, name in enumerate(sorted(set(table[column])))})
    columns = ["merchant", "channel", "amount", "hour", "customer_age", "km_from_home", "tx_24h", "tenure_days", LABEL]
    return table[columns].astype(float)


def load(seed: int) -> list[list[float]]:
    """The payments of the load test: every tenth is large."""
    rows = payments(seed, rows=500, start_day=60).to_numpy().tolist()[:LOAD]
    for place in range(0, len(rows), 10):
        rows[place][2] += LARGE
    return rows


def _train(aws: World, role: str, seed: int) -> tuple[dict[int, str], dict[str, list[float]]]:
    """Archives of the versions by number, and what each says offline about the unseen payments."""
    bucket, s3 = names(seed)["bucket"], aws.client("s3")
    tables = {"train": numbers(seed, ROWS, 0), "unseen": unseen(seed)}
    for name, table in tables.items():
        s3.put_object(Bucket=bucket, Key=f"rows/{name}.csv", Body=table.to_csv(index=False))
    script = "three_versions.py"
    code = frozen.pack({script: (frozen.SCRIPTS / script).read_text()})
    s3.put_object(Bucket=bucket, Key="code/training.tar.gz", Body=code)
    job = f"{frozen.OWN}versions"
    txguard.start_job(
        aws, job, role, script, f"s3://{bucket}/code/training.tar.gz", {},
        output=f"s3://{bucket}/training", rows=f"s3://{bucket}/rows/",
    )  # fmt: skip
    txguard.wait(aws, job)
    made = frozen.members(frozen.read(aws, f"s3://{bucket}/training/{job}/output/output.tar.gz"))
    archives = {}
    for number in range(1, VERSIONS + 1):
        key = f"models/version-{number}/model.tar.gz"
        packed = frozen.pack({"model.joblib": made[f"version-{number}.joblib"]})
        s3.upload_fileobj(io.BytesIO(packed), bucket, key)
        archives[number] = f"s3://{bucket}/{key}"
    return archives, json.loads(made["scores.json"])


def unseen(seed: int) -> pandas.DataFrame:
    """Payments that the check asks about."""
    return payments(seed, start_day=80).head(UNSEEN)


def _register(aws: World, group: str, archive: str, status: str) -> str:
    bucket = archive.removeprefix("s3://").partition("/")[0]
    variables = {"SAGEMAKER_PROGRAM": SERVE, "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{bucket}/code/sourcedir.tar.gz"}
    return aws.client("sagemaker").create_model_package(
        ModelPackageGroupName=group,
        ModelApprovalStatus=status,
        InferenceSpecification={
            "Containers": [{"Image": txguard.IMAGE, "ModelDataUrl": archive, "Environment": variables}],
            "SupportedContentTypes": list(TYPES),
            "SupportedResponseMIMETypes": list(TYPES),
        },
    )["ModelPackageArn"]
