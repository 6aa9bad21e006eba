"""The page that a learner gets back: the score, what each test says, comments, and the notebook as it was handed in.

    page = render(notebook, submission, fixed, told=history)      # a notebook that is read already; no file is touched
    write(folder, gradebook, "ps1", "ada")                        # feedback/ada/ps1/<notebook>.html for each notebook

Whatever a learner wrote is neutralised (course.grading.page), what they must not see of a test is left out
(course.grading.messages). FeedbackExporter in course.grading.feedback_exporter makes it nbgrader's own feedback.
"""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nbformat import NotebookNode

from course.errors import CourseError
from course.grading import history, marks, page
from course.grading.code import highlighted
from course.grading.course_folder import grade_id
from course.grading.history import History
from course.grading.marks import ANSWER, Mark, Submission
from course.grading.messages import BAD, FINDINGS, GOOD, HIDDEN, OPEN, Message, hides, messages, public
from course.grading.prose import Prose
from course.grading.roster import side_by_side

if TYPE_CHECKING:
    from nbgrader.api import Gradebook

    from course.grading.course_folder import CourseFolder

WORDS = {GOOD: "all points", BAD: "not all points yet", OPEN: "to be graded by hand"}
EXCUSED = "excused: it does not count"
NOTHING = "A drawing or a program that a page like this does not show"
NUMBER = re.compile(r"\s*-?[\d.e+-]+\s*")


def write(
    folder: "CourseFolder",
    gradebook: "Gradebook",
    assignment: str,
    student: str,
) -> list[Path]:
    """Write the feedback on each autograded notebook of a submission. Returns the pages.

    CourseError if nothing is graded yet.
    """
    told = history.read(gradebook, assignment, student).get(student, history.NOTHING)
    all_marks = marks.read(gradebook, assignment, student)
    submission = all_marks.submission(student)
    known = {cell.notebook for cell in all_marks.cells} | set(submission.penalties)
    graded = {name: node for name, node in folder.notebooks(student, assignment).items() if name in known}
    if not graded:
        raise CourseError(f"There is no graded notebook of {student} for {assignment}: grade the submission first.")
    target = folder.feedback(student, assignment)
    target.mkdir(parents=True, exist_ok=True)
    pages = []
    for name, notebook in graded.items():
        fixed = {id for where, id in all_marks.fixed if where == name}
        said = render(notebook, submission.of_notebook(name), fixed, assignment=assignment, name=name, told=told)
        pages.append(_replace(target / f"{name}.html", said))
    return pages


def render(
    notebook: NotebookNode,
    submission: Submission,
    fixed: Collection[str],
    *,
    assignment: str,
    name: str,
    told: History = history.NOTHING,
    hidden: tuple[str, str] = HIDDEN,
) -> str:
    """The feedback on one executed notebook as a whole HTML page.

    `submission` has the marks of this notebook alone; `fixed` are the ids of cells that were not the learner's to
    change; `hidden` are the words that open and close hidden tests. Of what is `told`, repairs and changed scores are
    the learner's to know; flags are for instructors (course.grading.roster).
    """
    by_cell = {str(cell.get("grade_id")): cell for cell in told.cells(name)}
    prose, parts, rows, seen = Prose(), [], [], set()
    for number, cell in enumerate(notebook.cells, 1):
        id: str | None = grade_id(cell) or None
        if id in seen:  # of a cell that stands there twice the first counts
            id = None
        seen.add(id)
        mark = submission.marks.get((name, id)) if id else None
        comment = submission.comments.get((name, id), "") if id else ""
        said: list[Message] = []
        if mark is not None:
            said = _messages(cell, mark, by_cell.get(id or ""), hidden)
            rows.append((number, mark, said))
        parts.append(_cell(number, cell, id in fixed if id else False, mark, said, comment, prose, hidden))
    there = {mark.cell.id for _, mark, _ in rows}
    lost = [mark for mark in submission.marks.values() if mark.cell.id not in there]
    title = f"Feedback: {assignment}, {name}" if name != assignment else f"Feedback: {assignment}"
    head = _head(assignment, name, submission)
    notes = _again(name, told) + _repairs(told.repairs)
    body = "".join(
        [
            f"<header>{head}</header>\n",
            f'<nav aria-label="Scores">{_table(rows, lost, submission)}</nav>\n',
            f'<main id="main" tabindex="-1">{notes}<h2>Your notebook</h2>\n{"".join(parts)}</main>',
        ]
    )
    return page.document(title, body)


