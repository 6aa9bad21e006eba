"""D2-12 Explain and bias after training: three Clarify jobs, seven metrics by hand, three payments explained.

Facet d is the group asked about, here the young; the favourable outcome is not being flagged. Formulas are in
`facets`, the tables in `audit`.

Nothing is left to luck: eight features have 254 proper coalitions, so with 254 samples or more Kernel SHAP asks each
of them once, and its values are exact.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping
from typing import Any

from course.exercises import frozen, txguard
from course.exercises.audit import background, chosen, counts, features, judged, loans
from course.exercises.facets import DIFFERENCES, NEAR, RATIOS, hidden_tables, is_near, metrics, slip, told
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

IMAGE = "205585389593.dkr.ecr.us-east-1.amazonaws.com/sagemaker-clarify-processing:1.0"
NEAR_SCORE = 1e-3  # between two scores
LOANS, PAYMENTS, CASES, BASELINE = "loans/loans.csv", "audit/payments.csv", "audit/cases.csv", "audit/baseline.csv"
ENDPOINTS = ("CreateEndpointConfig", "CreateEndpoint", "DescribeEndpoint", "DeleteEndpoint", "DeleteEndpointConfig")


def start(aws: World, seed: int, *, cases: slice = slice(None)) -> dict[str, Any]:
    """A bucket with loans, payments that TxGuard has judged, three of them to explain, and a baseline; and the model.

    cases: in which order the three stand.
    """
    name = names(seed)
    bucket, s3 = name["bucket"], aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    role = audit_role(aws, bucket)
    frozen.hand_over(aws, role, f"s3://{bucket}/model/model.tar.gz")
    s3.upload_file(str(txguard.pack_script(aws.folder / "code.tar.gz")), bucket, "code/sourcedir.tar.gz")
    variables = {
        "SAGEMAKER_PROGRAM": txguard.SCRIPT,
        "SAGEMAKER_SUBMIT_DIRECTORY": f"s3://{bucket}/code/sourcedir.tar.gz",
    }
    container = {
        "Image": txguard.IMAGE,
        "ModelDataUrl": f"s3://{bucket}/model/model.tar.gz",
        "Environment": variables,
    }
    aws.client("sagemaker").create_model(ModelName=name["model"], ExecutionRoleArn=role, PrimaryContainer=container)
    rows = judged(aws, seed)
    tables = {
        LOANS: loans(),
        PAYMENTS: rows.drop(columns="score"),
        CASES: chosen(rows).iloc[cases][features()],
        BASELINE: background(rows)[features()],
    }
    for key, table in tables.items():
        s3.put_object(Bucket=bucket, Key=key, Body=table.to_csv(index=False).encode())
    return {
        **name,
        "role": role,
        "image": IMAGE,
        "loans": LOANS,
        "payments": PAYMENTS,
        "features": features(),
        "cases": f"s3://{bucket}/{CASES}",
        "baseline": f"s3://{bucket}/{BASELINE}",
    }


def names(seed: int) -> dict[str, str]:
    """What things are called in the world of a seed."""
    mark = f"{seed % 0x10000:04x}"
    jobs = {job: f"{text}-{mark}" for job, text in (("example", "loans"), ("bias_job", "bias"), ("shap_job", "shap"))}
    return {"bucket": f"txguard-audit-{mark}", "model": f"txguard-{mark}", **jobs}


def audit_role(world: World, name: str) -> str:
    """An execution role that may also make a shadow endpoint, ask it and take it away. Returns its ARN."""
    role = txguard.make_role(world, name)
    actions = [f"sagemaker:{action}" for action in (*ENDPOINTS, "InvokeEndpoint")]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world.client("iam").put_role_policy(RoleName=name, PolicyName="ask-models", PolicyDocument=document)
    return role


# Probes


@probe(points=1, hint="d2-12-no-bias-job")
def bias_reported(world: World) -> Finding:
    """The report on TxGuard asks the right question: are the young worse off?"""
    asked = {
        "looked": f"analysis.json of the processing job {names(world.seed)['bias_job']}",
        "expected": "favourable is fraud = 0, facet d is age_group = young, and the metrics of x.payments",
    }
    result, seen, hint = _result(world, "bias_job")
    if result is None:
        return found(False, seen=seen, hint=None if hint is None else f"d2-12-bias-{hint}", **asked)
    section = json.loads(result["analysis.json"]).get("post_training_bias_metrics")
    if not section:
        return found(False, seen="a report without post-training bias", **asked)
    favourable = section["label_value_or_threshold"]
    groups = [(name, entry) for name, entries in section["facets"].items() for entry in entries]
    said = ", ".join(f"{name} = {entry['value_or_threshold']}" for name, entry in groups)
    seen = f"favourable is {section['label']} = {favourable}, facet d is {said}"
    if favourable not in ("0", "0.0"):
        return found(False, seen=seen, hint="d2-12-favourable", **asked)
    asked_for = [e for name, e in groups if (name, e["value_or_threshold"]) == ("age_group", "young")]
    if not asked_for:
        return found(False, seen=seen, hint="d2-12-facet", **asked)
    values = {metric["name"]: metric["value"] for metric in asked_for[0]["metrics"]}
    values = {name: values.get({"DCAcc": "DCA"}.get(name, name)) for name in (*DIFFERENCES, *RATIOS)}
    wanted = metrics(*counts(judged(world, world.seed)))
    odd = [name for name, value in wanted.items() if not is_near(values[name], value)]
    if odd:
        return found(False, seen=f"{seen}; {odd[0]} {values[odd[0]]}", hint="d2-12-other-rows", **asked)
    return found(True, seen=f"{seen}; DPPL {values['DPPL']:.4f}, DI {values['DI']:.4f}", **asked)


@probe(points=1, hint="d2-12-no-bias")
def differences(world: World) -> Finding:
    """bias gets DPPL, DI, AD, RD and SD right, with their signs"""
    return _measured(world, DIFFERENCES)


@probe(points=1, hint="d2-12-no-bias")
def ratios(world: World) -> Finding:
    """bias gets DCAcc and TE right, the two made of ratios"""
    return _measured(world, RATIOS)


def _measured(world: World, wanted: tuple[str, ...]) -> Finding:
    asked = {
        "looked": "bias(a, d), called with the confusion matrices of the worked example and with others",
        "expected": f"{', '.join(wanted)}, to {NEAR:g}",
    }
    bias = getattr(world.given, "bias", None)
    if not callable(bias):
        return found(False, seen="nothing" if bias is None else f"a {type(bias).__name__}", **asked)
    for a, d in hidden_tables(world.seed):
        called = f"bias({told(a)}, {told(d)})"
        try:
            given = bias(dict(a), dict(d))
        except Exception as error:
            return found(False, seen=f"{called}: {type(error).__name__}: {error}"[:300], hint="d2-12-raises", **asked)
        if not isinstance(given, Mapping):
            return found(False, seen=f"{called} gave a {type(given).__name__}", hint="d2-12-no-dictionary", **asked)
        if "DCA" in given:
            given = {"DCAcc": given["DCA"], **given}
        right = metrics(a, d)
        for name in wanted:
            if name not in given:
                return found(False, seen=f"{called} has no {name}", hint="d2-12-no-dictionary", **asked)
            if not is_near(given[name], right[name]):
                seen = f"{called}: {name} {given[name]!r:.12}, and it is {right[name]:.4f}"
                return found(False, seen=seen, hint=f"d2-12-{slip(name, given[name], a, d)}", **asked)
    return found(True, seen=f"{', '.join(wanted)} as they should be, on {len(hidden_tables(0))} tables", **asked)


@probe(points=1, hint="d2-12-no-shap-job")
def explained(world: World) -> Finding:
    """Your job has explained the three payments: base and SHAP values add up to what the model says"""
    asked = {
        "looked": f"analysis.json and explanations_shap/out.csv of the processing job {names(world.seed)['shap_job']}",
        "expected": f"three rows that add up to the model's scores, to {NEAR_SCORE:g}, from the baseline of x.baseline",
    }
    result, seen, hint = _result(world, "shap_job")
    if result is None:
        return found(False, seen=seen, hint=None if hint is None else f"d2-12-shap-{hint}", **asked)
    kernel = json.loads(result["analysis.json"]).get("explanations", {}).get("kernel_shap")
    if not kernel:
        return found(False, seen="a report without SHAP values", hint="d2-12-shap-failed", **asked)
    if "explanations_shap/out.csv" not in result:
        return found(False, seen="no explanations_shap/out.csv", hint="d2-12-no-local", **asked)
    base = next(iter(kernel.values()))["expected_value"]
    local, scores, mean = _local(result), _scores(world), _base(world)
    sums = [base + sum(row.values()) for row in local]
    seen = f"base {base:.4f}; sums {', '.join(f'{value:.4f}' for value in sums)}"
    if len(sums) == len(scores) and all(
        is_near(_odds(total), score, NEAR_SCORE) for total, score in zip(sums, scores, strict=True)
    ):
        return found(False, seen=seen, hint="d2-12-logit", **asked)
    if not is_near(base, mean, NEAR_SCORE):
        return found(False, seen=f"{seen}; the baseline's mean score is {mean:.4f}", hint="d2-12-baseline", **asked)
    if not _all_near(sums, scores):
        return found(False, seen=seen, hint="d2-12-other-cases", **asked)
    return found(True, seen=seen, **asked)


@probe(points=1, hint="d2-12-no-rebuilt")
def rebuilt_and_reasons(world: World) -> Finding:
    """You have rebuilt the three scores, and named what pushed each up the most"""
    asked = {
        "looked": "rebuilt and reasons, beside your job's SHAP values and the model's scores",
        "expected": f"three scores, to {NEAR_SCORE:g}, and for each the feature with the largest SHAP value",
    }
    rebuilt, reasons = _list(world, "rebuilt"), _list(world, "reasons")
    if rebuilt is None:
        return found(False, seen="no list rebuilt", **asked)
    scores, base = _scores(world), _base(world)
    seen = f"rebuilt {', '.join(str(value)[:7] for value in rebuilt)}"
    if not _all_near(rebuilt, scores):
        without = _all_near(rebuilt, [score - base for score in scores])
        return found(False, seen=seen, hint="d2-12-base-left-out" if without else "d2-12-not-rebuilt", **asked)
    result, _, _ = _result(world, "shap_job")
    if result is None or "explanations_shap/out.csv" not in result:
        return found(False, seen=f"{seen}; no SHAP values in S3", hint="d2-12-no-shap-job", **asked)
    if reasons is None:
        return found(False, seen=f"{seen}; no list reasons", hint="d2-12-no-reasons", **asked)
    local = _local(result)
    given = [next((name for name in features() if str(said).startswith(name)), None) for said in reasons]
    seen = f"{seen}; reasons {', '.join(map(str, reasons))}"
    right = len(given) == len(local) and all(
        name is not None and row[name] >= max(row.values()) - 1e-9 for name, row in zip(given, local, strict=True)
    )
    return found(right, seen=seen[:300], hint="d2-12-reasons", **asked)


PROBES = (bias_reported, differences, ratios, explained, rebuilt_and_reasons)


# What the probes read


def _result(world: World, job: str) -> tuple[dict[str, str] | None, str, str | None]:
    """A processing job's files by their place below its result; or None, what was seen, and which kind of hint."""
    sm, s3 = world.client("sagemaker"), world.client("s3")
    try:
        described = sm.describe_processing_job(ProcessingJobName=names(world.seed)[job])
    except sm.exceptions.ResourceNotFound:
        return None, "no such processing job", None
    status = described["ProcessingJobStatus"]
    if status != "Completed":
        reason = " ".join(described.get("FailureReason", described.get("ExitMessage", "no reason given")).split())
        return None, f"{status}: {reason[:300]}", "failed"
    outputs = described.get("ProcessingOutputConfig", {}).get("Outputs", [])
    place = next((o["S3Output"]["S3Uri"] for o in outputs if o["OutputName"] == "analysis_result"), "")
    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    prefix = prefix.rstrip("/") + "/"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [item["Key"] for item in listed if item["Key"].endswith(("analysis.json", "out.csv"))]
    files = {key.removeprefix(prefix): frozen.read(world, f"s3://{bucket}/{key}").decode() for key in keys}
    if "analysis.json" not in files:
        return None, f"no analysis.json under {place}", "failed"
    return files, "", None


