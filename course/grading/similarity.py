"""Which submissions are alike in what their learners wrote, and the page that shows them side by side.

How alike two submissions are is the share of tokens in a longest common subsequence (Indel similarity, by RapidFuzz),
once in form (names, numbers, texts and comments do not count: renaming hides nothing) and once in wording. Lines that
the release had, and lines that more than half of a class wrote, are left out first. It runs on this machine alone.
"""

import builtins
import keyword
import re
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course.grading import page
from course.grading.course_folder import grade_id
from course.grading.marks import Marks

if TYPE_CHECKING:
    from course.grading.course_folder import CourseFolder

LEAST = 0.8  # what is less alike is not told
FEWEST_TOKENS = 30  # shorter answers are alike by themselves
CLASS = 5  # from so many learners on, what most of them wrote is left out
MOST_PAIRS = 50
TOKEN = re.compile(r"""\#[^\n]*|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|\d[\w.]*|[^\W\d]\w*|\S""")
KEPT = {*keyword.kwlist, *dir(builtins)}
WARNING = (
    "Similarity is no proof of anything. Two people who know the subject write alike; so do two who read the same "
    "example. Before you say a word to anybody, read both texts, look at what the task leaves open, and ask them to "
    "explain what they wrote."
)

Answers = Mapping[tuple[str, str], str]  # what a learner wrote, by (notebook, cell id)


@dataclass(frozen=True)
class Pair:
    """Two learners' ids and how alike their answers are, 0 to 1. `form` disregards names and comments."""

    one: str
    other: str
    form: float
    wording: float


def answers(folder: "CourseFolder", marks: Marks) -> dict[str, dict[tuple[str, str], str]]:
    """What each learner wrote into the cells that were theirs, by learner's id."""
    written: dict[str, dict[tuple[str, str], str]] = {}
    for submission in marks.submissions:
        found: dict[tuple[str, str], str] = {}
        for name, node in folder.notebooks(submission.learner.id, marks.assignment).items():
            for cell in node.cells:
                key = (name, grade_id(cell))
                if key in marks.answers:
                    found.setdefault(key, cell.source)
        written[submission.learner.id] = found
    return written


def released(folder: "CourseFolder", marks: Marks) -> dict[tuple[str, str], str]:
    """What stood in those cells when learners got them, as far as this copy of the course has the release."""
    return {
        (name, id): cell.source
        for name, node in folder.releases(marks.assignment).items()
        for cell in node.cells
        if (name, id := grade_id(cell)) in marks.answers
    }


def pairs(written: Mapping[str, Answers], stubs: Answers) -> list[Pair]:
    """The pairs that stand out, the most alike first.

    At least LEAST alike in form; in a class of CLASS and more also closer to identical than half of the way from the
    class's median.
    """
    from rapidfuzz.distance import Indel
    from rapidfuzz.process import cdist

    own = _own_lines(written, stubs)
    learners = [learner for learner, lines in own.items() if len(TOKEN.findall("\n".join(lines))) >= FEWEST_TOKENS]
    if len(learners) < 2:
        return []
    alphabet: dict[str, str] = {}
    forms = [_encoded(_form(own[learner]), alphabet) for learner in learners]
    wordings = [_encoded(_wording(own[learner]), alphabet) for learner in learners]
    alike = cdist(forms, forms, scorer=Indel.normalized_similarity)
    all_of_them = [float(alike[i, j]) for i in range(len(learners)) for j in range(i)]
    least = LEAST
    if len(learners) >= CLASS:
        least = max(least, (1 + statistics.median(all_of_them)) / 2)
    found = [
        Pair(learners[j], learners[i], float(alike[i, j]), Indel.normalized_similarity(wordings[i], wordings[j]))
        for i in range(len(learners))
        for j in range(i)
        if alike[i, j] >= least
    ]
    return sorted(found, key=lambda pair: (-pair.form, -pair.wording, pair.one, pair.other))[:MOST_PAIRS]


