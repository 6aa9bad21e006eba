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
BLUE, GREEN, ORANGE = "#0072B2", "#009E73", "#E69F00"  # of Okabe and Ito's palette
BANK, SPAN, RISE, DECK, LABELS = 84, 132, 30, 46, 220  # of the pictures, in their own pixels
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


def counts(places: Sequence[Place]) -> list[tuple[int, int, int]]:
    """Of each bridge how many exercises lie on it, how many are done, how many of those mastered."""
    lying = [[place for place in places if number in place.bridges] for number in range(1, len(BRIDGES) + 1)]
    return [(len(on), sum(p.status in PASSED for p in on), sum(p.status == MASTERED for p in on)) for on in lying]


# As text


def text_map(
    places: Sequence[Place], listed: Sequence[Place], calibration: Sequence[Calibration], going_on: Place | None
) -> str:
    """The map in words: the bridges, the `listed` exercises, the calibration, and where to go on."""
    lines = ["Your five bridges"]
    for number, (name, (of, done, mastered)) in enumerate(zip(BRIDGES, counts(places), strict=True), 1):
        lines.append(f"  {number} {name:<26} {_crossed(of, done, mastered)}")
    lines += ["Exercises"]
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


def _crossed(of: int, done: int, mastered: int) -> str:
    return f"{done} of {of} done" + (f", {mastered} mastered" if mastered else "")


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
    confidence = html_confidence(calibration) if calibration else ""
    return (
        f'<section aria-label="Your five bridges" style="{FONT}">{_arches(places)}'
        f'<table style="border:none;margin:.3em 0"><tbody>{rows}</tbody></table>'
        f"{confidence}<p><strong>{on}</strong></p></section>"
    )


def _arches(places: Sequence[Place]) -> str:
    """Five arches from the notebook to production; the deck of an arch is filled as far as it is done."""
    drawn, told = [], []
    for number, (name, (of, done, mastered)) in enumerate(zip(BRIDGES, counts(places), strict=True)):
        left, middle, foot = BANK + number * SPAN, BANK + (number + 0.5) * SPAN, DECK + 44
        arch = f"M{left},{foot} Q{middle},{foot - 2 * RISE} {left + SPAN},{foot}"
        drawn += [
            f'<path d="{arch}" fill="none" stroke="currentColor" stroke-width="2"/>',
            _bar(left, DECK, SPAN, 10, "none", "currentColor"),
            _bar(left, DECK, SPAN * done / of if of else 0, 10, GREEN, "none"),
            _words(middle, DECK - 26, str(number + 1), "middle"),
            _words(middle, DECK - 9, name.removesuffix(" infrastructure").removesuffix(" pipeline"), "middle"),
            _words(middle, foot + 18, _crossed(of, done, mastered), "middle"),
        ]
        told.append(f"{number + 1} {name}: {_crossed(of, done, mastered)}")
    width = 2 * BANK + len(BRIDGES) * SPAN
    drawn += [_words(BANK / 2, DECK + 10, "notebook", "middle")]
    drawn += [_words(width - BANK / 2, DECK + 10, "production", "middle")]
    return _picture("; ".join(told), width, DECK + 70, drawn)


def html_confidence(calibration: Sequence[Calibration]) -> str:
    """Two bars per domain: how sure (outlined) and how right (filled), with both numbers beside them."""
    drawn = []
    for row, c in enumerate(calibration):
        top = 8 + row * 52
        drawn += [
            _words(0, top + 20, f"D{c.domain} {DOMAINS[c.domain - 1]}"),
            _bar(LABELS, top, 2.4 * c.confidence, 15, "none", BLUE),
            _words(LABELS + 8 + 2.4 * c.confidence, top + 12, f"{c.confidence:.0f} % sure"),
            _bar(LABELS, top + 19, 2.4 * c.right, 15, ORANGE, ORANGE),
            _words(LABELS + 8 + 2.4 * c.right, top + 31, f"{c.right:.0f} % right"),
            _words(LABELS + 355, top + 20, c.words),
        ]
    return _picture(text_confidence(calibration), 800, 8 + 52 * len(calibration), drawn)


def _picture(told: str, width: float, height: float, drawn: Sequence[str]) -> str:
    """An SVG that takes its ink from the page and says `told` to whoever does not see it."""
    return (
        f'<svg role="img" aria-label="{html.escape(told)}" viewBox="0 0 {width:g} {height:g}" '
        f'style="max-width:{width:g}px;width:100%;{FONT}">{"".join(drawn)}</svg>'
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
