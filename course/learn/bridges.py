"""The map of the five bridges: the course's own picture of the way to production, and of how far a learner has come.

Each picture has a text that says the same. Nothing is told by colour alone: a status is a word and a sign.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

BRIDGES = ("Data pipeline", "Training infrastructure", "Deployment infrastructure", "Automation", "Operations")
DOMAINS = ("Data preparation", "Model development", "Deployment and orchestration", "Monitoring and security")
OPEN, BEGUN, DONE, MASTERED = "open", "begun", "done", "mastered"
SIGNS = {OPEN: "○", BEGUN: "◐", DONE: "✓", MASTERED: "◆"}
PASSED = (DONE, MASTERED)
GREEN, ORANGE = "#009E73", "#E69F00"  # of Okabe and Ito's palette
BANK, SPAN, RISE, DECK, LABELS = 84, 132, 30, 46, 240  # of the pictures, in their own pixels
FONT = "font-family:var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color1,inherit)"
CELL = "text-align:left;padding:.15em 1.2em .15em 0;vertical-align:top;background:none;border:none"
FAR = 15  # percentage points: a difference worth a word
FEW = 3  # answers: fewer say nothing


@dataclass(frozen=True)
class Place:
    """An exercise on the map; `due` is how many of its questions come back now."""

    id: str
    title: str
    assignment: str
    bridges: tuple[int, ...]
    domains: frozenset[int]
    status: str
    due: int = 0

    @property
    def words(self) -> str:
        """ "done, 2 questions come back"."""
        again = f", {self.due} question{'s come' if self.due > 1 else ' comes'} back" if self.due else ""
        return f"{self.status}{again}"

    @property
    def anchor(self) -> str:
        """The address of its heading in a notebook, as JupyterLab makes it."""
        return f"#{self.id} {self.title}".replace(" ", "-")


@dataclass(frozen=True)
class Calibration:
    """How sure somebody was about a domain's questions, and how much was right; both in per cent, on average."""

    domain: int
    answers: int
    confidence: float
    right: float

    @property
    def words(self) -> str:
        gap = self.confidence - self.right
        if self.answers < FEW:
            return "too few answers to say more"
        if abs(gap) < FAR:
            return "you judge yourself well here"
        return "surer than right" if gap > 0 else "more right than sure"


def crossed(places: Sequence[Place], number: int) -> tuple[float, str]:
    """How far a bridge is crossed, 0 to 1, and the same in words."""
    return _done([place for place in places if number in place.bridges])


def _done(places: Sequence[Place]) -> tuple[float, str]:
    done, mastered = (sum(p.status in wanted for p in places) for wanted in (PASSED, (MASTERED,)))
    words = f"{done} of {len(places)} done" + (f", {mastered} mastered" if mastered else "")
    return done / max(1, len(places)), words


def _domains(places: Sequence[Place]) -> list[tuple[str, str]]:
    """Of each domain of the exam its name, and how much of it is done."""
    return [
        (f"D{number} {name}", _done([place for place in places if number in place.domains])[1])
        for number, name in enumerate(DOMAINS, 1)
    ]


# As text


def text_map(
    places: Sequence[Place], listed: Sequence[Place], calibration: Sequence[Calibration], going_on: Place | None
) -> str:
    """The map in words: the bridges, the `listed` exercises, the calibration, and where to go on."""
    lines = ["Your five bridges"]
    lines += [f"  {number} {name:<31} {crossed(places, number)[1]}" for number, name in enumerate(BRIDGES, 1)]
    lines += ["The exam's domains", *(f"  {name:<33} {words}" for name, words in _domains(places)), "Exercises"]
    width = max((len(place.title) for place in listed), default=0)
    lines += [f"  {SIGNS[p.status]} {p.id:<6} {p.title:<{width}}  {p.words}" for p in listed]
    if calibration:
        lines += [text_confidence(calibration)]
    lines.append(f"Go on with {going_on.id} {going_on.title}." if going_on else "Everything here is done.")
    return "\n".join(lines)


def text_confidence(calibration: Sequence[Calibration]) -> str:
    """Per domain how sure and how right, in words."""
    width = max(len(name) for name in DOMAINS)
    return "\n".join([
        "How sure you were, and how right",
        *(f"  D{c.domain} {DOMAINS[c.domain - 1]:<{width}}  {c.confidence:3.0f} % sure, {c.right:3.0f} % right "
          f"in {c.answers}: {c.words}" for c in calibration),
    ])  # fmt: skip


