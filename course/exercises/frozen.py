"""The model as the data scientist handed it over: trained once, the same in every world, never improved.

It is the notebook's own, trained on `transactions(2026, ROWS)`. Its archive is made by a training job, because only
jobs have scikit-learn at hand, and kept for the worlds to come: the same rows and the same script give the same model.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course.exercises import txguard
from course.learn.world import World

if TYPE_CHECKING:
    import numpy
    import pandas

SEED, ROWS = 2026, 12_000
OWN = "course-check-"  # what starts and probes make for themselves; the pictures leave it out
SCRIPTS = Path(__file__).with_name("scripts")
BATCH = 500  # payments in one request to an endpoint that answers for the app

_archive: bytes | None = None
_scores: dict[str, dict[str, numpy.ndarray]] = {}


def archive(world: World, role: str) -> bytes:
    """The model's archive, model.tar.gz."""
    global _archive
    if _archive is None:
        name = f"{OWN}first-training"
        txguard.upload(world, name, txguard.write_table(world.folder / "first.csv", SEED, ROWS))
        _archive = read(world, txguard.train(world, name, role, **{"test-size": "0.01"}))
        forget(world, name)
    return _archive


def hand_over(world: World, role: str, address: str) -> None:
    """Put the archive at an address such as s3://bucket/model/model.tar.gz."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    world.client("s3").put_object(Bucket=bucket, Key=key, Body=archive(world, role))


def digest(packed: bytes) -> str:
    """SHA-256 over an archive's members, names and contents: tar and gzip themselves carry times."""
    told = hashlib.sha256()
    for name, content in sorted(members(packed).items()):
        told.update(f"{name} {hashlib.sha256(content).hexdigest()}\n".encode())
    return told.hexdigest()


def members(packed: bytes) -> dict[str, bytes]:
    """The files of an archive by name."""
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        files = [member for member in tar if member.isfile()]
        return {member.name: tar.extractfile(member).read() for member in files}  # type: ignore[union-attr]


def pack(files: Mapping[str, str | bytes]) -> bytes:
    """Files by name as an archive."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in files.items():
            packed_file = content.encode() if isinstance(content, str) else content
            member = tarfile.TarInfo(name)
            member.size = len(packed_file)
            tar.addfile(member, io.BytesIO(packed_file))
    return packed.getvalue()


def read(world: World, address: str) -> bytes:
    """The object at an S3 address."""
    bucket, _, key = address.removeprefix("s3://").partition("/")
    return world.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()


def forget(world: World, bucket: str) -> None:
    """Remove a bucket of the course's own with what is in it, and the training job of its name."""
    s3, sm = world.client("s3"), world.client("sagemaker")
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket)
    sm.delete_training_job(TrainingJobName=bucket)


def scores(world: World, role: str, key: str, tables: Mapping[str, pandas.DataFrame]) -> dict[str, numpy.ndarray]:
    """What the model says about each table's rows, by the tables' names; remembered under `key`.

    One job trains the model and scores with it, without an endpoint.
    """
    if key not in _scores:
        _scores[key] = _scored(world, role, f"{OWN}scores", tables)
    return _scores[key]


def _scored(world: World, role: str, name: str, tables: Mapping[str, pandas.DataFrame]) -> dict[str, numpy.ndarray]:
    import numpy as np

    from course.data import FEATURES, LABEL, notebook_model_source, transactions

    s3 = world.client("s3")
    s3.create_bucket(Bucket=name)
    known = [*FEATURES, LABEL]
    told = {"train": transactions(SEED, ROWS)[known]} | {
        f"score-{table}": rows[list(FEATURES)] for table, rows in tables.items()
    }
    for table, rows in told.items():
        packed = io.BytesIO()
        rows.to_pickle(packed)
        s3.put_object(Bucket=name, Key=f"rows/{table}.pkl", Body=packed.getvalue())
    script = (notebook_model_source() / txguard.SCRIPT).read_text()
    code = pack({txguard.SCRIPT: script, "score.py": (SCRIPTS / "score.py").read_text()})
    s3.put_object(Bucket=name, Key="code/sourcedir.tar.gz", Body=code)
    txguard.run(world, name, role, "score.py", rows=f"s3://{name}/rows/")
    output = members(read(world, f"s3://{name}/model/{name}/output/output.tar.gz"))
    forget(world, name)
    return {table: np.load(io.BytesIO(output[f"{table}.npy"])) for table in tables}


def write_tests(folder: Path) -> Path:
    """The feature function and its unit tests as files of a folder. Returns the tests' path."""
    for name in ("features.py", "test_features.py"):
        (folder / name).write_text((SCRIPTS / name).read_text())
    return folder / "test_features.py"


def ask(world: World, endpoint: str, rows: pandas.DataFrame) -> list[float]:
    """What an endpoint of the notebook's script says about a table's rows, sent as one body of CSV."""
    from course.data import FEATURES

    body = rows[list(FEATURES)].to_csv(index=False, header=False)
    return _answer(world, endpoint, body, "text/csv")


def ask_for_app(world: World, endpoint: str, payments: list[dict[str, Any]]) -> list[float]:
    """What an endpoint of `scripts/serve.py` says about payments, sent as lines of JSON, BATCH in a request."""
    found: list[float] = []
    for begin in range(0, len(payments), BATCH):
        body = "\n".join(map(json.dumps, payments[begin : begin + BATCH]))
        found += _answer(world, endpoint, body, "application/jsonlines")
    return found


def _answer(world: World, endpoint: str, body: str, kind: str) -> list[float]:
    runtime = world.client("sagemaker-runtime")
    answer = runtime.invoke_endpoint(EndpointName=endpoint, ContentType=kind, Accept="text/csv", Body=body)
    return [float(line) for line in answer["Body"].read().split()]
