"""What surrounds this kernel, told by the environment of whoever started it. A learner sets none of these."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SELF_STUDY = "self-study"


@dataclass(frozen=True)
class Setting:
    """The environment variables that this package reads, one per field.

    student         COURSE_STUDENT         whose worlds: they differ from student to student
    attempt         COURSE_ATTEMPT         overrides the recorded attempt; `course verify` runs an exercise on several
    world           COURSE_WORLD           name of the hidden world that `begin` opens instead of the learner's own
    hidden_results  COURSE_HIDDEN_RESULTS  file with what the hidden worlds gave when the cells were replayed there
    lab_sockets     COURSE_LAB_SOCKETS     folder with the sockets of warm parents that someone else keeps
    key_file        COURSE_KEY_FILE        file with the course's key, from which hidden worlds get their seeds
    handed_in_by    COURSE_HANDED_IN_BY    whose submission is graded here: `answers.whose` says which worlds it saw
    variant         COURSE_VARIANT         seed of the learner whose hidden worlds are theirs alone; the grader sets it
    """

    student: str = SELF_STUDY
    attempt: int | None = None
    world: str | None = None
    hidden_results: Path | None = None
    lab_sockets: Path | None = None
    key_file: Path | None = None
    handed_in_by: str | None = None
    variant: int | None = None


def read(environment: Mapping[str, str] = os.environ) -> Setting:
    """The setting of this process, read afresh: an engine may change it between two exercises."""
    said = {name: environment.get(f"COURSE_{name.upper()}", "") for name in Setting.__dataclass_fields__}
    paths = {name: Path(said[name]) if said[name] else None for name in ("hidden_results", "lab_sockets", "key_file")}
    attempt, variant = (int(said[name]) if said[name] else None for name in ("attempt", "variant"))
    return Setting(
        said["student"] or SELF_STUDY,
        attempt,
        said["world"] or None,
        **paths,
        handed_in_by=said["handed_in_by"] or None,
        variant=variant,
    )
