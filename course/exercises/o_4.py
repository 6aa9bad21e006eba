"""O-4 Skew hunt: the model is right, and what serving makes of a payment is not what training made of it.

One of four causes, by the seed. What each costs in AUC (mean and standard deviation over 30 seeds):

    payments   amount        categories    velocity      clock
    4,000      .077 ± .011   .039 ± .008   .048 ± .013   .031 ± .007
    8,000      .076 ± .009   .038 ± .006   .046 ± .006   .032 ± .005

The check compares with the model's scores of the right columns on the same payments. Right work scores equal to the
last digit, so luck with the rows cannot fail it, and the bound can be tight: a clock that is left as it was loses less
than GAP on 8,000 payments once in 100,000 worlds. Amounts that are clipped at training's largest lose all of .076.

Counted on 30 seeds, both on the week and on unseen payments (`python -m tests.exercises.calibrate O-4`, exact 95 %
intervals): right columns failed 0 times of 60 (at most 6.0 %; by no luck), the four causes as they were and clipped
amounts were caught 300 times of 300 (at least 98.8 %), and two ways to tell the cause from the tables named the right
one 240 times of 240 (at least 98.5 %). Who trains again is caught by the digest, which knows no luck.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from course.exercises import frozen, measures, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

if TYPE_CHECKING:
    import pandas

TRAINING, WEEK, UNSEEN = 6_000, 4_000, 8_000  # rows
OFFLINE = 0.9  # the model's AUC on 60,000 payments of 2027 that it has not seen, with the right columns
GAP = 0.01  # of AUC, below offline
CAUSES = ("amount", "categories", "velocity", "clock")
MERCHANT_CODES = {
    "travel": 4722,
    "grocery": 5411,
    "fuel": 5541,
    "electronics": 5732,
    "restaurant": 5812,
    "gaming": 7994,
}
ENTRY_CODES = {"pos": 5, "app": 10, "web": 81}
# A line of features.py as it must be, and as the serving team has it.
SKEWS = {
    "amount": ('rows["cents"] / 100', 'rows["cents"].astype(float)'),
    "categories": (
        "codes.map(names)",
        "codes.map(dict(zip(codes.value_counts().index, sorted(names.values()))))",
    ),
    "velocity": ('rows["payments_24h"]', 'rows.get("tx_24h", 0)'),
    "clock": ("= clock.hour", "= (clock.hour + 8) % 24"),
}


def start(aws: World, seed: int) -> dict[str, Any]:
    """The live endpoint with its skew, a week of payments, what serving made of them, and what training had."""
    return build(aws, seed, cause_of(seed))


def cause_of(seed: int) -> str:
    """Which of the four a seed has."""
    return CAUSES[seed // 12 % len(CAUSES)]


def build(aws: World, seed: int, cause: str) -> dict[str, Any]:
    """`start` with that cause."""
    from course.data import FEATURES, LABEL, transactions

    name = live(seed)
    role = txguard.make_role(aws, name)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name)
    frozen.hand_over(aws, role, archive(seed))
    features = wrong_features(cause)
    s3.put_object(Bucket=name, Key="code/sourcedir.tar.gz", Body=packed(features))
    code = f"s3://{name}/code/sourcedir.tar.gz"
    txguard.create_endpoint(aws, name, role, archive(seed), code, "serve.py")
    aws.memory["cause"], aws.memory["role"] = cause, role
    trained = transactions(frozen.SEED, TRAINING)[[*FEATURES, LABEL]]
    week = transactions(seed, WEEK, start_day=60, days=7)
    served = made_of(features, payments(week)).assign(fraud=week[LABEL].to_numpy())
    lines = "\n".join(map(json.dumps, payments(week)))
    tables = {
        "training.csv": trained.to_csv(index=False),
        "served.csv": served.to_csv(index=False),
        "payments.jsonl": lines,
        "features.py": features,
    }
    for key, text in tables.items():
        s3.put_object(Bucket=name, Key=key, Body=text.encode())
    return {
        "live": name,
        "bucket": name,
        "role": role,
        "payments": "payments.jsonl",
        "served": "served.csv",
        "training": "training.csv",
        "features": "features.py",
        "serve": str(_write_serve(aws)),
        "offline": OFFLINE,
        "causes": list(CAUSES),
        "fixed": f"txguard-fixed-{seed % 0x10000:04x}",
    }


def live(seed: int) -> str:
    """The name of the endpoint that serves the app, and of its bucket."""
    return f"txguard-app-{seed % 0x10000:04x}"


def archive(seed: int) -> str:
    """The address of the model as it was handed over."""
    return f"s3://{live(seed)}/model/model.tar.gz"


def wrong_features(cause: str) -> str:
    """features.py with one line wrong."""
    right, wrong = SKEWS[cause]
    return (frozen.SCRIPTS / "features.py").read_text().replace(right, wrong)


def packed(features: str) -> bytes:
    """The archive of the serving code with a features.py."""
    return frozen.pack({"serve.py": (frozen.SCRIPTS / "serve.py").read_text(), "features.py": features})


def _write_serve(aws: World) -> Any:
    path = aws.folder / "serve.py"
    path.write_text((frozen.SCRIPTS / "serve.py").read_text())
    return path


def payments(rows: pandas.DataFrame) -> list[dict[str, Any]]:
    """Transactions as the app sends them: amounts in cents, codes for names, a time in place of the hour."""
    table = {
        "cents": (rows["amount"] * 100).round().astype(int),
        "time": rows["timestamp"].astype("datetime64[s]").astype("int64"),
        "mcc": rows["merchant"].map(MERCHANT_CODES),
        "entry": rows["channel"].map(ENTRY_CODES),
        "payments_24h": rows["tx_24h"],
        "customer_age": rows["customer_age"],
        "km_from_home": rows["km_from_home"].astype(object).where(rows["km_from_home"].notna(), None),
        "tenure_days": rows["tenure_days"],
    }
    columns = [column.tolist() for column in table.values()]
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


def made_of(features: str, sent: list[dict[str, Any]]) -> pandas.DataFrame:
    """What a features.py makes of payments, in the batches in which endpoints get them."""
    import pandas

    module: dict[str, Any] = {}
    exec(compile(features, "features.py", "exec"), module)  # the course's own text
    batches = [sent[begin : begin + frozen.BATCH] for begin in range(0, len(sent), frozen.BATCH)]
    return pandas.concat([module["prepare"](batch) for batch in batches], ignore_index=True)


# Probes


@probe(points=1, hint="o-4-no-cause")
def cause_named(world: World) -> Finding:
    """You name what differs between training and serving"""
    given = getattr(world.given, "cause", None)
    asked = {"looked": "cause, beside the line that is wrong in the serving code", "expected": "one of x.causes"}
    said = str(given).strip().casefold()
    if said not in CAUSES:
        return found(False, seen=str(given)[:60], **asked)
    return found(said == world.memory["cause"], seen=said, hint="o-4-cause", **asked)


@probe(points=1, hint="o-4-no-endpoint")
def model_unchanged(world: World) -> Finding:
    """Your endpoint serves the model as it was handed over"""
    asked = {
        "looked": "the archive behind your endpoint, by the digest of its files",
        "expected": "the digest of the model as it was handed over",
    }
    if problem := _not_there(world):
        return found(False, seen=problem, **asked)
    same = _model_is_the_same(world)
    seen = "the same digest" if same else "another digest: another model"
    return found(same, seen=seen, hint="o-4-replaced", **asked)


@probe(points=2, hint="o-4-no-endpoint")
def as_good_as_offline(world: World) -> Finding:
    """Your endpoint is as good on the week's payments as training promised"""
    return judge(world, 60, WEEK, 7, "the week's payments")


