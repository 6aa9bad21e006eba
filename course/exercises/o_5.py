"""O-5 Reproduce it: five things that a model comes from, written down, and one of them changed behind one's back.

CreateTrainingJob takes an address in S3 and no version of it (botocore's S3DataSource has no such member), on AWS as
here. So a version of the table is copied to a key that bears its VersionId, once, and jobs read that; the script's
archive lies under its own digest in the same way.

Nothing here is a matter of luck: the same five things give the same bytes, and any other give others.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any

from course.exercises import frozen, txguard
from course.learn.probe import Finding, Hint, found, probe
from course.learn.world import World

ROWS = 3_000
DATA = "data/transactions.csv"
FIELDS = ("code", "data", "hyperparameters", "seed", "image")
MARK = "# nothing is seeded yet"
SEEDED = "random.seed(args.seed)\nnp.random.seed(args.seed)"
OLDER_IMAGE = txguard.IMAGE.replace(":1.2-1-", ":1.0-1-")
VERSION_MARK = re.compile(rb"(_sklearn_version\W{1,3})([0-9][0-9.]*[0-9])")


@dataclass(frozen=True)
class Recipe:
    """The five things: the text of train.py, the table's VersionId, hyperparameters without the seed, seed, image."""

    code: str
    data: str
    hyperparameters: dict[str, str]
    seed: int
    image: str = txguard.IMAGE


def start(aws: World, seed: int) -> dict[str, Any]:
    """A versioned bucket with two versions of the table, the data scientist's script, and two runs of a colleague's."""
    mark = f"{seed % 0x10000:04x}"
    bucket = f"txguard-runs-{mark}"
    role = txguard.make_role(aws, bucket)
    aws.client("s3").create_bucket(Bucket=bucket)
    aws.client("s3").put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    versions = [write_version(aws, bucket, seed, day) for day in (0, 30)]
    hyperparameters = {"max-iter": str(15 + seed % 10), "learning-rate": "0.1"}
    recipe = Recipe(script().replace(MARK, SEEDED), versions[0], hyperparameters, 11 + seed % 5)
    runs = {f"march-{mark}": recipe, f"june-{mark}": changed(recipe, culprit(seed), versions)}
    for name, one in runs.items():
        begin_run(aws, bucket, role, name, one)
    for name, one in runs.items():
        address = txguard.wait(aws, name)
        if one.image != txguard.IMAGE:
            mark_older(aws, address)
    path = aws.folder / "train.py"
    path.write_text(script())
    return {
        "bucket": bucket,
        "data": DATA,
        "script": str(path),
        "role": role,
        "image": txguard.IMAGE,
        "hyperparameters": hyperparameters,
        "drafts": [f"draft-{number}-{mark}" for number in (1, 2)],
        "runs": run_names(seed),
        "march": f"march-{mark}",
        "june": f"june-{mark}",
        "fields": list(FIELDS),
    }


