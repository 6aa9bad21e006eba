"""The instructor's page with names: each learner's score and the one before it, repairs, signs of tampering.

What stands in it and not in the feedback: flags, and why a grading failed.
"""

from collections.abc import Iterable, Mapping, Sequence

from course.grading import history, page
from course.grading.history import History, Regraded
from course.grading.marks import Learner, Marks, Submission


def render(marks: Marks, told: Mapping[str, History]) -> str:
    """The whole page. `told` has the histories by learner's id."""
    rows = [(submission, told.get(submission.learner.id, history.NOTHING)) for submission in marks.submissions]
    head = f"<header><h1>Learners of {page.name(marks.assignment)}</h1></header>"
    parts = [_table(rows)]
    parts += [_learner(*row) for row in rows if row[1].regraded or row[1].repairs or row[1].flags or row[1].stale]
    body = f'{head}\n<main id="main" tabindex="-1">{"".join(parts)}</main>'
    return page.document(f"Learners: {marks.assignment}", body)


def _table(rows: Sequence[tuple[Submission, History]]) -> str:
    lines = "".join(
        f'<tr><th scope="row">{_name(submission.learner)}</th>'
        f'<td class="figure">{_number(submission.score)}</td><td class="figure">{_number(submission.of)}</td>'
        f"<td>{_before(told)}</td><td>{_notes(submission, told)}</td></tr>"
        for submission, told in rows
    )
    return (
        "<p>Before and now are what tests gave, without points that a person gives and without a late penalty.</p>"
        '<div class="wide" tabindex="0" role="group" aria-label="Learners"><table>'
        '<caption>Each learner</caption><thead><tr><th scope="col">Learner</th>'
        '<th scope="col" class="figure">Score</th><th scope="col" class="figure">of</th>'
        '<th scope="col">Graded again</th><th scope="col">To look at</th></tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def _before(told: History) -> str:
    """The scores of the tests side by side."""
    again = told.regraded
    return f"{_number(again.before['score'])} → {_number(again.now['score'])}: {again.because}" if again else ""


def _notes(submission: Submission, told: History) -> str:
    said = ["stale: a later grading failed"] if told.stale else []
    said += [f"excused from {', '.join(page.name(mark.cell.id) for mark in submission.excused)}"] * bool(
        submission.excused
    )
    said += [_count(len(told.flags), "flag")] if told.flags else []
    said += [_count(len(told.repairs), "repair")] if told.repairs else []
    said += [f"{_count(len(submission.pending), 'answer')} to grade"] if submission.pending else []
    said += [f"late: {_number(submission.penalty)} points taken off"] if submission.penalty else []
    return ", ".join(said)


def _learner(submission: Submission, told: History) -> str:
    said = [f"<section><h2>{_name(submission.learner)}</h2>"]
    if told.stale:
        said.append(f"<p>The scores are stale. A later grading failed: {page.text(told.stale, 1000)}</p>")
    if told.regraded:
        said.append(side_by_side(told.regraded))
    said.append(_list("Looks like tampering", told.flags))
    said.append(_list("Put right before grading", told.repairs))
    return "".join(said) + "</section>"


def _name(who: Learner) -> str:
    return page.name(who.name) if who.name == who.id else f"{page.name(who.name)} ({page.name(who.id)})"


def side_by_side(regraded: Regraded, notebook: str | None = None) -> str:
    """What a second grading changed: a sentence, and a table of the cells (of one notebook, if it is named)."""
    lines = "".join(
        f'<tr><th scope="row">{page.name(id)}</th><td class="figure">{_points(before)}</td>'
        f'<td class="figure">{_points(now)}</td></tr>'
        for (_, id), before, now in regraded.changed(notebook)
    )
    table = (
        '<table><caption>Cells whose points are others now</caption><thead><tr><th scope="col">Cell</th>'
        '<th scope="col" class="figure">Before</th><th scope="col" class="figure">Now</th></tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )
    return f"<p>{page.text(regraded.sentence)}</p>{table if lines else ''}"


def _list(heading: str, lines: Iterable[object]) -> str:
    items = "".join(f"<li>{page.text(line, 1000)}</li>" for line in lines)
    return f"<h3>{heading}</h3><ul>{items}</ul>" if items else ""


def _points(value: float | None) -> str:
    return "none" if value is None else _number(value)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