def _local(result: Mapping[str, str]) -> list[dict[str, float]]:
    """The SHAP values of each row, by feature."""
    import pandas

    table = pandas.read_csv(io.StringIO(result["explanations_shap/out.csv"]))
    own = {name: next((column for column in table if column.startswith(f"{name}_")), None) for name in features()}
    return [
        {name: float(row[column]) for name, column in own.items() if column is not None} for _, row in table.iterrows()
    ]


def _scores(world: World) -> list[float]:
    """What the model says about the three payments, in the order in which they lie in S3."""
    import pandas

    place = f"s3://{names(world.seed)['bucket']}/{CASES}"
    lying = pandas.read_csv(io.BytesIO(frozen.read(world, place)))
    known = chosen(judged(world, world.seed))
    return [known.loc[(known["amount"] == row["amount"]), "score"].iloc[0] for _, row in lying.iterrows()]


def _base(world: World) -> float:
    """The mean score of the baseline."""
    return float(background(judged(world, world.seed))["score"].mean())


def _list(world: World, name: str) -> list[Any] | None:
    given = getattr(world.given, name, None)
    if given is None or isinstance(given, (str, bytes, Mapping)):
        return None
    try:
        return list(given)
    except TypeError:
        return None


def _all_near(given: list[Any], right: list[float]) -> bool:
    return len(given) == len(right) and all(is_near(g, r, NEAR_SCORE) for g, r in zip(given, right, strict=True))


