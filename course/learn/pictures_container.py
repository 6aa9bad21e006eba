"""What a training job's container held at its end: what came in, what stayed in S3, and what went with the machine."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from course.learn import world
from course.learn.pictures_look import COLOURS, INK, NO_GUESS, PAPER, display, figure, label, waits

GROUP = "/aws/sagemaker/TrainingJobs"
FILE = "file: "  # how a line of the log names a file
FATES = {  # what became of a file: its colour and mark
    "came in": (COLOURS[4], "→"),
    "stays": (COLOURS[2], "✓"),
    "gone": (COLOURS[5], "✗"),
}
PACKED = {"model.tar.gz": "/opt/ml/model/", "output.tar.gz": "/opt/ml/output/data/"}
GIVEN = ("/opt/ml/input/", "/opt/ml/code/look.py")


def show_container(job: str, guess: float | None = NO_GUESS) -> None:
    """Show the files that a job's log names as "file: <path>", each with what became of it.

    job: its name; it has completed. guess: how many of the files that it wrote are thought to stay.
    """
    if waits(guess):
        return
    files = _files(job)
    if not files:
        print(f"The log of {job} names no file.")
        return
    kept = _kept(job)
    fates = {path: _fate(path, kept) for path in files}
    lines = [f"Files in the container of {job} when it ended"]
    lines += [f"  {path}: {fate}{f', in {kept[path]}' if fate == 'stays' else ''}" for path, fate in fates.items()]
    if guess not in (None, NO_GUESS):
        lines.append(f"  your guess was that {guess:g} of the files written would stay")
    display(_draw(fates, kept), "\n".join(lines))


def _files(job: str) -> list[str]:
    """The files that the job's log names, in its order."""
    logs = world.current().client("logs")
    found = logs.filter_log_events(logGroupName=GROUP, logStreamNamePrefix=f"{job}/")["events"]
    return [event["message"].removeprefix(FILE) for event in found if event["message"].startswith(FILE)]


def _kept(job: str) -> dict[str, str]:
    """Paths in the container that are in one of the job's archives, with that archive's name."""
    sm, s3 = world.current().client("sagemaker"), world.current().client("s3")
    where = sm.describe_training_job(TrainingJobName=job)["OutputDataConfig"]["S3OutputPath"].removeprefix("s3://")
    bucket, _, prefix = where.partition("/")
    kept = {}
    for archive, folder in PACKED.items():
        key = f"{prefix.rstrip('/')}/{job}/output/{archive}".lstrip("/")
        if not s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
            continue
        packed = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
            kept |= {folder + member.name: archive for member in tar if member.isfile()}
    return kept


def _fate(path: str, kept: dict[str, str]) -> str:
    return "stays" if path in kept else "came in" if path.startswith(GIVEN) else "gone"


def _draw(fates: dict[str, str], kept: dict[str, str]) -> Any:
    drawn, axes = figure(0.7 + 0.34 * len(fates))
    for row, (path, fate) in enumerate(fates.items()):
        colour, mark = FATES[fate]
        box = {"facecolor": colour, "alpha": 0.22, "edgecolor": colour, "boxstyle": "round,pad=0.3"}
        words = {"stays": f"stays, in {kept.get(path, '')}", "gone": "goes with the machine"}.get(fate, fate)
        axes.text(0.0, row, path, fontsize=9.5, color=INK, va="center", family="monospace")
        axes.text(0.62, row, f"{mark} {words}", fontsize=9.5, color=INK, va="center", bbox=box)
    axes.set_xlim(0, 0.95)
    axes.set_ylim(len(fates) - 0.4, -0.7)
    axes.set_axis_off()
    axes.set_facecolor(PAPER)
    label(axes, title="Files in the container when the job ended, and what became of them")
    return drawn
