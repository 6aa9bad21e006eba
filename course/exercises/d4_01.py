"""D4-01 Data capture: a live endpoint's requests and answers in S3, all of them and then one in five.

The traffic is a function of the seed: the tills send CSV, the app sends JSON that nobody declared as readable, so its
records are in base64. What the probes compare with is what lies in S3, read here, and the traffic itself.

The estimate is held to the learner's own sample: within TOLERANCE of records / share. The sample is what it is, so
right work never fails by chance. The true number is right as well (CloudWatch has it).
"""

from __future__ import annotations

import base64
import json
import random
from datetime import datetime
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

HOURS, PER_HOUR, APP = 3, 80, 0.4  # hours of traffic, requests in each, and the share of them that the app sends
SHARE = 20  # per cent
TOLERANCE = 0.1
TRIAL = "trial"  # where the worked example's capture goes; the learner's goes below LIVE
LIVE = "live"
VARIANT = "all"  # as txguard.create_endpoint calls it


def start(aws: World, seed: int, per_hour: int = PER_HOUR, app: float = APP) -> dict[str, Any]:
    """TxGuard behind an endpoint that captures nothing yet, and the requests that it will get.

    The clock stands at one past the hour, so that the three hours of traffic are three folders.
    """
    name, now = names(seed), datetime.fromisoformat(aws.control("now")["now"])
    aws.control("advance", seconds=3660 - now.minute * 60 - now.second)
    role = txguard.make_role(aws, name["endpoint"])
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name["bucket"])
    frozen.hand_over(aws, role, f"s3://{name['bucket']}/model/model.tar.gz")
    s3.put_object(Bucket=name["bucket"], Key="code/sourcedir.tar.gz", Body=_script(aws))
    code = f"s3://{name['bucket']}/code/sourcedir.tar.gz"
    archive = f"s3://{name['bucket']}/model/model.tar.gz"
    txguard.create_endpoint(aws, name["endpoint"], role, archive, code, txguard.SCRIPT)
    first, *sent = traffic(seed, per_hour, app)
    aws.memory["sent"] = len(sent)
    txguard.await_endpoint(aws, name["endpoint"])
    variant = aws.client("sagemaker").describe_endpoint_config(EndpointConfigName=name["endpoint"])
    return {
        "bucket": name["bucket"],
        "endpoint": name["endpoint"],
        "variants": variant["ProductionVariants"],
        "example": name["example"],
        "name": name["name"],
        "trial": f"s3://{name['bucket']}/{TRIAL}",
        "live": f"s3://{name['bucket']}/{LIVE}",
        "first": first,
        "hours": [sent[hour * per_hour : (hour + 1) * per_hour] for hour in range(HOURS)],
    }


def _script(aws: World) -> bytes:
    return txguard.pack_script(aws.folder / "sourcedir.tar.gz").read_bytes()


def names(seed: int) -> dict[str, str]:
    """The names in this world."""
    mark = f"{seed % 0x10000:04x}"
    endpoint = f"txguard-{mark}"
    return {
        "bucket": f"txguard-capture-{mark}",
        "endpoint": endpoint,
        "example": f"{endpoint}-trial",
        "name": f"{endpoint}-live",
    }


def traffic(seed: int, per_hour: int = PER_HOUR, app: float = APP) -> list[dict[str, str]]:
    """Requests as arguments of invoke_endpoint: one of a till's, then HOURS times `per_hour`."""
    from course.data import FEATURES, transactions

    rows = transactions(seed, rows=HOURS * per_hour + 1, start_day=30, days=1)[list(FEATURES)]
    lines = rows.to_csv(index=False, header=False).splitlines()
    objects = json.loads(rows.to_json(orient="records", double_precision=15))
    draw = random.Random(seed)
    return [_till("tx-first", lines[0])] + [
        _app(f"tx-{number:04d}", value) if draw.random() < app else _till(f"tx-{number:04d}", line)
        for number, (line, value) in enumerate(zip(lines[1:], objects[1:], strict=True), start=1)
    ]


def _till(id: str, line: str) -> dict[str, str]:
    return {"InferenceId": id, "ContentType": "text/csv", "Accept": "text/csv", "Body": line}


def _app(id: str, value: dict[str, Any]) -> dict[str, str]:
    kind = "application/json"
    return {"InferenceId": id, "ContentType": kind, "Accept": kind, "Body": json.dumps({"instances": [value]})}


# Probes