# As a page


def html_map(
    places: Sequence[Place],
    listed: Sequence[Place],
    calibration: Sequence[Calibration],
    going_on: Place | None,
    linked: bool,
) -> str:
    """The map as a picture and a list; with `linked` the list links to the exercises of the notebook it stands in."""

    def name(place: Place) -> str:
        said = html.escape(f"{place.id} {place.title}")
        return f'<a href="{html.escape(place.anchor)}">{said}</a>' if linked else said

    rows = "".join(
        f'<tr style="background:none"><td style="{CELL}">{SIGNS[place.status]} {html.escape(place.words)}</td>'
        f'<td style="{CELL}">{name(place)}</td></tr>'
        for place in listed
    )
    on = f"Go on with {name(going_on)}." if going_on else "Everything here is done."
    domains = "; ".join(f"{html.escape(name)} {words}" for name, words in _domains(places))
    confidence = html_confidence(calibration) if calibration else ""
    return (
        f'<section aria-label="Your five bridges" style="{FONT}">{_arches(places)}'
        f'<table style="border:none;margin:.3em 0"><tbody>{rows}</tbody></table>'
        f"<p>The exam's domains: {domains}.</p>{confidence}<p><strong>{on}</strong></p></section>"
    )


def _arches(places: Sequence[Place]) -> str:
    """Five arches from the notebook to production; the deck of an arch is filled as far as it is done."""
    width = 2 * BANK + len(BRIDGES) * SPAN
    drawn, told = [_words(BANK / 2, DECK + 10, "notebook", "middle")], []
    for number, name in enumerate(BRIDGES):
        share, words = crossed(places, number + 1)
        left, middle, foot = BANK + number * SPAN, BANK + (number + 0.5) * SPAN, DECK + 44
        arch = f"M{left},{foot} Q{middle},{foot - 2 * RISE} {left + SPAN},{foot}"
        drawn += [
            ";",
            f'<path d="{arch}" fill="none" stroke="currentColor" stroke-width="2"/>',
            _bar(left, DECK, SPAN, 10, "none", "currentColor"),
            _bar(left, DECK, SPAN * share, 10, GREEN, "none"),
            _words(middle, DECK - 26, str(number + 1), "middle"),
            _words(middle, DECK - 9, name.removesuffix(" infrastructure").removesuffix(" pipeline"), "middle"),
            *(_words(middle, foot + 18 * line, part, "middle") for line, part in enumerate(words.split(", "), 1)),
        ]
        told.append(f"{number + 1} {name}: {words}")
    drawn += [";", _words(width - BANK / 2, DECK + 10, "production", "middle")]
    return _picture("; ".join(told), width, DECK + 88, drawn)


def html_confidence(calibration: Sequence[Calibration]) -> str:
    """Two bars per domain: how sure (outlined) and how right (filled), with both numbers beside them."""
    drawn = []
    for row, c in enumerate(calibration):
        top = 8 + row * 52
        drawn += [
            ";" if row else "",
            _words(0, top + 20, f"D{c.domain} {DOMAINS[c.domain - 1]}"),
            _bar(LABELS, top, 2.4 * c.confidence, 15, "none", "currentColor"),
            _words(LABELS + 8 + 2.4 * c.confidence, top + 12, f"{c.confidence:.0f} % sure"),
            _bar(LABELS, top + 19, 2.4 * c.right, 15, ORANGE, ORANGE),
            _words(LABELS + 8 + 2.4 * c.right, top + 31, f"{c.right:.0f} % right"),
            _words(LABELS + 355, top + 20, c.words),
        ]
    return _picture(text_confidence(calibration), 800, 8 + 52 * len(calibration), drawn)


def _picture(told: str, width: float, height: float, drawn: Sequence[str]) -> str:
    """An SVG that takes its ink from the page and says `told` to whoever does not see it.

    In a notebook that is not trusted JupyterLab takes the tags away: what stands between them keeps the words apart.
    """
    return (
        f'<svg role="img" aria-label="{html.escape(told)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width:g}px;width:100%;{FONT}">{" ".join(drawn).replace(" ;", ";")}</svg>'
    )


def _bar(x: float, y: float, width: float, height: float, fill: str, stroke: str) -> str:
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{width:.0f}" height="{height:g}" fill="{fill}" stroke="{stroke}" '
        'stroke-width="1.5"/>'
    )


def _words(x: float, y: float, words: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" font-size="13" fill="currentColor">'
        f"{html.escape(words)}</text>"
    )
