"""What a test tells its learner: what was looked at, what was seen, what was expected, and what to read again.

A check of the course displays its findings as data, which are told as they are. Any other test says what its
assertion says. What stands between BEGIN HIDDEN TESTS and END HIDDEN TESTS is never quoted, nor a traceback that could
quote it, nor an error's words that the learner's own code could have filled with what a hidden test gave it.
"""

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbformat import NotebookNode

from course.grading import page

FINDINGS = "application/vnd.five-bridges.findings+json"  # what a check displays for engines
HIDDEN = ("BEGIN HIDDEN TESTS", "END HIDDEN TESTS")  # nbgrader's own words, unless a course chose others
SCHEME = ("BEGIN MARK SCHEME", "END MARK SCHEME")
GOOD, BAD, OPEN = "good", "bad", "open"
PASSED, NOT_YET = "passed", "not yet"  # a finding's status
ARROW = re.compile(r"^-+>\s*\d+\s?(.*)$", re.MULTILINE)  # IPython's mark at the line that failed
FRAME = re.compile(r"^\s*(?:Cell In|Input In|File )", re.MULTILINE)
READ_AGAIN = re.compile(r"^ +hint +(.+)\n +read again +(.+)$", re.MULTILINE)

PLAINLY = {
    "AssertionError": "What the test asserts does not hold.",
    "AttributeError": "Something was asked of an object that it does not have: a misspelt name, or another type.",
    "CellTimeoutError": "The cell took longer than a cell may take, and was stopped.",
    "FileNotFoundError": "A file that the cell wanted was not there.",
    "ImportError": "Something that was to be imported is not there.",
    "IndentationError": "The lines are not indented as Python wants them: the cell did not run at all.",
    "IndexError": "A position was asked for that a list, a row or a table does not have.",
    "KeyError": "A key was asked for that a dictionary, a row or a table does not have.",
    "MemoryError": "The cell wanted more memory than there is.",
    "ModuleNotFoundError": "A package that was to be imported is not there.",
    "NameError": "A name was used that nothing above has defined: a cell that did not run, or a misspelt name.",
    "NotImplementedError": "The place for your answer is still as it was handed out.",
    "RecursionError": "A function called itself without an end.",
    "SyntaxError": "Python could not read the cell: it did not run at all.",
    "TimeoutError": "Something took longer than it may take.",
    "TypeError": "A value has another type than what it was used for, or a function got other arguments than it takes.",
    "UnboundLocalError": "A name was used inside a function before it was given a value.",
    "ValueError": "A value has the right type, but cannot be used for this.",
    "ZeroDivisionError": "Something was divided by zero.",
}
STATUSES = {
    "crashed": "The process that ran your cells ended in the middle of it.",
    "timed out": "Your cells took longer than they may take, and were stopped.",
    "out of memory": "Your cells wanted more memory than there is.",
    "not reached": "Nothing ran up to here.",
}
OUT_OF_SIGHT = "a test that you do not see"


@dataclass(frozen=True)
class Message:
    """One thing that a test tells. `pairs` are (label, words): plain text, not HTML. `mood` is good, bad or open."""

    mood: str
    headline: str
    pairs: tuple[tuple[str, str], ...] = ()


def messages(
    cell: NotebookNode,
    score: float,
    of: float,
    result: Mapping[str, Any] | None = None,
    hidden: tuple[str, str] = HIDDEN,
) -> list[Message]:
    """What an executed test cell tells. `result` is the cell's own part of the submission's result, if there is one."""
    told = _findings(cell)
    error = _error(cell)
    if error is not None:
        told.append(_said(cell, error, hidden))
    elif result and result.get("status") in STATUSES:
        words = (
            (("said", str(result["message"])),)
            if result.get("message") and not hides(cell.source, marks=hidden)
            else ()
        )
        told.append(Message(BAD, STATUSES[result["status"]], words))
    if not told:
        if score >= of:
            told = [Message(GOOD, "Everything that this test looked at is as it should be.")]
        elif score > 0:
            told = [Message(BAD, "The test gave a part of the points, and said no more.")]
        else:
            told = [Message(BAD, "The test gave no points, and said no more.")]
    return told