@probe(points=1, hint="d4-01-off")
def capture_at_work(world: World) -> Finding:
    """The endpoint captures one request in five, with its answer"""
    name, sm = names(world.seed), world.client("sagemaker")
    asked = {
        "looked": f"DataCaptureConfig of the endpoint {name['endpoint']}, and of its configuration",
        "expected": f"Started at {SHARE} %, below {LIVE}/, Input and Output, text/csv readable",
    }
    endpoint = sm.describe_endpoint(EndpointName=name["endpoint"])
    seen = endpoint.get("DataCaptureConfig", {})
    if seen.get("CaptureStatus") != "Started":
        return found(False, seen="no capture at work", **asked)
    share, address = seen["CurrentSamplingPercentage"], seen["DestinationS3Uri"].rstrip("/")
    if address != f"s3://{name['bucket']}/{LIVE}":
        return found(False, seen=f"{share} % to {address}", hint="d4-01-place", **asked)
    if share != SHARE:
        return found(False, seen=f"Started at {share} %", hint="d4-01-share", **asked)
    config = sm.describe_endpoint_config(EndpointConfigName=endpoint["EndpointConfigName"])["DataCaptureConfig"]
    parts = _parts(config)
    if parts != {"Input", "Output"}:
        hint = "d4-01-input-only" if parts == {"Input"} else "d4-01-output-only"
        return found(False, seen=f"{' and '.join(parts)} only", hint=hint, **asked)
    if "text/csv" not in config.get("CaptureContentTypeHeader", {}).get("CsvContentTypes", []):
        return found(False, seen="text/csv is not among CsvContentTypes", hint="d4-01-readable", **asked)
    return found(True, seen=f"Started at {share} %, Input and Output", **asked)


@probe(points=1, hint="d4-01-tills")
def tills_read(world: World) -> Finding:
    """What the tills asked and heard is read from the records"""
    return _read(world, "text/csv", "d4-01-tills")


@probe(points=1, hint="d4-01-base64")
def app_read(world: World) -> Finding:
    """What the app asked and heard is read from the records, base64 or not"""
    return _read(world, "application/json", "d4-01-base64")


@probe(points=1, hint="d4-01-estimate")
def estimated(world: World) -> Finding:
    """The volume is estimated from the sample"""
    given = getattr(world.given, "estimate", None)
    records, sent = len(captured(world)), world.memory["sent"]
    expected = records * 100 / SHARE
    asked = {
        "looked": "estimate, beside the records below live/ and what the endpoint answered while they were made",
        "expected": f"{expected:.0f} from the {records} records, within {TOLERANCE:.0%}; or what really came",
    }
    try:
        value = float(given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return found(False, seen="None" if given is None else f"a {type(given).__name__}", **asked)
    if not records:
        return found(False, seen=f"{value:.0f}, and no record at all", hint="d4-01-no-records", **asked)
    seen = f"{value:.0f}; {sent} really came"
    if any(abs(value - right) <= TOLERANCE * right for right in (expected, sent)):
        return found(True, seen=seen, **asked)
    every = abs(value - records) <= TOLERANCE * records
    return found(False, seen=seen, hint="d4-01-every-request" if every else "d4-01-estimate", **asked)


PROBES = (capture_at_work, tills_read, app_read, estimated)


# What the probes read


def _parts(config: dict[str, Any]) -> set[str]:
    modes = {option["CaptureMode"] for option in config["CaptureOptions"]}
    return (modes - {"InputAndOutput"}) | ({"Input", "Output"} if "InputAndOutput" in modes else set())


def captured(world: World) -> dict[str, dict[str, Any]]:
    """The records of the learner's own capture by inference id, what has not been written yet included."""
    world.control("advance", seconds=2)
    bucket, s3 = names(world.seed)["bucket"], world.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{LIVE}/")
    keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
    bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode() for key in keys]
    records = [json.loads(line) for body in bodies for line in body.splitlines()]
    return {record["eventMetadata"].get("inferenceId", ""): record for record in records}


def text_of(part: dict[str, str]) -> str:
    """A payload of a record, readable."""
    return base64.b64decode(part["data"]).decode() if part["encoding"] == "BASE64" else part["data"]


def read(record: dict[str, Any]) -> tuple[float, float | None]:
    """(amount asked about, score answered) of a record; no score where the answer was not captured."""
    parts = record["captureData"]
    given = parts.get("endpointInput") or {"data": "", "encoding": "CSV", "observedContentType": "text/csv"}
    body = text_of(given)
    said = text_of(parts["endpointOutput"]) if "endpointOutput" in parts else None
    if given["observedContentType"].startswith("text/csv"):
        return float(body.split(",")[0] or "nan"), None if said is None else float(said)
    return json.loads(body)["instances"][0]["amount"], None if said is None else json.loads(said)["predictions"][0]