def culprit(seed: int) -> str:
    """Which of the five changed between the colleague's runs."""
    return FIELDS[seed // 53 % len(FIELDS)]


def run_names(seed: int) -> list[str]:
    """The names of the learner's two runs."""
    return [f"run-{number}-{seed % 0x10000:04x}" for number in (1, 2)]


def script() -> str:
    """train.py as the data scientist left it."""
    return (frozen.SCRIPTS / "sampled.py").read_text()


def write_version(aws: World, bucket: str, seed: int, day: int) -> str:
    """Put a month's table at DATA; returns its VersionId."""
    from course.data import transactions

    table = transactions(seed, ROWS, start_day=day).to_csv(index=False)
    return aws.client("s3").put_object(Bucket=bucket, Key=DATA, Body=table.encode())["VersionId"]


def changed(recipe: Recipe, field: str, versions: list[str]) -> Recipe:
    """The recipe with one of its five things changed."""
    other: dict[str, Any] = {
        "code": recipe.code.replace("* 4 // 5]", "* 3 // 5]"),
        "data": versions[1],
        "hyperparameters": recipe.hyperparameters | {"learning-rate": "0.12"},
        "seed": recipe.seed + 1,
        "image": OLDER_IMAGE,
    }
    return replace(recipe, **{field: other[field]})


def begin_run(aws: World, bucket: str, role: str, name: str, recipe: Recipe) -> None:
    """Start a training job from a recipe alone: each of its things lies where its name in the recipe leads."""
    s3 = aws.client("s3")
    source = {"Bucket": bucket, "Key": DATA, "VersionId": recipe.data}
    s3.copy_object(Bucket=bucket, Key=f"versions/{recipe.data}/transactions.csv", CopySource=source)
    code = f"code/{digest(recipe.code)}/sourcedir.tar.gz"
    s3.put_object(Bucket=bucket, Key=code, Body=frozen.pack({"train.py": recipe.code}))
    txguard.start_job(
        aws,
        name,
        role,
        "train.py",
        f"s3://{bucket}/{code}",
        recipe.hyperparameters | {"seed": str(recipe.seed)},
        output=f"s3://{bucket}/models",
        image=recipe.image,
        train=f"s3://{bucket}/versions/{recipe.data}/",
    )


def digest(text: str) -> str:
    """SHA-256 of a script's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def mark_older(aws: World, address: str) -> None:
    """Write another scikit-learn's number into an archive: SIMULATED, for here every image runs the same one."""
    files = frozen.members(frozen.read(aws, address))
    files["model.joblib"] = VERSION_MARK.sub(lambda m: m[1] + b"0" * len(m[2]), files["model.joblib"])
    bucket, _, key = address.removeprefix("s3://").partition("/")
    aws.client("s3").put_object(Bucket=bucket, Key=key, Body=frozen.pack(files))


# Probes


@probe(points=1, hint="o-5-no-runs")
def one_digest(world: World) -> Finding:
    """Your two runs gave one model"""
    names = run_names(world.seed)
    asked = {
        "looked": f"the archives of {' and '.join(names)}, by the digests of their files",
        "expected": "the same files with the same contents",
    }
    archives, problem = _archives(world, names)
    if problem:
        return found(False, seen=problem, hint="o-5-job-failed" if "Failed" in problem else None, **asked)
    first, second = (frozen.members(archive) for archive in archives)
    differ = sorted(name for name in set(first) | set(second) if first.get(name) != second.get(name))
    if not differ:
        return found(True, seen="one digest", **asked)
    hint = "o-5-held-out" if "held_out.csv" in differ else "o-5-model-only"
    return found(False, seen=f"{' and '.join(differ)} differ", hint=hint, **asked)


@probe(points=2, hint="o-5-no-manifest")
def rebuilt_from_manifest(world: World) -> Finding:
    """From your manifest alone a job makes the same model, after the table was overwritten"""
    asked = {
        "looked": "a job of the check's own, made from manifest after it had written other rows over the table",
        "expected": f"a manifest with {', '.join(FIELDS)}, and from it the model of your first run",
    }
    given = getattr(world.given, "manifest", None)
    if not isinstance(given, dict):
        return found(False, seen="None" if given is None else f"a {type(given).__name__}", **asked)
    if missing := [field for field in FIELDS if given.get(field) in (None, "", {})]:
        return found(False, seen=f"nothing under {', '.join(missing)}", hint="o-5-field-missing", **asked)
    archives, problem = _archives(world, run_names(world.seed)[:1])
    if problem:
        return found(False, seen=problem, hint="o-5-no-runs", **asked)
    key = "rebuilt", repr(sorted((field, str(given[field])) for field in FIELDS)), frozen.digest(archives[0])
    if key not in world.memory:
        world.memory[key] = _rebuild(world, given, archives[0])
    seen, hint = world.memory[key]
    return found(hint is None, seen=seen, hint=hint, **asked)


@probe(points=1, hint="o-5-no-culprit")
def culprit_named(world: World) -> Finding:
    """You name what changed between the runs of March and June"""
    asked = {"looked": "culprit, beside what the two jobs were made from", "expected": "one of x.fields"}
    if world.name is not None:  # a diagnosis is of the world that was seen
        return found(True, seen="asked in the world that you saw", **asked)
    given = getattr(world.given, "culprit", None)
    said = str(given).strip().casefold()
    if said not in FIELDS:
        return found(False, seen=str(given)[:60], **asked)
    return found(said == culprit(world.seed), seen=said, hint="o-5-culprit", **asked)


def _archives(world: World, names: list[str]) -> tuple[list[bytes], str]:
    """The archives of training jobs, or why there are none."""
    sm, found_archives = world.client("sagemaker"), []
    for name in names:
        try:
            job = sm.describe_training_job(TrainingJobName=name)
        except sm.exceptions.ClientError:
            return [], f"no training job {name}"
        if job["TrainingJobStatus"] != "Completed":
            return [], f"{name} is {job['TrainingJobStatus']}: {' '.join(job.get('FailureReason', '').split())[:300]}"
        found_archives.append(frozen.read(world, job["ModelArtifacts"]["S3ModelArtifacts"]))
    return found_archives, ""


def _rebuild(world: World, manifest: dict[str, Any], wanted: bytes) -> tuple[str, str | None]:
    """What came of a job made from the manifest: (what was seen, the hint; None if it gave the model wanted)."""
    bucket, s3 = f"txguard-runs-{world.seed % 0x10000:04x}", world.client("s3")
    code = f"code/{manifest['code']}/sourcedir.tar.gz"
    try:
        files = frozen.members(s3.get_object(Bucket=bucket, Key=code)["Body"].read())
    except s3.exceptions.ClientError:
        return f"no archive at {code[:40]}…", "o-5-code"
    texts = [content.decode() for name, content in files.items() if name == "train.py"]
    if not texts or digest(texts[0]) != manifest["code"]:
        return "the archive under the code's digest holds another train.py", "o-5-code"
    overwritten = write_version(world, bucket, world.seed + 1, 60)
    try:
        known = s3.list_object_versions(Bucket=bucket, Prefix=DATA).get("Versions", [])
        by_version = str(manifest["data"]) in {version["VersionId"] for version in known}
        version = str(manifest["data"]) if by_version else overwritten
        name = f"{frozen.OWN}{sum(key[0] == 'rebuilt' for key in world.memory) + 1}"
        role = txguard.make_role(world, name)
        settings = {str(key): str(value) for key, value in dict(manifest["hyperparameters"]).items()}
        recipe = Recipe(texts[0], version, settings, int(manifest["seed"]), str(manifest["image"]))
        begin_run(world, bucket, role, name, recipe)
        made = frozen.read(world, txguard.wait(world, name))
    except Exception as error:
        return f"no model: {' '.join(str(error).split())[:300]}", "o-5-manifest-wrong"
    finally:
        s3.delete_object(Bucket=bucket, Key=DATA, VersionId=overwritten)
    if frozen.digest(made) == frozen.digest(wanted):
        return "the same model", None
    if not by_version:
        return "another model: what the manifest says about the data leads to the new rows", "o-5-no-version"
    return "another model", "o-5-rebuild"


PROBES = (one_digest, rebuilt_from_manifest, culprit_named)

HINTS = {
    "o-5-no-runs": Hint(
        "Start two jobs from the same request, named as in x.runs, and wait until both have ended.",
        "Your turn: two runs",
    ),
    "o-5-job-failed": Hint(
        "Read the failure reason: it ends with what the script printed last. Then run begin again for a clean start.",
        "Your turn: two runs",
    ),
    "o-5-held-out": Hint(
        "The lists of customers held out differ. The script draws them with Python's own random, and the seed of NumPy "
        "does not reach that: seed both.",
        "Your turn: seed it",
    ),
    "o-5-model-only": Hint(
        "The same customers were held out, and the models differ all the same. The script shuffles the rows with "
        "NumPy, and the seed of Python's random does not reach that: seed both.",
        "Your turn: seed it",
    ),
    "o-5-no-manifest": Hint(
        "The manifest is a dictionary with the five fields of x.fields.", "Your turn: the manifest"
    ),
    "o-5-field-missing": Hint(
        "A field is empty. Without any one of the five, the model is not there again.", "Your turn: the manifest"
    ),
    "o-5-code": Hint(
        "Its code is the SHA-256 of train.py as it was trained with, after it was seeded; the archive lies under it.",
        "Your turn: the manifest",
    ),
    "o-5-manifest-wrong": Hint(
        "A job could not be made from this. Hyperparameters are a dictionary, the seed a whole number, the image the "
        "address that your jobs used.",
        "Your turn: the manifest",
    ),
    "o-5-no-version": Hint(
        "An address names a place, and what lies there may be another tomorrow. Write down the VersionId.",
        "The worked example",
    ),
    "o-5-rebuild": Hint(
        "The manifest leads to a job, but not to your model: it says something else than your run was made from. Make "
        "the request from the manifest, so that they cannot differ.",
        "Your turn: two runs",
    ),
    "o-5-no-culprit": Hint("culprit is one of the names in x.fields, in quotes.", "Which of the five?"),
    "o-5-culprit": Hint(
        "This is the same in both. Put what describe_training_job says about the two jobs side by side: where the "
        "code lies, where the data lies, the hyperparameters, among them the seed, and the image.",
        "Which of the five?",
    ),
}