def public(source: str, *, marks: tuple[str, str] = HIDDEN) -> str:
    """A cell's source without what its learner must not see. A region that is never closed goes to the end."""
    lines, inside = [], None
    for line in source.split("\n"):
        if inside:
            inside = None if inside in line else inside
            continue
        inside = next((end for begin, end in (marks, HIDDEN, SCHEME) if begin in line), None)
        if inside is None:
            lines.append(line)
    return "\n".join(lines).strip("\n")


def hides(source: str, *, marks: tuple[str, str] = HIDDEN) -> bool:
    """Whether a cell holds something that its learner must not see."""
    return any(begin in source for begin, _ in (marks, HIDDEN, SCHEME))


def findings(cell: NotebookNode) -> list[dict[str, Any]]:
    """What the checks in an executed cell displayed for engines, in order; what has not their form is left out."""
    shown = [output.get("data", {}).get(FINDINGS) for output in cell.get("outputs", [])]
    return [data for data in shown if isinstance(data, dict) and isinstance(data.get("findings"), list)]


def missed(cell: NotebookNode) -> list[str]:
    """What an executed test cell says went wrong, once each: hints, or an error's kind and words. For counting."""
    said: dict[str, None] = {}
    for data in findings(cell):
        hints = _dict(data.get("hints"))
        elsewhere = [one for result in _dict(data.get("elsewhere")).values() for one in _list(_dict(result))]
        for finding in [*_list(data), *elsewhere]:
            if finding.get("status") == NOT_YET:
                hint = _words(finding.get("hint") or "")
                said[_words(hints.get(hint) or hint or finding.get("title", ""))] = None
    if not said and (error := _error(cell)) is not None:
        kind, words = str(error.get("ename", "")), str(error.get("evalue", "")).strip()
        said[f"{kind}: {words.splitlines()[0]}" if words else f"{kind}: {PLAINLY.get(kind, 'no words')}"] = None
    return list(said)


def _findings(cell: NotebookNode) -> list[Message]:
    """The findings of all checks in a cell. A hidden check repeats the public one's: each is told once."""
    advice = _advice(cell)
    told: dict[Message, None] = {}
    for data in findings(cell):
        hints = _dict(data.get("hints"))
        for finding in _list(data):
            told[_finding(finding, hints, advice)] = None
        for world, result in _dict(data.get("elsewhere")).items():
            told[_elsewhere(_words(world), _dict(result), hints, advice)] = None
    return list(told)


def _finding(finding: Mapping[str, Any], hints: Mapping[str, Any], advice: Mapping[str, str]) -> Message:
    pairs = [
        (label, _words(finding[part]))
        for label, part in (("looked at", "looked"), ("seen", "seen"), ("expected", "expected"))
        if finding.get(part) not in (None, "")
    ]
    pairs += _advised(_words(finding.get("hint") or ""), hints, advice)
    status = _words(finding.get("status", ""))
    points = f" ({_number(finding.get('points'))} of {_number(finding.get('of'))})" if finding.get("of") else ""
    mood = BAD if status == NOT_YET else GOOD
    return Message(mood, f"{status}: {_words(finding.get('title', ''))}{points}", tuple(pairs))


