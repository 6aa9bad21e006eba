"""D2-13 Registry: three versions of a model with what was measured on them, one of them approved for a reason.

Which version is right is not decided here: the probes read the reports that the jobs themselves have written
(`candidates.py` says what is in them), so a tie between two versions would leave both right.
"""

from __future__ import annotations

import json
from typing import Any

from course.exercises import frozen
from course.exercises.candidates import SLICE, VERSIONS, build, names
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

BRIEF = """\
What the next TxGuard has to be good at

The fraud team looks at one payment in twenty, those with the highest scores.
What hurts are web payments at night, from midnight to six: nobody is there to
stop them. Approve the one version that catches the largest share of the fraud
among web payments at night. Say so in the reason. However good the figures
are overall, they do not make up for it.
"""


def start(aws: World, seed: int) -> dict[str, Any]:
    """A bucket with three archives and three reports on them, and a fourth pair for the worked example."""
    return {**build(aws, seed, best=seed // 53 % 2), "brief": BRIEF}


# Probes


@probe(points=1, hint="d2-13-no-group")
def registered(world: World) -> Finding:
    """The three archives are versions 1, 2 and 3 of your group"""
    group = names(world.seed)["group"]
    asked = {"looked": f"the model packages of the group {group}", "expected": "three versions, the oldest run first"}
    versions = _versions(world)
    if versions is None:
        return found(False, seen="no such group", **asked)
    numbers = sorted(versions)
    if numbers != [1, 2, 3]:
        seen = f"version {', '.join(map(str, numbers))}" if numbers else "a group without versions"
        return found(False, seen=seen, hint="d2-13-count", **asked)
    bucket, drawn = names(world.seed)["bucket"], list(_own(world))
    data = [_archive(versions[number]) for number in numbers]
    if data != drawn:
        wrong = next(n for n, (given, wanted) in enumerate(zip(data, drawn, strict=True), start=1) if given != wanted)
        seen = f"version {wrong} runs {data[wrong - 1].removeprefix(f's3://{bucket}/') or 'no archive'}"
        return found(False, seen=seen, hint="d2-13-order", **asked)
    return found(True, seen="three, each with its archive", **asked)


@probe(points=1, hint="d2-13-no-versions")
def measured(world: World) -> Finding:
    """Metrics and baselines of each version belong to its archive"""
    asked = {
        "looked": "the reports that ModelMetrics and DriftCheckBaselines name, and the digests in them",
        "expected": "for every version the report with the digest of its own archive, in both",
    }
    versions = _versions(world)
    if not versions or len(versions) < VERSIONS:
        return found(False, seen=f"{len(versions or {})} versions", **asked)
    for member, missing in (("ModelMetrics", "d2-13-no-metrics"), ("DriftCheckBaselines", "d2-13-no-baselines")):
        for number, package in sorted(versions.items()):
            address = package.get(member, {}).get("ModelQuality", {}).get("Statistics", {}).get("S3Uri", "")
            _, own = world.memory["reports"].get(_archive(package), ("", None))
            if not address:
                return found(False, seen=f"version {number} has no {member} of ModelQuality", hint=missing, **asked)
            if own is None or _content(world, address) != own:
                seen = f"version {number}: {member} names {address.rpartition('/')[2]}, which is about something else"
                return found(False, seen=seen, hint="d2-13-other-metrics", **asked)
    return found(True, seen="the right ones", **asked)


@probe(points=1, hint="d2-13-no-versions")
def approved_by_the_brief(world: World) -> Finding:
    """The one version that the brief asks for is Approved, and the reason is given"""
    asked = {
        "looked": "ModelApprovalStatus and ApprovalDescription of each version",
        "expected": f"Approved, with a reason: only the version with the highest recall on {SLICE}",
    }
    versions = _versions(world)
    if not versions:
        return found(False, seen="no versions", **asked)
    chosen = _approved(versions)
    if not chosen:
        states = ", ".join(
            f"{number}: {package['ModelApprovalStatus']}" for number, package in sorted(versions.items())
        )
        return found(False, seen=states, hint="d2-13-none-approved", **asked)
    if len(chosen) > 1:
        return found(False, seen=f"{len(chosen)} are Approved", hint="d2-13-several", **asked)
    ((number, package),) = chosen.items()
    recalls = {archive: told["slices"][SLICE] for archive, (_, told) in _own(world).items()}
    recall = recalls.get(_archive(package))
    if recall != max(recalls.values()):
        seen = f"version {number}: {recall or 0:.2f} on {SLICE}; there is one with {max(recalls.values()):.2f}"
        return found(False, seen=seen, hint="d2-13-not-the-slice", **asked)
    if len(package.get("ApprovalDescription", "").split()) < 3:
        return found(False, seen=f"version {number}, without a reason", hint="d2-13-no-reason", **asked)
    return found(True, seen=f"version {number}, recall {recall:.2f}, with a reason", **asked)


@probe(points=1, hint="d2-13-no-answer")
def origin_named(world: World) -> Finding:
    """You know what produced version 2"""
    asked = {
        "looked": "produced, beside the lineage of version 2",
        "expected": "the training job and the address of its table",
    }
    given = getattr(world.given, "produced", None)
    if not isinstance(given, dict) or not given:
        seen = "nothing" if given is None else f"a {type(given).__name__}"
        return found(False, seen=seen, **asked)
    versions = _versions(world) or {}
    if 2 not in versions:
        return found(False, seen="no version 2", hint="d2-13-no-versions", **asked)
    job, data = _origin(world, versions[2]["ModelPackageArn"])
    if job is None or data is None:
        return found(False, seen="nothing that leads to version 2", hint="d2-13-no-way", **asked)
    said_job, said_data = (str(given.get(key) or "").strip() for key in ("job", "data"))
    if said_job.rpartition("/")[2].removesuffix("-aws-training-job") != job:
        return found(False, seen=f"the job {said_job[-70:] or 'not named'}", hint="d2-13-other-job", **asked)
    if said_data.removesuffix("payments.csv").rstrip("/") != data.rstrip("/"):
        return found(False, seen=f"the data {said_data[-70:] or 'not named'}", hint="d2-13-other-data", **asked)
    return found(True, seen=f"{job}, trained on {data}", **asked)


@probe(points=1, hint="d2-13-none-approved")
def decision_on_record(world: World) -> Finding:
    """The report stands in the lineage of the version that you approved, and a model card says what it is for"""
    asked = {
        "looked": "what leads to the approved version, and the model cards",
        "expected": "its own report as an artifact, associated with it; a card with its ARN and the intended uses",
    }
    chosen = _approved(_versions(world) or {})
    if not chosen:
        return found(False, seen="no approved version", **asked)
    fault, hint = "", ""
    for number, package in chosen.items():
        fault, hint = _record_fault(world, package)
        if not fault:
            return found(True, seen=f"version {number}: report and card", **asked)
    return found(False, seen=fault, hint=hint, **asked)


PROBES = (registered, measured, approved_by_the_brief, origin_named, decision_on_record)


# What the probes read


def _versions(world: World) -> dict[int, dict[str, Any]] | None:
    """The learner's versions by number, as Describe gives them; None without a group."""
    sm, group = world.client("sagemaker"), names(world.seed)["group"]
    try:
        pages = sm.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        listed = [one["ModelPackageArn"] for page in pages for one in page["ModelPackageSummaryList"]]
    except sm.exceptions.ClientError:
        return None
    described = [sm.describe_model_package(ModelPackageName=arn) for arn in listed]
    return {package["ModelPackageVersion"]: package for package in described}


def _approved(versions: dict[int, dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {number: package for number, package in versions.items() if package["ModelApprovalStatus"] == "Approved"}


def _archive(package: dict[str, Any]) -> str:
    return package.get("InferenceSpecification", {}).get("Containers", [{}])[0].get("ModelDataUrl", "")


def _own(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    """The learner's three archives, each with its report's address and content."""
    return dict(list(world.memory["reports"].items())[:VERSIONS])


def _content(world: World, address: str) -> Any:
    """The JSON at an address in S3; None if there is none."""
    from botocore.exceptions import BotoCoreError  # an address that cannot be one

    try:
        return json.loads(frozen.read(world, address)) if address.startswith("s3://") else None
    except (world.client("s3").exceptions.ClientError, BotoCoreError, ValueError):
        return None


def _artifact(world: World, source: str) -> str | None:
    """The ARN of the artifact that stands for an ARN or an address in the lineage."""
    summaries = world.client("sagemaker").list_artifacts(SourceUri=source)["ArtifactSummaries"]
    return summaries[0]["ArtifactArn"] if summaries else None


def _origin(world: World, package: str) -> tuple[str | None, str | None]:
    """The name of the training job and the address of the table that lead to a package, as the lineage has them."""
    sm, artifact = world.client("sagemaker"), _artifact(world, package)
    if artifact is None:
        return None, None
    asked = {"StartArns": [artifact], "Direction": "Ascendants"}
    kinds = {"Types": ["TrainingJob", "DataSet"]}
    vertices = {v["Type"]: v["Arn"] for v in sm.query_lineage(**asked, Filters=kinds)["Vertices"]}
    if len(vertices) < 2:
        return None, None
    component = sm.describe_trial_component(TrialComponentName=vertices["TrainingJob"].rpartition("/")[2])
    data = sm.describe_artifact(ArtifactArn=vertices["DataSet"])["Source"]["SourceUri"]
    return component["Source"]["SourceArn"].rpartition("/")[2], data


def _record_fault(world: World, package: dict[str, Any]) -> tuple[str, str]:
    """What a version's record lacks, and the hint; "" twice if nothing."""
    sm, arn = world.client("sagemaker"), package["ModelPackageArn"]
    artifact = _artifact(world, arn)
    _, own = world.memory["reports"].get(_archive(package), ("", None))
    if artifact is None or own is None:
        return "a version that is none of the three archives", "d2-13-order"
    ends = {
        "Source": [edge["SourceArn"] for edge in _associations(world, DestinationArn=artifact)],
        "Destination": [edge["DestinationArn"] for edge in _associations(world, SourceArn=artifact)],
    }
    joined = {end: [_content(world, _address(world, one)) for one in arns] for end, arns in ends.items()}
    if own not in joined["Source"]:
        if own in joined["Destination"]:
            return "the report comes after the version, not before it", "d2-13-turned-round"
        if any(content is not None for content in joined["Source"]):
            return "the report of another archive leads to it", "d2-13-other-report"
        return "no report leads to it", "d2-13-no-report"
    pages = sm.get_paginator("list_model_cards").paginate()
    listed = [card["ModelCardName"] for page in pages for card in page["ModelCardSummaries"]]
    cards = [json.loads(sm.describe_model_card(ModelCardName=name)["Content"]) for name in listed]
    about = [card for card in cards if arn in json.dumps(card)]
    if not about:
        return f"{len(cards)} model cards, and none names the version", "d2-13-no-card"
    if not any(len(card.get("intended_uses", {}).get("intended_uses", "").split()) >= 3 for card in about):
        return "a model card that does not say what the model is for", "d2-13-no-use"
    return "", ""


def _associations(world: World, **ends: str) -> list[dict[str, Any]]:
    pages = world.client("sagemaker").get_paginator("list_associations").paginate(**ends)
    return [edge for page in pages for edge in page["AssociationSummaries"]]


def _address(world: World, arn: str) -> str:
    """The address of the JSON file that an artifact stands for; "" if it stands for something else."""
    if ":artifact/" not in arn:
        return ""
    source = world.client("sagemaker").describe_artifact(ArtifactArn=arn)["Source"]["SourceUri"]
    return source if source.endswith(".json") else ""


HINTS = {
    "d2-13-no-group": Hint(
        "There is no group of that name. Make it with create_model_package_group, called x.group; then register.",
        "Your turn: three versions",
    ),
    "d2-13-no-versions": Hint(
        "Register the three archives first: nothing can be measured, approved or traced before.",
        "Your turn: three versions",
    ),
    "d2-13-count": Hint(
        "The group numbers what is put into it, and never gives a number twice. For versions 1, 2 and 3 run begin "
        "again and register each archive once.",
        "Your turn: three versions",
    ),
    "d2-13-order": Hint(
        "Register x.archives in their order: the first becomes version 1. ModelDataUrl is the archive's whole address. "
        "Run begin again before you do.",
        "Your turn: three versions",
    ),
    "d2-13-no-metrics": Hint(
        "A version without ModelMetrics is a file with a number. Give ModelQuality its Statistics, as the "
        "example does.",
        "Register a version",
    ),
    "d2-13-no-baselines": Hint(
        "DriftCheckBaselines is missing: it takes the same shape as ModelMetrics, and whoever watches the model in "
        "production starts from it.",
        "Register a version",
    ),
    "d2-13-other-metrics": Hint(
        "The report is about another archive: its digest is not this one's. The order of x.reports says nothing. Look "
        "for the report whose sha256 is that of the archive.",
        "Which report?",
    ),
    "d2-13-none-approved": Hint(
        "No version is Approved. There are three statuses: PendingManualApproval, Approved, Rejected; anything else is "
        "refused.",
        "Your turn: approve one",
    ),
    "d2-13-several": Hint(
        "Whatever deploys approved versions would have to choose. Approve one; the others stay pending, or are "
        "Rejected.",
        "Your turn: approve one",
    ),
    "d2-13-not-the-slice": Hint(
        "Neither the newest version nor the best one overall was asked for. Read the brief again, and look in each "
        "report under slices.",
        "Your turn: approve one",
    ),
    "d2-13-no-reason": Hint(
        "The version is the right one, and nobody will know why in a year. Give ApprovalDescription a sentence.",
        "Your turn: approve one",
    ),
    "d2-13-no-answer": Hint(
        "Produced is a dictionary with the keys job and data. Start at the artifact of version 2 and go up, as in the "
        "example.",
        "Your turn: what produced version 2?",
    ),
    "d2-13-no-way": Hint(
        "The lineage does not lead from version 2 to a job. It follows addresses: an archive that was copied to "
        "another place has no past.",
        "Where did it come from?",
    ),
    "d2-13-other-job": Hint(
        "This job did not produce version 2. Take the vertex of type TrainingJob above the artifact of version 2, and "
        "the job that its trial component names.",
        "Where did it come from?",
    ),
    "d2-13-other-data": Hint(
        "The job is right, the data are not. The vertex of type DataSet is an artifact; describe_artifact tells its "
        "SourceUri.",
        "Where did it come from?",
    ),
    "d2-13-no-report": Hint(
        "Make an artifact of the report's address, and let it be associated with the artifact of the approved version.",
        "Your turn: the record",
    ),
    "d2-13-other-report": Hint(
        "A report leads to the version, and it is about another archive. Take the one whose digest is that of the "
        "approved version's archive.",
        "Your turn: the record",
    ),
    "d2-13-turned-round": Hint(
        "The association points the wrong way. What came first is the source: the report contributed to the version.",
        "Put it on record",
    ),
    "d2-13-no-card": Hint(
        "No model card names the approved version. Put its ARN into model_overview, as model_id.", "Put it on record"
    ),
    "d2-13-no-use": Hint(
        "The card lacks what it is for: a sentence under intended_uses, in the section intended_uses.",
        "Put it on record",
    ),
}
