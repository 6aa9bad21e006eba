"""What is said about a question, as text and as HTML: what it asks, and then why each option is right or wrong."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from course import syllabus
from course.exam.items import CASE, CHOICE, MATCHING, ORDERING, Facet, Item, Option, Question, Step
from course.exam.judging import judge, understood
from course.learn import screen

CONFIDENCE = {25: "a guess", 50: "leaning to it", 75: "fairly sure", 95: "sure"}  # per cent, and in words
RIGHT, WRONG, LEFT = "✓", "✗", "·"
COLOURS = {RIGHT: "#009E73", WRONG: "#D55E00", LEFT: "var(--jp-border-color1,#999)"}
ORDINALS = ("first", "second", "third", "fourth", "fifth")
NUMBERS = ("none", "one", "two", "three", "four", "five", "six", "seven")


@dataclass(frozen=True)
class Line:
    """One option, step or prompt explained: a sign, the same in words, and sentences with their labels."""

    sign: str
    said: str
    text: str
    reasons: tuple[tuple[str, str], ...]


def task(item: Item | Question) -> str:
    """What to do: "Choose one.", "Put these in order."."""
    if item.kind == ORDERING:
        return "Put these in order."
    if item.kind == MATCHING:
        return "Choose one for each." if len(getattr(item, "facets", ())) == 1 else "Choose for each."
    if item.kind == CASE:
        return "Read the case, then answer each question."
    number = 1 if item.kind == CHOICE else sum(option.right for option in item.options)
    return f"Choose {NUMBERS[number]}."


def summary(item: Item, choice: Any) -> str:
    """The verdict in a sentence: "Right.", "Not right.", "3 of 5 right."."""
    verdict = judge(item, choice)
    assert verdict is not None, "only whole answers are committed"
    if verdict.right:
        return "Right."
    parts = verdict.parts.values()
    return "Not right." if len(parts) == 1 else f"{sum(parts)} of {len(parts)} right."


def explained(item: Item, choice: Any) -> list[tuple[str, list[Line]]]:
    """Every option explained, in sections with a heading; the heading is empty where there is only one section."""
    answer = understood(item, choice)
    if item.kind == CASE:
        return [(question.stem, list(_options(question.options, answer[question.id]))) for question in item.questions]
    if item.kind == MATCHING:
        return [("", list(_prompts(item, answer)))]
    if item.kind == ORDERING:
        return [("", list(_steps(item, answer)))]
    return [("", list(_options(item.options, answer)))]


def _options(options: Sequence[Option], chosen: Sequence[str]) -> Iterator[Line]:
    for option in options:
        taken = option.id in chosen
        if option.right:
            said = "right, and chosen" if taken else "right, not chosen"
            yield Line(RIGHT, said, option.text, (("why", option.why),))
        else:
            said = "wrong, and chosen" if taken else "wrong, not chosen"
            reasons = (("tempting", option.tempting), ("wrong here", option.wrong), ("right when", option.when))
            yield Line(WRONG if taken else LEFT, said, option.text, reasons)


def _steps(item: Item, order: Sequence[str]) -> Iterator[Line]:
    for place, step in enumerate(item.steps):
        had = order.index(step.id)
        said = ORDINALS[place] if had == place else f"{ORDINALS[place]}; you had it {ORDINALS[had]}"
        yield Line(RIGHT if had == place else WRONG, said, step.text, (("why", step.why),))


def _prompts(item: Item, answer: dict[str, list[str]]) -> Iterator[Line]:
    for prompt in item.prompts:
        given = answer[prompt.id]
        reasons = [("why", prompt.why)]
        said = []
        for facet, right, mine in zip(item.facets, prompt.answer, given, strict=True):
            said.append(facet.choice(right).text)
            if mine != right:
                said[-1] += f" (you said {facet.choice(mine).text})"
                reasons.append((f"{facet.choice(mine).text} is right when", facet.choice(mine).when))
        yield Line(RIGHT if given == list(prompt.answer) else WRONG, "; ".join(said), prompt.text, tuple(reasons))


def back(item: Item) -> str:
    """Where to read and do more about it."""
    try:
        title = f" {syllabus.load().exercise(item.exercise).title}"
    except KeyError:
        title = ""
    return f"Go back to {item.exercise}{title}."


def text_of(item: Item, steps: Sequence[Step], answer: Any, confidence: int | None, place: str) -> str:
    """A question as text, with the ids that `answer` takes, and what was committed. `steps` stand as they are shown."""
    lines = [screen.wrapped(f"{place}  {item.id}: {item.stem} {task(item)}")]
    if item.kind == CASE:
        for question in item.questions:
            lines += [screen.wrapped(f"{question.id}: {question.stem} {task(question)}", "  ", "    ")]
            lines += _listed([(option.id, option.text) for option in question.options], "    ")
    elif item.kind == MATCHING:
        lines += [line for facet in item.facets for line in _facet_text(facet)]
        lines += _listed([(prompt.id, prompt.text) for prompt in item.prompts], "  ")
    else:
        lines += _listed([(option.id, option.text) for option in item.options], "  ") if item.options else []
        lines += _listed([(step.id, step.text) for step in steps], "  ") if steps else []
    if answer is None:
        lines.append("  not answered")
    else:
        sure = f" ({CONFIDENCE[confidence]})" if confidence in CONFIDENCE else ""
        lines.append(screen.wrapped(f"answered{sure}: {_plain(answer)}. {summary(item, answer)}", "  ", "    "))
    return "\n".join(lines)


def _facet_text(facet: Facet) -> list[str]:
    return [f"  {facet.text}:", *_listed([(choice.id, choice.text) for choice in facet.choices], "    ")]


def _listed(parts: Sequence[tuple[str, str]], indent: str) -> list[str]:
    width = max(len(id) for id, _ in parts)
    return [screen.wrapped(text, f"{indent}{id:<{width}}  ") for id, text in parts]


def _plain(answer: Any) -> str:
    if isinstance(answer, dict):
        return "; ".join(f"{id} {_plain(value)}" for id, value in answer.items())
    return ", ".join(answer)


def explanation_text(item: Item, choice: Any) -> str:
    """The explanation as text."""
    lines = [summary(item, choice)]
    for heading, section in explained(item, choice):
        lines += [screen.wrapped(heading, "  ")] if heading else []
        for line in section:
            lines.append(screen.wrapped(f"{line.sign} {line.said}: {line.text}", "  ", "    "))
            lines += [screen.wrapped(f"{label}: {reason}", "      ", "        ") for label, reason in line.reasons]
    return "\n".join([*lines, back(item)])


def explanation_page(item: Item, choice: Any) -> str:
    """The explanation as HTML, without the summary, which has a live region of its own."""
    parts = []
    for heading, section in explained(item, choice):
        parts += [f"<p><strong>{html.escape(heading)}</strong></p>"] if heading else []
        for line in section:
            reasons = "".join(f"<br><em>{html.escape(label)}</em>: {html.escape(why)}" for label, why in line.reasons)
            parts.append(
                f'<div style="border-left:4px solid {COLOURS[line.sign]};margin:.5em 0;padding:.1em .8em">'
                f"<strong>{line.sign} {html.escape(line.said)}</strong>: {html.escape(line.text)}{reasons}</div>"
            )
    return "".join([*parts, f"<p>{html.escape(back(item))}</p>"])
