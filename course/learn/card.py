"""The card that a check shows: the same words as HTML, as plain text and as data for engines.

Status is said in words and by a sign; colour only repeats it. Colours are Okabe and Ito's, which colour-blind readers
tell apart; text takes its colour from the page, so the card reads in light and dark themes.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from course import syllabus
from course.learn.exercise import Exercise
from course.learn.probe import NOT_YET, NOTE, PASSED, Finding, Hint

FINDINGS = "application/vnd.five-bridges.findings+json"
SIGNS = {PASSED: "✓", NOT_YET: "✗", NOTE: "✓"}
COLOURS = {PASSED: "#009E73", NOT_YET: "#D55E00", NOTE: "#0072B2"}
GRID = "display:grid;grid-template-columns:max-content 1fr;gap:.1em .8em;margin:.2em 0"


def show(
    exercise: Exercise,
    findings: Sequence[Finding],
    points: float,
    *,
    elsewhere: Mapping[str, Any] | None = None,
    world: str | None = None,
) -> None:
    """Display the card of a check.

    `elsewhere` is given for a hidden check: what came of the cells in hidden worlds, by name. Its card comes after the
    public one, so it leaves out what that one has said.
    """
    of = sum(probe.points for probe in exercise.probes)
    title = f"{exercise.id} {_title(exercise.id)}: {_number(points)} of {_number(of)} points"
    shown = list(findings)
    if elsewhere is not None:
        title += f" in {1 + len(elsewhere)} worlds" if elsewhere else " in this world, hidden probes included"
        shown = [finding for finding in findings[len(exercise.probes) :] if finding.status != PASSED]
    lines = [_lines(finding, exercise.hints) for finding in shown]
    lines += [_elsewhere(name, result, exercise.hints) for name, result in (elsewhere or {}).items()]
    data = {
        "exercise": exercise.id, "world": world, "points": points, "of": of,
        "findings": [finding.as_json() for finding in findings], "elsewhere": dict(elsewhere or {}),
        "hints": {id: exercise.hints[id].text for id in _hints(findings, elsewhere or {}) if id in exercise.hints},
    }  # fmt: skip
    _display(_html(title, lines), _text(title, lines), {FINDINGS: data})


def tell(id: str, sentence: str) -> None:
    """Display one sentence in place of a card: nothing could be looked at."""
    data: dict[str, Any] = {
        "exercise": id,
        "world": None,
        "points": 0.0,
        "of": 0.0,
        "findings": [],
        "elsewhere": {},
        "hints": {},
    }
    style = f"border-left:4px solid {COLOURS[NOT_YET]};padding:.3em .8em"
    _display(f'<div role="note" style="{style}">{html.escape(sentence)}</div>', sentence, {FINDINGS: data})


Lines = tuple[str, str, list[tuple[str, str]]]  # status, headline, (label, value) pairs


def _lines(finding: Finding, hints: Mapping[str, Hint]) -> Lines:
    pairs = [("looked at", finding.looked), ("seen", finding.seen), ("expected", finding.expected)]
    if finding.hint:
        pairs += _advice(finding.hint, hints)
    return finding.status, f"{finding.title} ({_number(finding.points)} of {_number(finding.of)})", pairs


def _elsewhere(name: str, result: Mapping[str, Any], hints: Mapping[str, Hint]) -> Lines:
    """How the same cells did in a hidden world. What was expected there stays hidden."""
    missed = [finding for finding in result["findings"] if finding["status"] == NOT_YET]
    headline = f"The same cells in the world “{name}” ({_number(result['points'])} of {_number(result['of'])})"
    pairs = [("looked at", "your cells, run again from begin to check with other names and other data")]
    pairs += [("seen", f"{finding['title']}: {finding['seen']}") for finding in missed]
    if problem := result.get("problem"):
        pairs.append(("seen", problem))
    for id in dict.fromkeys(finding["hint"] for finding in missed):
        pairs += _advice(id, hints)
    return (NOT_YET if missed or problem else PASSED), headline, pairs


def _advice(id: str, hints: Mapping[str, Hint]) -> list[tuple[str, str]]:
    if id not in hints:
        return [("hint", id)]
    return [("hint", hints[id].text), ("read again", hints[id].read)]


def _hints(findings: Sequence[Finding], elsewhere: Mapping[str, Any]) -> list[str]:
    ids = [finding.hint for finding in findings]
    ids += [finding["hint"] for result in elsewhere.values() for finding in result["findings"]]
    return list(dict.fromkeys(id for id in ids if id))


def _html(title: str, lines: list[Lines]) -> str:
    items = []
    for status, headline, pairs in lines:
        rows = "".join(
            f'<div style="opacity:.8">{html.escape(label)}</div><div>{html.escape(value)}</div>'
            for label, value in pairs
        )
        items.append(
            f'<li style="list-style:none;border-left:4px solid {COLOURS[status]};margin:.6em 0;padding:.1em .8em">'
            f"<strong>{SIGNS[status]} {html.escape(status)}: {html.escape(headline)}</strong>"
            f'<div style="{GRID}">{rows}</div></li>'
        )
    return (
        f'<section aria-label="{html.escape(title)}" style="color:inherit"><p style="margin:.3em 0;font-size:1.1em">'
        f'<strong>{html.escape(title)}</strong></p><ul style="margin:0;padding:0">{"".join(items)}</ul></section>'
    )


def _text(title: str, lines: list[Lines]) -> str:
    out = [title]
    for status, headline, pairs in lines:
        out.append(f"{SIGNS[status]} {status}: {headline}")
        out += [f"    {label:<10}  {value}" for label, value in pairs]
    return "\n".join(out)


def _display(page: str, text: str, data: dict[str, Any]) -> None:
    """Into the notebook; on a bare Python prompt, the text."""
    try:
        from IPython.core.getipython import get_ipython
    except ModuleNotFoundError:
        get_ipython = lambda: None  # noqa: E731
    if get_ipython() is None:
        print(text)
        return
    from IPython.display import publish_display_data

    publish_display_data({"text/html": page, "text/plain": text, **data})


def _title(id: str) -> str:
    try:
        return syllabus.load().exercise(id).title
    except (KeyError, OSError):
        return ""


def _number(value: float) -> str:
    return f"{value:g}"