def render(assignment: str, found: Sequence[Pair], written: Mapping[str, Answers], compared: int) -> str:
    """The page: each pair with what both wrote, cell by cell. Lines that both have are marked."""
    parts = [
        f"<header><h1>Alike submissions of {page.name(assignment)}</h1>",
        f'<section class="told open" aria-label="Before you read"><p>{page.text(WARNING)}</p></section>',
        f"<p>{compared} submissions were compared on this machine. Left out are the release's own lines, in classes of "
        f"{CLASS} and more also lines that more than half of them wrote, and submissions with fewer than "
        f"{FEWEST_TOKENS} words and signs of their own. This page has names: it is for those who grade.</p></header>",
        '<main id="main" tabindex="-1">',
    ]
    if not found:
        parts.append("<p>No pair stands out.</p>")
    else:
        rows = "".join(
            f'<tr><th scope="row"><a href="#pair-{n}">{page.name(pair.one)} and {page.name(pair.other)}</a></th>'
            f'<td class="figure">{pair.form:.0%}</td><td class="figure">{pair.wording:.0%}</td></tr>'
            for n, pair in enumerate(found, 1)
        )
        parts.append(
            '<table><caption>Pairs that stand out</caption><thead><tr><th scope="col">Learners</th><th scope="col" '
            'class="figure">alike in form</th><th scope="col" class="figure">in wording</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )
    for n, pair in enumerate(found, 1):
        parts.append(_pair(n, pair, written))
    return page.document(f"Alike submissions: {assignment}", "".join(parts) + "</main>")


def _pair(number: int, pair: Pair, written: Mapping[str, Answers]) -> str:
    one, other = written[pair.one], written[pair.other]
    title = f"{page.name(pair.one)} and {page.name(pair.other)}"
    parts = [
        f'<section id="pair-{number}"><h2>{title}: {pair.form:.0%} alike in form, {pair.wording:.0%} in wording</h2>'
    ]
    for key in one:
        if key in other and (one[key].strip() or other[key].strip()):
            shared = {_bare(line) for line in one[key].split("\n")} & {_bare(line) for line in other[key].split("\n")}
            columns = "".join(
                f'<div><p class="dim">{page.name(who)}</p><pre>{_marked(text, shared)}</pre></div>'
                for who, text in ((pair.one, one[key]), (pair.other, other[key]))
            )
            parts.append(f'<h3>{page.name(key[1])}</h3><div class="beside">{columns}</div>')
    return "".join(parts) + "</section>"


def _marked(source: str, shared: set[str]) -> str:
    lines = page.plain(source).split("\n")
    return "\n".join(
        f"<mark>{page.text(line)}</mark>" if _bare(line) in shared - {""} else page.text(line) for line in lines
    )


def _own_lines(written: Mapping[str, Answers], stubs: Answers) -> dict[str, list[str]]:
    """Each learner's lines without the release's, and without those that most of a class wrote."""
    given = {key: {_bare(line) for line in text.split("\n")} for key, text in stubs.items()}
    lines = {
        learner: [
            (key, line)
            for key, text in cells.items()
            for line in text[:50_000].split("\n")
            if _bare(line) and _bare(line) not in given.get(key, ())
        ]
        for learner, cells in written.items()
    }
    had = Counter(pair for own in lines.values() for pair in {(key, _bare(line)) for key, line in own})
    most = len(written) / 2 if len(written) >= CLASS else len(written)
    return {learner: [line for key, line in own if had[(key, _bare(line))] <= most] for learner, own in lines.items()}


def _bare(line: str) -> str:
    return " ".join(line.split())


def _wording(lines: Sequence[str]) -> list[str]:
    return [token for line in lines for token in TOKEN.findall(line)]


def _form(lines: Sequence[str]) -> list[str]:
    """Tokens without what is easily changed. A name after a point is a library's, and stays."""
    kept, last = [], ""
    for token in _wording(lines):
        if token.startswith("#"):
            continue
        if token[0] in "\"'":
            kept.append("text")
        elif token[0].isdigit():
            kept.append("0")
        elif (token[0].isalpha() or token[0] == "_") and token not in KEPT and last != ".":
            kept.append("name")
        else:
            kept.append(token)
        last = token
    return kept


def _encoded(tokens: Sequence[str], alphabet: dict[str, str]) -> str:
    """A character per token: RapidFuzz compares strings fastest."""
    return "".join(alphabet.setdefault(token, chr(0x10000 + len(alphabet) % 0xFFFFF)) for token in tokens)