def _read(world: World, kind: str, hint: str) -> Finding:
    """Whether `captured` has, of the requests of one content type, what their records have."""
    given = getattr(world.given, "captured", None)
    who = "tills" if kind == "text/csv" else "app"
    asked = {
        "looked": f"captured, beside the records of the {who} below {LIVE}/",
        "expected": "for each record its inference id, the amount that was asked about and the score of the answer",
    }
    records = {
        id: record
        for id, record in captured(world).items()
        if any(part["observedContentType"].startswith(kind) for part in record["captureData"].values())
    }
    if not records:
        return found(False, seen="no records of theirs", hint="d4-01-no-records", **asked)
    if given is None:
        return found(False, seen="None", hint="d4-01-no-table", **asked)
    try:
        table = {str(id): (amount, score) for id, amount, score in given}
    except (TypeError, ValueError):
        seen = f"a {type(given).__name__} of something else than (id, amount, score)"
        return found(False, seen=seen, hint="d4-01-no-table", **asked)
    if unknown := sorted(set(table) - set(captured(world))):
        seen = f"{unknown[0]}, of which there is no record, and {len(unknown) - 1} more of this kind"
        return found(False, seen=seen, hint="d4-01-not-captured", **asked)
    if missing := set(records) - set(table):
        return found(False, seen=f"{len(missing)} of {len(records)} are missing", **asked)
    for id, record in records.items():
        amount, score = read(record)
        if score is None:
            return found(False, seen="their answers were not captured", hint="d4-01-input-only", **asked)
        if not _same(table[id], (amount, score)):
            seen = f"{id}: {_short(table[id][0])} and {_short(table[id][1])}; in the record {amount:g} and {score:.4f}"
            return found(False, seen=seen, **asked)
    return found(True, seen=f"all {len(records)}", **asked)


def _same(given: tuple[Any, Any], read: tuple[float, float]) -> bool:
    """Whether two values are those of a record: the amount to the cent, the score to three decimals."""
    try:
        amount, score = float(given[0]), float(given[1])
    except (TypeError, ValueError):
        return False
    return abs(amount - read[0]) <= 0.005 and abs(score - read[1]) <= 5e-4


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else repr(str(value)[:24])


HINTS = {
    "d4-01-off": Hint(
        "A configuration does nothing by itself. Give it to the endpoint with update_endpoint, and wait until it is in "
        "service.",
        "Your turn: one in five",
    ),
    "d4-01-place": Hint(
        "The endpoint still has the trial's configuration, or yours writes to the trial's place: DestinationS3Uri is "
        "x.live.",
        "Your turn: one in five",
    ),
    "d4-01-share": Hint(
        "InitialSamplingPercentage is a number of per cent, from 0 to 100: one in five is 20.", "Your turn: one in five"
    ),
    "d4-01-input-only": Hint(
        "Without the answers nobody can ever watch the predictions: CaptureOptions needs Output too. Then send the "
        "traffic again, for what was not captured is gone.",
        "Your turn: one in five",
    ),
    "d4-01-output-only": Hint(
        "Answers without what was asked cannot be explained: CaptureOptions needs Input too. Then send the traffic "
        "again.",
        "Your turn: one in five",
    ),
    "d4-01-readable": Hint(
        "CaptureContentTypeHeader lists the content types that are kept as they are, here text/csv.",
        "Your turn: what is readable",
    ),
    "d4-01-no-records": Hint(
        "There is nothing below live/. Was the endpoint on your configuration when the traffic came? Update it, and "
        "send the traffic again.",
        "Your turn: one in five",
    ),
    "d4-01-no-table": Hint(
        "captured is a list with a tuple for every record: inference id, amount, score.", "Your turn: read them"
    ),
    "d4-01-tills": Hint(
        "A till's record is CSV as it was sent: the amount is the first value, the score is all of the answer. Read "
        "every file below live/, every line of it.",
        "Your turn: read them",
    ),
    "d4-01-base64": Hint(
        "Where encoding says BASE64, data is no text yet, whatever its content type: decode it first, then read the "
        "JSON in it.",
        "The worked example: everything",
    ),
    "d4-01-not-captured": Hint(
        "Not every request has a record. Take what lies in S3, not what was sent.", "Your turn: read them"
    ),
    "d4-01-every-request": Hint(
        "That is the number of records. Each of them stands for five requests.", "Your turn: how many were there?"
    ),
    "d4-01-estimate": Hint(
        "Records below live/, divided by the share of the requests that has a record.",
        "Your turn: how many were there?",
    ),
}