def judge(world: World, first_day: int, rows: int, days: int, what: str) -> Finding:
    """The AUC of the learner's endpoint beside that of the right columns, on the same payments."""
    from course.data import transactions

    asked = {
        "looked": f"the AUC of your endpoint on {what}, {frozen.BATCH} in a request",
        "expected": f"at most {GAP} below that of the right columns, with the model unchanged",
    }
    if problem := _not_there(world):
        return found(False, seen=problem, **asked)
    if not _model_is_the_same(world):
        return found(False, seen="another model", hint="o-4-replaced", **asked)
    table = transactions(world.seed, rows, start_day=first_day, days=days)
    sent = payments(table)
    try:
        online = measures.auc(table["fraud"], frozen.ask_for_app(world, _fixed(world), sent))
    except Exception as error:
        seen = f"no scores: {' '.join(str(error).split())[:300]}"
        return found(False, seen=seen, hint="o-4-no-answer", **asked)
    offline = measures.auc(table["fraud"], reference(world, table, what))
    seen = f"{online:.3f}; the right columns give {offline:.3f}"
    if online >= offline - GAP:
        return found(True, seen=seen, **asked)
    clipped = world.memory["cause"] == "amount" and not _same_code(world) and _cannot_tell_amounts(world, sent[0])
    return found(False, seen=seen, hint="o-4-clipped" if clipped else "o-4-still-low", **asked)