def _odds(logit: float) -> float:
    return 1 / (1 + math.exp(-max(min(logit, 50.0), -50.0)))


HINTS = {
    "d2-12-no-bias-job": Hint(
        "There is no such job: favourable and facet are both needed before the cell below them starts it.",
        "Your turn: ask about TxGuard",
    ),
    "d2-12-bias-failed": Hint(
        "Read the reason: Clarify names the field. Mend it, run begin again, and go on from there: a job's name can be "
        "given once.",
        "Your turn: ask about TxGuard",
    ),
    "d2-12-favourable": Hint(
        "With this outcome as the favourable one the report says that it is good to be taken for a fraud, and every "
        "difference has the wrong sign. What does a customer hope for, fraud = 0 or fraud = 1?",
        "Your turn: ask about TxGuard",
    ),
    "d2-12-facet": Hint(
        "facet names the group that you are worried about, facet d. Everybody else is facet a.",
        "Your turn: ask about TxGuard",
    ),
    "d2-12-other-rows": Hint(
        "Favourable outcome and facet are right, the numbers are not those of x.payments. Run begin and the cells "
        "after it again.",
        "Your turn: ask about TxGuard",
    ),
    "d2-12-no-bias": Hint("bias is a function of two dictionaries, a and d.", "Your turn: seven metrics"),
    "d2-12-raises": Hint(
        "The function stopped on counts such as those. Try it: bias(a, d) with two dictionaries of TN, FN, FP and TP.",
        "Your turn: seven metrics",
    ),
    "d2-12-no-dictionary": Hint(
        "bias returns a dictionary with the seven names of the table as keys.", "Your turn: seven metrics"
    ),
    "d2-12-inverted": Hint(
        "DI is the share of facet d divided by that of facet a, not the other way round: below 1 it speaks of a "
        "disadvantage of d.",
        "Your turn: seven metrics",
    ),
    "d2-12-swapped": Hint(
        "TE divides the false negatives by the false positives, FN / FP, in each facet; yours has them the other way "
        "round.",
        "Your turn: seven metrics",
    ),
    "d2-12-sign": Hint(
        "The size is right and the sign is turned. Not every metric is a less d: look at the table, line by line.",
        "Your turn: seven metrics",
    ),
    "d2-12-other-outcome": Hint(
        "This is the value for the unfavourable outcome. TP counts favourable rows that were predicted favourable.",
        "Your turn: seven metrics",
    ),
    "d2-12-formula": Hint(
        "Compare your line with that of the table: what is counted, and what it is divided by. The worked example's "
        "values are there to try it on.",
        "Your turn: seven metrics",
    ),
    "d2-12-no-shap-job": Hint(
        "There is no such processing job. The worked example's request is the pattern: another name, another "
        "configuration, another place for the result.",
        "Your turn: explain three payments",
    ),
    "d2-12-shap-failed": Hint(
        "Read the reason. Clarify names the field that it cannot use; what the model says about a wrong row stands in "
        "it, too. Mend it, run begin again, and go on from there.",
        "Your turn: explain three payments",
    ),
    "d2-12-no-local": Hint(
        "There is only the average over the three. To get the values of each row, the method shap has to save its "
        "local values.",
        "Your turn: explain three payments",
    ),
    "d2-12-logit": Hint(
        "These values add up to the score's log-odds, not to the score. Leave use_logit out.",
        "Your turn: explain three payments",
    ),
    "d2-12-baseline": Hint(
        "The base is not the mean score of x.baseline. Hand that address over as the baseline; without one Clarify "
        "makes a mean of the very rows that it is to explain.",
        "Your turn: explain three payments",
    ),
    "d2-12-other-cases": Hint(
        "Values and base do not add up to the scores of the three payments. The dataset to explain is x.cases, the "
        "model x.model.",
        "Your turn: explain three payments",
    ),
    "d2-12-no-rebuilt": Hint(
        "rebuilt is a list of three numbers, reasons one of three names.", "Your turn: rebuild and name"
    ),
    "d2-12-base-left-out": Hint(
        "SHAP values say by how much a score differs from the base. Add the base.", "Your turn: rebuild and name"
    ),
    "d2-12-not-rebuilt": Hint(
        "For each row of local: the sum over all columns, and the base.", "Your turn: rebuild and name"
    ),
    "d2-12-no-reasons": Hint(
        "reasons is a list of three names, one for each row of local.", "Your turn: rebuild and name"
    ),
    "d2-12-reasons": Hint(
        "For each row the column with the largest value, its sign kept: what pushed the score up, not what moved it "
        "the most.",
        "Your turn: rebuild and name",
    ),
}
