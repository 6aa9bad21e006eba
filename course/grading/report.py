"""What an assignment tells about itself: how hard its exercises are, what they tell apart, what went wrong most often.

No learner is named, but on the pages of the roster and of alike submissions. Exercises are graded cells, together
where source/ says that they belong to one exercise (cell metadata `course.exercise`).
"""

import base64
import re
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course.errors import CourseError
from course.grading import history, messages, page, report_pictures
from course.grading import marks as gradebook_marks
from course.grading import roster as learners
from course.grading.course_folder import grade_id
from course.grading.item_statistics import FEWEST, Item, items
from course.grading.marks import TEST, Cell, Marks

if TYPE_CHECKING:
    from course.grading.course_folder import CourseFolder

ADDRESS = re.compile(r"0x[0-9a-fA-F]+")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)")
QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")
ERROR = re.compile(r"^(\w*(?:Error|Exception|Warning|Exit|Interrupt)): (.*)$", re.DOTALL)


def write(
    folder: "CourseFolder",
    assignment: str,
    out: Path,
    *,
    objectives: Mapping[str, Sequence[str]] | None = None,
    similarity: bool = False,
    roster: bool = False,
) -> list[Path]:
    """Write the report to `out`, and with `similarity` or `roster` a page of each beside it. Returns the pages.

    `objectives` has an exercise's objectives by its name. CourseError if nothing is graded.
    """
    with folder.gradebook() as gradebook:
        marks = gradebook_marks.read(gradebook, assignment)
        told = history.read(gradebook, assignment) if roster else {}
    if not marks.submissions:
        raise CourseError(f"Nobody's {assignment} is in the gradebook yet: grade it first.")
    exercises = gradebook_marks.exercises(folder, marks)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(render(marks, exercises, _mistakes(folder, marks, exercises), objectives), encoding="utf-8")
    pages = [out]
    if similarity:
        from course.grading import similarity as alike

        written = alike.answers(folder, marks)
        found = alike.pairs(written, alike.released(folder, marks))
        beside = out.with_name(f"{out.stem}-similarity{out.suffix}")
        beside.write_text(alike.render(assignment, found, written, len(written)), encoding="utf-8")
        pages.append(beside)
    if roster:
        beside = out.with_name(f"{out.stem}-roster{out.suffix}")
        beside.write_text(learners.render(marks, told), encoding="utf-8")
        pages.append(beside)
    return pages