# The parts of the page -----------------------------------------------------------------------------------------------


def _head(assignment: str, name: str, submission: Submission) -> str:
    said = [f"<h1>Feedback on {page.name(assignment)}</h1>"]
    said.append(f"<p>Notebook {page.name(name)}, handed in by {page.name(submission.learner.name)}</p>")
    said.append(f'<p class="total">Score: {_number(submission.score)} of {_number(submission.of)} points</p>')
    if submission.penalty:
        taken = f"{_number(submission.penalty)} points are taken off the {_number(submission.earned)} that it earned"
        said.append(f"<p>It came late: {taken}.</p>")
    if pending := submission.pending:
        points = _number(sum(mark.cell.of for mark in pending))
        said.append(
            f"<p>{_count(len(pending), 'answer')} for {points} points will be graded by a person, and count as 0 until "
            "then: this score is not final.</p>"
        )
    return "".join(said)


def _table(rows: list[tuple[int, Mark, list[Message]]], lost: Sequence[Mark], submission: Submission) -> str:
    lines = []
    for number, mark, _ in rows:
        mood = _mood(mark)
        lines.append(
            f'<tr><th scope="row"><a href="#cell-{number}">{page.name(mark.cell.id)}</a></th>'
            f'<td class="figure">{_number(mark.score)}</td><td class="figure">{_number(mark.cell.of)}</td>'
            f'<td class="{mood}">{EXCUSED if mark.excused else WORDS[mood]}</td></tr>'
        )
    for mark in lost:
        lines.append(
            f'<tr><th scope="row">{page.name(mark.cell.id)}</th><td class="figure">{_number(mark.score)}</td>'
            f'<td class="figure">{_number(mark.cell.of)}</td><td>this cell is not in your notebook</td></tr>'
        )
    if submission.penalty:
        lines.append(
            f'<tr><th scope="row">Late</th><td class="figure">-{_number(submission.penalty)}</td>'
            '<td class="figure"></td><td>taken off</td></tr>'
        )
    return (
        "<table><caption>Each graded cell, with a link to it</caption><thead><tr>"
        '<th scope="col">Cell</th><th scope="col" class="figure">Points</th><th scope="col" class="figure">of</th>'
        f'<th scope="col">Result</th></tr></thead><tbody>{"".join(lines)}</tbody></table>'
    )


def _again(notebook: str, told: History) -> str:
    """What grading it again has changed, old and new points side by side; and whether it could be done."""
    said = ""
    if told.stale:
        said += (
            "<section><h2>These points are not up to date</h2><p>It was to be graded again, and that failed: these are "
            "the points of the grading before. Your teacher has been told.</p></section>"
        )
    if told.regraded:
        said += f"<section><h2>Graded again</h2>{side_by_side(told.regraded, notebook)}</section>"
    return said


def _repairs(repairs: Sequence[object]) -> str:
    """What was put right before grading."""
    items = "".join(f"<li>{page.text(line, 1000)}</li>" for line in repairs[:100])
    return f"<section><h2>Put right before grading</h2><ul>{items}</ul></section>" if items else ""


def _cell(
    number: int,
    cell: NotebookNode,
    fixed: bool,
    mark: Mark | None,
    told: list[Message],
    comment: str,
    prose: Prose,
    hidden: tuple[str, str],
) -> str:
    source = public(cell.source, marks=hidden) if fixed else cell.source
    is_test = mark is not None and mark.cell.kind != ANSWER and cell.cell_type == "code"
    if cell.cell_type == "markdown":
        shown = prose.html(source)
    elif cell.cell_type == "code":
        shown = highlighted(source) if source.strip() else ""
        if fixed and hides(cell.source, marks=hidden):
            shown += '<p class="dim">Some of this test is not shown.</p>'
        shown += _outputs(cell, is_test, prose, fixed and hides(cell.source, marks=hidden))
    else:
        shown = f"<pre>{page.text(source)}</pre>"
    result = _result(number, mark, told) if mark is not None else ""
    if comment.strip():
        words = f'<p class="comment">{page.text(comment, 5000)}</p>'.replace("\n", "<br>")
        result += f'<section class="told open"><h3>Comment from your teacher</h3>{words}</section>'
    return f'<div class="cell" id="cell-{number}">{shown}{result}</div>\n' if shown or result else ""


