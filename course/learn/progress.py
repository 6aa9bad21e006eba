"""A learner's progress: what is begun, done, mastered and due again, and how sure they are rightly.

Kernels note it (`begun`, `checked`, `answered`), notebooks show it (`show_map`, `show_confidence`), and `course
progress` prints, exports and deletes it. It is for the learner alone: no score of it is handed in.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from course import syllabus
from course.exam.items import Item
from course.learn import bridges, progress_store, screen
from course.learn.answers import exercise_of
from course.learn.bridges import Calibration, Place
from course.learn.told import Told

AGAIN = (1, 3, 7)  # sittings until a missed question comes back, and comes back again when it was right then


# Noting


def begun(exercise: str) -> None:
    """Note that an exercise was opened."""

    def note(noted: dict[str, Any]) -> None:
        noted["exercises"].setdefault(exercise, {})
        noted["last"] = exercise

    progress_store.change(progress_store.of_kernel(), note)


def checked(exercise: str, seed: int, points: float, of: float) -> None:
    """Note what a check gave in the world of that seed."""

    def note(noted: dict[str, Any]) -> None:
        entry = noted["exercises"].setdefault(exercise, {})
        entry |= {"points": points, "of": of}
        passes = entry.setdefault("passes", [])
        if of and points >= of and seed not in passes:
            passes.append(seed)

    progress_store.change(progress_store.of_kernel(), note)


def answered(item: Item, share: float, confidence: int | None) -> None:
    """Note the answer to a question. Missed, it comes back in the next sitting; then after 3 more, then after 7."""

    def note(noted: dict[str, Any]) -> None:
        sitting = noted["sittings"]["count"]
        entry = {"item": item.id, "domain": item.domain, "share": round(share, 3), "confidence": confidence}
        noted["answers"].append({**entry, "sitting": sitting})
        before = noted["due"].get(item.id)
        step = 0 if share < 1 else before["step"] + 1 if before and before["sitting"] <= sitting else None
        if step == len(AGAIN):
            del noted["due"][item.id]
        elif step is not None:
            noted["due"][item.id] = {"step": step, "sitting": sitting + AGAIN[step]}

    progress_store.change(progress_store.of_kernel(), note)


def due() -> list[str]:
    """The items that come back in this sitting, the longest due first."""
    return _due(progress_store.read(progress_store.of_kernel()))


# Showing


def next_exercise() -> str:
    """The id of the exercise of this notebook where one stopped, or of its first one when all are done."""
    noted, places = _here()
    return (_going_on(noted, places) or places[0]).id


def show_map() -> None:
    """Show the five bridges with what is done on each, and the exercises of this notebook with links to them."""
    noted, listed = _here()
    places = _places(noted)
    going_on = _going_on(noted, listed)
    page = bridges.html_map(
        places, listed, _calibration(noted["answers"]), going_on, linked=listed[0].assignment == Path.cwd().name
    )
    screen.show(page, bridges.text_map(places, listed, _calibration(noted["answers"]), going_on))


def show_confidence(exercise: str) -> None:
    """Show by domain how sure one was in an exercise's quiz, beside how much was right; both from answers.json."""
    from course.learn import quiz_results

    rows, missed = [], []
    for one in quiz_results.marked(exercise):
        if one.answer is not None and one.verdict is not None:
            rows.append({"domain": one.item.domain, "share": one.verdict.share, "confidence": one.answer.confidence})
            missed += [] if one.verdict.right else [one.item.exercise]
    if not rows:
        print(f"No question of {exercise} is answered yet: answer them above, then run this cell again.")
        return
    calibration = _calibration(rows)
    screen.show(bridges.html_confidence(calibration), bridges.text_confidence(calibration))
    if missed:
        print(screen.wrapped(f"What you missed is practised in {screen.listed(dict.fromkeys(missed))}."))


# What `course progress` does


def report(work: Path) -> str:
    """The map of the learner's folder `work/` as text."""
    noted = progress_store.read(progress_store.of_work(work))
    places = _places(noted)
    return bridges.text_map(places, places, _calibration(noted["answers"]), _going_on(noted, places))


def export(work: Path, target: Path) -> None:
    """Write all that is noted to the file `target`, as JSON. Raises Told if there is nothing, or it cannot be written.

    A file that is there already is not overwritten.
    """
    path = progress_store.of_work(work)
    if not path.is_file():
        raise Told(f"Nothing is noted in {work} yet: work in `course lab` first.")
    text = json.dumps(progress_store.read(path), indent=1, sort_keys=True) + "\n"
    try:
        with target.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Told(f"{target} is there already: name a file that is not.") from None
    except OSError as error:
        raise Told(f"{target} cannot be written ({error.strerror}): name another file.") from None


def delete(work: Path) -> bool:
    """Delete all that is noted; says whether there was anything. Notebooks and their answers.json are not touched."""
    path = progress_store.of_work(work)
    found = path.is_file()
    try:
        for file in (path, path.with_name(".progress.lock"), path.with_name(f".{path.name}.new")):
            file.unlink(missing_ok=True)
    except OSError as error:
        raise Told(f"{path} cannot be deleted ({error.strerror}): make its folder writable.") from None
    return found


# Counting


def _here() -> tuple[dict[str, Any], list[Place]]:
    """What is noted, and the exercises of this kernel's notebook, which lies in its assignment's folder; else all."""
    noted = progress_store.read(progress_store.of_kernel())
    places = _places(noted)
    return noted, [place for place in places if place.assignment == Path.cwd().name] or places


def _places(noted: Mapping[str, Any]) -> list[Place]:
    """Every exercise of the syllabus with where it stands."""
    waiting = Counter(exercise_of(item) for item in _due(noted))
    return [
        Place(e.id, e.title, e.assignment, e.bridge, _domains(e), _status(noted["exercises"].get(e.id)), waiting[e.id])
        for e in syllabus.load().exercises
    ]


def _domains(exercise: syllabus.Exercise) -> frozenset[int]:
    """The exam's domains that its objectives belong to; the ids of the older exam's tell none."""
    return frozenset(int(objective[0]) for objective in exercise.objectives if objective[0].isdecimal())


def _status(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return bridges.OPEN
    passes = len(set(entry.get("passes", [])))
    return bridges.MASTERED if passes > 1 else bridges.DONE if passes else bridges.BEGUN


def _due(noted: Mapping[str, Any]) -> list[str]:
    present = progress_store.sitting(dict(noted))
    waiting = [(entry["sitting"], item) for item, entry in noted["due"].items() if entry["sitting"] <= present]
    return [item for _, item in sorted(waiting)]


def _going_on(noted: Mapping[str, Any], places: Iterable[Place]) -> Place | None:
    """Where to go on: the exercise begun last if it is not done, else the first after it that is not."""
    ordered = list(places)
    ids = [place.id for place in ordered]
    start = ids.index(noted["last"]) if noted["last"] in ids else 0
    return next((p for p in ordered[start:] + ordered[:start] if p.status in (bridges.OPEN, bridges.BEGUN)), None)


def _calibration(answers: Iterable[Mapping[str, Any]]) -> list[Calibration]:
    """Per domain: how many answers, how sure, how right; answers without a confidence do not count."""
    by_domain: dict[int, list[tuple[float, float]]] = {}
    for row in answers:
        if row.get("confidence") is not None:
            by_domain.setdefault(row["domain"], []).append((row["confidence"], 100 * row["share"]))
    return [
        Calibration(domain, len(pairs), *(sum(values) / len(pairs) for values in zip(*pairs, strict=True)))
        for domain, pairs in sorted(by_domain.items())
    ]