def _elsewhere(world: str, result: Mapping[str, Any], hints: Mapping[str, Any], advice: Mapping[str, str]) -> Message:
    """How the same cells did in a hidden world. What was expected there stays hidden."""
    found = [one for one in _list(result) if one.get("status") == NOT_YET]
    pairs = [("looked at", "your cells, run again from begin to check with other names and other data")]
    pairs += [("seen", f"{_words(one.get('title', ''))}: {_words(one.get('seen', ''))}") for one in found]
    if result.get("problem"):
        pairs.append(("seen", _words(result["problem"])))
    for hint in dict.fromkeys(_words(one.get("hint") or "") for one in found):
        pairs += _advised(hint, hints, advice)
    bad = bool(found or result.get("problem"))
    points = f"{_number(result.get('points'))} of {_number(result.get('of'))}"
    return Message(
        BAD if bad else GOOD,
        f"{NOT_YET if bad else PASSED}: The same cells in the world “{world}” ({points})",
        tuple(pairs),
    )


def _advised(hint: str, hints: Mapping[str, Any], advice: Mapping[str, str]) -> list[tuple[str, str]]:
    if not hint:
        return []
    said = _words(hints.get(hint) or hint)
    return [("hint", said)] + ([("read again", advice[said])] if said in advice else [])


def _advice(cell: NotebookNode) -> dict[str, str]:
    """Where to read again, by hint: a check's card says it in its text."""
    texts = [
        output.data.get("text/plain", "") for output in cell.get("outputs", []) if FINDINGS in output.get("data", {})
    ]
    return {hint.strip(): read.strip() for said in texts for hint, read in READ_AGAIN.findall(str(said))}


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings in what may be no check's data at all: a learner can display anything."""
    found = data.get("findings")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _error(cell: NotebookNode) -> NotebookNode | None:
    return next((output for output in cell.get("outputs", []) if output.get("output_type") == "error"), None)


def _said(cell: NotebookNode, error: NotebookNode, hidden: tuple[str, str]) -> Message:
    """An error of a test cell, in plain language."""
    kind, words = str(error.get("ename", "")), page.plain(error.get("evalue", ""), 2000).strip()
    trace = "\n".join(page.plain(line) for line in error.get("traceback", []))
    line = _failed_line(cell.source, trace, hidden)
    headline = PLAINLY.get(kind, f"An error of the kind {kind} came up.")
    if line is None and hides(cell.source, marks=hidden):
        # One frame: the test itself said it. More: the learner's own code did, perhaps about what it was given.
        own = kind == "AssertionError" and len(FRAME.findall(trace)) <= 1
        pairs = [("looked at", OUT_OF_SIGHT)] + ([("said", words)] if own and words else [])
        return Message(BAD, headline, tuple(pairs))
    pairs = []
    if line:
        pairs += _compared(line)
    if words:
        pairs.append(("said", words if kind == "AssertionError" else f"{kind}: {words}"))
    return Message(BAD, headline, tuple(pairs))


def _failed_line(source: str, trace: str, hidden: tuple[str, str]) -> str | None:
    """The line of the cell that failed, if it is one that everybody sees."""
    seen = Counter(line.strip() for line in public(source, marks=hidden).split("\n"))
    kept_back = Counter(line.strip() for line in source.split("\n")) - seen
    marked = [found.strip() for found in ARROW.findall(trace)]
    line = marked[0] if marked else ""
    return line if line and line in seen and line not in kept_back else None


def _compared(line: str) -> list[tuple[str, str]]:
    """What an assertion looks at and expects, if it says so by ==."""
    try:
        (statement,) = ast.parse(line).body
        test = statement.test if isinstance(statement, ast.Assert) else None
        if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq):
            return [("looked at", ast.unparse(test.left)), ("expected", ast.unparse(test.comparators[0]))]
    except (SyntaxError, ValueError, RecursionError):  # a part of a longer statement
        pass
    return [("looked at", line)]


def as_text(told: Sequence[Message]) -> str:
    """Messages as plain text, for what shows no HTML."""
    lines = []
    for message in told:
        lines.append(message.headline)
        lines += [f"  {label}: {words}" for label, words in message.pairs]
    return "\n".join(lines)


def _words(value: Any) -> str:
    return page.plain(value, 2000)


def _number(value: Any) -> str:
    return f"{value:g}" if isinstance(value, int | float) else "?"
