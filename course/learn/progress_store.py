"""The one store of a learner's progress: `work/.course/progress.json`. It never leaves the machine.

    {"version": 1,
     "sittings": {"count": 3, "last": "2026-11-20T09:30:00+00:00"},
     "last": "O-8",
     "exercises": {"O-8": {"points": 4.0, "of": 4.0, "passes": [113425, 99120]}},
     "answers": [{"item": "o-1-format", "domain": 1, "share": 1.0, "confidence": 75, "sitting": 1}],
     "due": {"o-1-encode": {"step": 0, "sitting": 4}}}

`passes` are the seeds of the worlds in which an exercise had full points. A *sitting* goes on as long as less than four
hours pass between two things that are noted, whatever notebooks and kernels they come from.

Only a kernel with a reader has a store: whoever runs a notebook for grading or as a test learns nothing by it.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from course.learn import screen
from course.learn.told import Told

FOLDER, NAME = ".course", "progress.json"
VERSION = 1
PAUSE = timedelta(hours=4)  # a longer one ends a sitting


def of_kernel() -> Path | None:
    """The store of this kernel's notebook: in the nearest `.course` around its folder, or a new one beside it."""
    if not screen.has_reader():
        return None
    here = Path.cwd()
    for folder in (here, *here.parents[:2]):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER / NAME
    return here / FOLDER / NAME


def of_work(work: Path) -> Path:
    """The store of a learner's folder `work/`."""
    return work / FOLDER / NAME


def read(path: Path | None) -> dict[str, Any]:
    """What is noted; an empty store where there is none. Raises Told if the file is not one."""
    empty = {"version": VERSION, "sittings": {"count": 0, "last": None}, "last": None,
             "exercises": {}, "answers": [], "due": {}}  # fmt: skip
    try:
        noted = json.loads(path.read_text(encoding="utf-8")) if path else {}
    except FileNotFoundError:
        return empty
    except (OSError, ValueError):
        noted = None
    if not isinstance(noted, dict) or any(type(noted.get(key, empty[key])) is not type(empty[key])
                                          for key in ("sittings", "exercises", "answers", "due")):  # fmt: skip
        raise Told(f"{path} cannot be read: move it away, and your progress is noted anew.")
    return {**empty, **noted}


def change(path: Path | None, note: Callable[[dict[str, Any]], None]) -> None:
    """Let `note` change the store in place, then write it; one kernel at a time. Without a path nothing is kept.

    What cannot be read or written is said in a line: a check that cannot note its points still gives them.
    """
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _alone(path.parent):
            noted = read(path)
            noted["sittings"] = {"count": sitting(noted), "last": now().isoformat(timespec="seconds")}
            note(noted)
            draft = path.with_name(f".{NAME}.new")
            draft.write_text(json.dumps(noted, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            os.replace(draft, path)
    except OSError as error:
        print(f"Your progress cannot be noted in {path} ({error.strerror}); your work is kept.")
    except Told as sentence:
        print(sentence)


def sitting(noted: dict[str, Any]) -> int:
    """The number of the present sitting, from 1 on; a new one if the last was left for long enough."""
    count, last = int(noted["sittings"].get("count", 0)), noted["sittings"].get("last")
    return max(1, count if last and now() - datetime.fromisoformat(last) < PAUSE else count + 1)


def now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: two notebooks may be open at once."""
    with (folder / ".progress.lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        except ImportError:  # no such lock on Windows; the file is still replaced as a whole
            pass
        yield
