"""Where a world's seed comes from: the learner's from who and which attempt, a hidden one from the course's key."""

import hashlib
import hmac
from pathlib import Path

SALT = b"five bridges: the worlds a learner sees"
SELF_STUDY_KEY = b"five bridges: a cohort keeps its own key in a file outside the repository"


def own_seed(student: str, exercise: str, attempt: int) -> int:
    """Seed of the world that a student sees at an attempt (1, 2, …): 31 bits, so that every library takes it."""
    return _seed(SALT, student, exercise, str(attempt))


def hidden_seed(exercise: str, world: str, key_file: Path | None = None, variant: int | None = None) -> int:
    """Seed of a hidden world. Whoever lacks the key file cannot tell what stands in it.

    variant: the learner's own seed, if each learner has hidden worlds of their own.
    """
    own = () if variant is None else (str(variant),)
    return _seed(key_file.read_bytes() if key_file else SELF_STUDY_KEY, "hidden", exercise, world, *own)


def _seed(key: bytes, *parts: str) -> int:
    digest = hmac.digest(key, "\0".join(parts).encode(), hashlib.sha256)
    return int.from_bytes(digest[:4], "big") >> 1