def render(
    marks: Marks,
    exercises: Mapping[str, Sequence[Cell]],
    mistakes: Mapping[str, Sequence[Sequence[str]]],
    objectives: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The whole page. `mistakes` has, by exercise, each learner's list of what went wrong."""
    found = items(marks, exercises, mistakes)
    parts = [_summary(marks), _difficulty(found), _discrimination(found, len(marks.submissions))]
    if objectives:
        parts.append(_objectives(marks, exercises, objectives))
    parts.append(_went_wrong(found))
    head = f"<header><h1>Report on {page.name(marks.assignment)}</h1></header>"
    body = f'{head}\n<main id="main" tabindex="-1">{"".join(parts)}</main>'
    return page.document(f"Report: {marks.assignment}", body)


def normal(words: str) -> str:
    """An error's words without what differs from learner to learner: numbers, addresses, quoted values."""
    error = ERROR.match(words)
    if error is None:  # a hint: its author chose every word
        return " ".join(words.split())
    said = QUOTED.sub("'…'", ADDRESS.sub("0x…", error[2]))
    return " ".join(f"{error[1]}: {NUMBER.sub('N', said)}".split())[:200]


# What is read --------------------------------------------------------------------------------------------------------


def _mistakes(
    folder: "CourseFolder", marks: Marks, exercises: Mapping[str, Sequence[Cell]]
) -> dict[str, list[list[str]]]:
    """Each learner's mistakes by exercise, from the tests of their executed notebooks."""
    owner = {(cell.notebook, cell.id): name for name, cells in exercises.items() for cell in cells if cell.kind == TEST}
    said: dict[str, list[list[str]]] = {name: [] for name in exercises}
    for submission in marks.submissions:
        own: dict[str, list[str]] = {}
        for name, node in folder.notebooks(submission.learner.id, marks.assignment).items():
            for cell in node.cells:
                exercise = owner.get((name, grade_id(cell)))
                if exercise is not None:
                    own.setdefault(exercise, []).extend(normal(words) for words in messages.missed(cell))
        for exercise, words in own.items():
            said[exercise].append(words)
    return said


# The parts of the page -----------------------------------------------------------------------------------------------


def _summary(marks: Marks) -> str:
    of = marks.of
    totals = [submission.score_of(of) for submission in marks.submissions]
    said = [f"<h2>Scores</h2><p>{_count(len(totals), 'submission')}."]
    if pending := sum(bool(submission.pending) for submission in marks.submissions):
        said.append(
            f" {_count(pending, 'submission')} with answers that a person has yet to grade: they count as 0 here."
        )
    if late := sum(submission.penalty > 0 for submission in marks.submissions):
        said.append(f" {late} came late, with points taken off.")
    if marks.excused:
        said.append(f" Excused for everyone: {', '.join(page.name(cell) for _, cell in sorted(marks.excused))}.")
    if excused := sum(submission.of != of for submission in marks.submissions):
        said.append(f" {_count(excused, 'learner')} excused from more: their scores are shown out of {of:g} too.")
    words = (
        f"Of {of:g} points: lowest {min(totals):g}, median {statistics.median(totals):g}, "
        f"mean {statistics.mean(totals):.2f}, highest {max(totals):g}."
    )
    said.append(f"</p><p>{words}</p>")
    said.append(_picture(report_pictures.scores(totals, of), f"Histogram of the scores. {words}"))
    return "".join(said)


def _difficulty(found: Sequence[Item]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{page.name(item.name)}</th><td class="figure">{item.of:g}</td>'
        f'<td class="figure">{item.n}</td><td class="figure">{_share(item.difficulty)}</td>'
        f'<td class="figure">{_signed(item.discrimination)}</td></tr>'
        for item in found
    )
    picture = ""
    if any(item.difficulty is not None for item in found):
        picture = _picture(report_pictures.difficulty(found), "Bars of the shares that the table below lists.")
    return (
        "<h2>Exercises</h2><p>The mean share of an exercise's points: the lower, the harder.</p>"
        f'{picture}<div class="wide" tabindex="0" role="group" aria-label="Exercises">'
        "<table><caption>Each exercise; n is how many learners have a final mark in it</caption>"
        '<thead><tr><th scope="col">Exercise</th><th scope="col" class="figure">Points</th><th scope="col" '
        'class="figure">n</th><th scope="col" class="figure">Mean share</th><th scope="col" class="figure">'
        f"Discrimination</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _discrimination(found: Sequence[Item], learners: int) -> str:
    heading = "<h2>Discrimination</h2>"
    if learners < FEWEST:
        return (
            f"{heading}<p>Not shown: {_count(learners, 'learner')}, and under {FEWEST} a correlation says more about "
            "chance than about an exercise.</p>"
        )
    words = (
        "The correlation of an exercise's points with the points of all the others. Near 0 or below, the exercise "
        f"measures something else, or its test is wrong. With {learners} learners it is uncertain by about "
        f"±{1.96 / (learners - 1) ** 0.5:.2f}."
    )
    picture = ""
    if any(item.discrimination is not None for item in found):
        picture = _picture(
            report_pictures.discrimination(found), "Bars of the correlations that the table above lists."
        )
    return f"{heading}<p>{words}</p>{picture}"


def _objectives(marks: Marks, exercises: Mapping[str, Sequence[Cell]], objectives: Mapping[str, Sequence[str]]) -> str:
    grouped: dict[str, list[Cell]] = {}
    for exercise, cells in exercises.items():
        for objective in objectives.get(exercise, ()):
            grouped.setdefault(objective, []).extend(cells)
    if not grouped:
        return ""
    found = items(marks, dict(sorted(grouped.items())))
    picture = ""
    if any(item.difficulty is not None for item in found):
        picture = _picture(report_pictures.difficulty(found), "Bars of the shares that the table below lists.")
    rows = "".join(
        f'<tr><th scope="row">{page.name(item.name)}</th><td class="figure">{item.of:g}</td>'
        f'<td class="figure">{item.n}</td><td class="figure">{_share(item.difficulty)}</td>'
        f'<td class="figure">{_signed(item.discrimination)}</td></tr>'
        for item in found
    )
    return (
        f"<h2>Objectives</h2>{picture}<table>"
        "<caption>Each objective, over all exercises that serve it</caption><thead><tr>"
        '<th scope="col">Objective</th><th scope="col" class="figure">Points</th><th scope="col" class="figure">n</th>'
        '<th scope="col" class="figure">Mean share</th><th scope="col" class="figure">Discrimination</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _went_wrong(found: Sequence[Item]) -> str:
    everywhere = sorted(
        ((f"{item.name}: {words}", count) for item in found for words, count in item.mistakes),
        key=lambda pair: (-pair[1], pair[0]),
    )
    if not everywhere:
        return "<h2>Common mistakes</h2><p>The tests said nothing about mistakes.</p>"
    rows = "".join(
        f'<tr><th scope="row">{page.name(item.name)}</th><td>{page.text(words, 500)}</td>'
        f'<td class="figure">{count}</td></tr>'
        for item in found
        for words, count in item.mistakes[:5]
    )
    return (
        "<h2>Common mistakes</h2><p>What checks hinted at, or what errors said, with values left out.</p>"
        + _picture(report_pictures.mistakes(everywhere), "Bars of the commonest mistakes, which the table below lists.")
        + "<table><caption>Up to five per exercise; each learner counts once</caption>"
        '<thead><tr><th scope="col">Exercise</th><th scope="col">What was said</th>'
        '<th scope="col" class="figure">Learners</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>"
    )


def _picture(png: bytes, words: str) -> str:
    return f"<figure>{page.image('image/png', base64.b64encode(png).decode(), words)}</figure>"


def _share(value: float | None) -> str:
    return "none yet" if value is None else f"{value:.0%}"


def _signed(value: float | None) -> str:
    return "not shown" if value is None else f"{value:.2f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