def reference(world: World, table: pandas.DataFrame, what: str) -> Any:
    """The model's scores of the right columns."""
    return frozen.scores(world, world.memory["role"], f"o-4 {world.seed} {what}", {"table": table})["table"]


def _fixed(world: World) -> str:
    return f"txguard-fixed-{world.seed % 0x10000:04x}"


def _not_there(world: World) -> str:
    """Why the learner's endpoint cannot be asked; "" if it can."""
    sm = world.client("sagemaker")
    try:
        status = sm.describe_endpoint(EndpointName=_fixed(world))["EndpointStatus"]
    except sm.exceptions.ClientError:
        return f"no endpoint {_fixed(world)}"
    return "" if status == "InService" else f"the endpoint {_fixed(world)} is {status}"


def _containers(world: World, endpoint: str) -> list[dict[str, Any]]:
    """What an endpoint's variants serve, as DescribeModel tells it."""
    sm = world.client("sagemaker")
    config = sm.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    variants = sm.describe_endpoint_config(EndpointConfigName=config)["ProductionVariants"]
    return [sm.describe_model(ModelName=variant["ModelName"])["PrimaryContainer"] for variant in variants]


def _model_is_the_same(world: World) -> bool:
    """Whether every variant of the learner's endpoint serves the model that was handed over."""
    wanted = frozen.digest(frozen.archive(world, world.memory["role"]))
    served = [container.get("ModelDataUrl", "") for container in _containers(world, _fixed(world))]
    return all(frozen.digest(frozen.read(world, address)) == wanted for address in served)


def _same_code(world: World) -> bool:
    """Whether the learner's endpoint runs the serving code as the other team left it."""
    code = _containers(world, _fixed(world))[0]["Environment"]["SAGEMAKER_SUBMIT_DIRECTORY"]
    files = frozen.members(frozen.read(world, code))
    return files.get("features.py") == wrong_features(world.memory["cause"]).encode()


def _cannot_tell_amounts(world: World, payment: dict[str, Any]) -> bool:
    """Whether the learner's endpoint gives 20 and 200 euros one score: cutting off what looks too large does that."""
    sent = [payment | {"cents": cents} for cents in (2_000, 6_000, 20_000)]
    return len({round(score, 9) for score in frozen.ask_for_app(world, _fixed(world), sent)}) == 1


PROBES = (cause_named, model_unchanged, as_good_as_offline)

HINTS = {
    "o-4-no-cause": Hint("cause is one of the names in x.causes, in quotes.", "Your turn: name it"),
    "o-4-cause": Hint(
        "Another column differs more. Compare what training had with what serving made, column by column: which one "
        "has values here that it never had there, or has them in other shares?",
        "Two tables side by side",
    ),
    "o-4-no-endpoint": Hint(
        "There is no endpoint x.fixed in service. Let repaired be the text of the whole file, then run the cells "
        "that deploy it.",
        "Your turn: repair it",
    ),
    "o-4-no-answer": Hint(
        "Your endpoint stops with an error. Read it, mend the text of the file, run begin and the cells again.",
        "Your turn: repair it",
    ),
    "o-4-replaced": Hint(
        "You replaced the model; was it wrong? It was trained on the right columns. A model trained on what serving "
        "makes of them is wrong on the day when somebody repairs the serving code.",
        "The principle",
    ),
    "o-4-clipped": Hint(
        "Your endpoint cannot tell 20 euros from 200. Cutting off what is too large does not give the amount back: "
        "find out in which unit it comes.",
        "Your turn: repair it",
    ),
    "o-4-still-low": Hint(
        "The columns still differ from those of training. Compare them once more, and look at the line of the file "
        "that makes the column that differs.",
        "Two tables side by side",
    ),
}