def _result(number: int, mark: Mark, told: list[Message]) -> str:
    mood = _mood(mark)
    heading = f"{page.name(mark.cell.id)}: {_number(mark.score)} of {_number(mark.cell.of)} points"
    items = []
    for message in told:
        pairs = "".join(
            f"<dt>{page.text(label)}</dt><dd>{page.text(words, 4000)}</dd>" for label, words in message.pairs
        )
        sign = {GOOD: "✓", BAD: "✗", OPEN: "…"}[message.mood]
        items.append(
            f'<div class="{message.mood}"><p><strong class="status">{sign} {page.text(message.headline, 2000)}</strong>'
            f"</p>{f'<dl>{pairs}</dl>' if pairs else ''}</div>"
        )
    label = f'class="told {mood}" aria-label="Result of cell {number}"'
    return f"<section {label}><h3>{heading}</h3>{''.join(items)}</section>"


def _messages(
    cell: NotebookNode, mark: Mark, result: Mapping[str, Any] | None, hidden: tuple[str, str]
) -> list[Message]:
    if mark.excused:
        return [Message(OPEN, f"Excused: {mark.excused}. It counts neither for nor against you.")]
    if mark.pending:
        return [Message(OPEN, "A person will read this and give the points.")]
    if mark.cell.kind != "test":
        mood = GOOD if mark.score >= mark.cell.of else BAD
        return [Message(mood, "A person has graded this.")]
    return messages(cell, mark.score, mark.cell.of, result, hidden)


def _outputs(cell: NotebookNode, is_test: bool, prose: Prose, hides_something: bool) -> str:
    """What a cell put out. Of a test only what its messages do not say, and nothing that hidden tests caused."""
    if hides_something:
        return ""
    shown = []
    for output in cell.get("outputs", []):
        kind = output.get("output_type")
        data = output.get("data", {})
        if kind == "stream":
            shown.append(f"<pre>{page.text(output.get('text', ''))}</pre>")
        elif kind == "error" and not is_test:
            trace = "\n".join(str(line) for line in output.get("traceback", []))
            words = trace or f"{output.get('ename')}: {output.get('evalue')}"
            shown.append(f"<pre>{page.text(words)}</pre>")
        elif kind in ("display_data", "execute_result") and isinstance(data, dict):
            if is_test and (FINDINGS in data or NUMBER.fullmatch(str(data.get("text/plain", "")))):
                continue
            shown.append(_display(data, prose))
    inside = "".join(shown)
    return f'<div class="outputs" role="group" aria-label="Output">{inside}</div>' if inside else ""


def _display(data: Mapping[str, Any], prose: Prose) -> str:
    """The richest form of an output that is harmless: HTML without its scripts and styles, a picture, or text."""
    words = data.get("text/plain", "")
    if isinstance(data.get("text/html"), str):
        cleaned = page.lower(page.clean(data["text/html"]), 2)
        if re.sub(r"<(?!img\b)[^>]*>", "", cleaned).strip():
            return f'<div class="wide" tabindex="0" role="group" aria-label="Table or text">{cleaned}</div>'
    for kind in page.BEGINNINGS:
        if kind in data and (shown := page.image(kind, data[kind], str(words) or "a picture without a description")):
            return f"<figure>{shown}</figure>"
    if isinstance(data.get("text/markdown"), str):
        return prose.html(data["text/markdown"], lower=2)
    if isinstance(data.get("text/latex"), str):
        return f"<pre>{page.text(data['text/latex'])}</pre>"
    if words:
        return f"<pre>{page.text(words)}</pre>"
    return f'<p class="dim">{NOTHING}</p>'


def _mood(mark: Mark) -> str:
    if mark.pending or mark.excused:
        return OPEN
    return GOOD if mark.score >= mark.cell.of else BAD


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _number(value: float) -> str:
    return f"{round(value, 2):g}"


def _replace(path: Path, said: str) -> Path:
    """Write a page whole or not at all; a symbolic link in its place is replaced, not followed."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
        file.write(said)
    beside.replace(path)
    return path
