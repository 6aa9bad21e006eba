"""O-6 Five-bridge map: twenty sentences to be put on a bridge, an exam domain and a service, in four hands of five."""

from __future__ import annotations

from typing import Any

from course.exam import bank
from course.exam.judging import facets_right
from course.learn import quiz_results
from course.learn.probe import NOT_HANDED_IN, Finding, Hint, found, probe
from course.learn.world import World

NEEDED = 18
BRIDGE, DOMAIN = "bridge", "domain"
AUTOMATION, OPERATIONS = "4", "5"
MOST = 3  # of the four cards of a bridge: more than a slip


def start(aws: World, seed: int) -> dict[str, Any]:
    """Only how many cards there are, and how many must be right."""
    return {"cards": sum(len(item.prompts) for item in bank.load("O-6")), "needed": NEEDED}


@probe(points=1, hint="o-6-bridge")
def bridges(world: World) -> Finding:
    """The cards are on their bridges"""
    wrong = [(right, given) for right, given in _given(0) if right != given]
    hint = None
    if sum(right == AUTOMATION and given == "3" for right, given in wrong) >= MOST:
        hint = "o-6-automation"
    elif sum(right == OPERATIONS for right, _ in wrong) >= MOST:
        hint = "o-6-operations"
    return _placed(BRIDGE, hint)


@probe(points=1, hint="o-6-domain")
def domains(world: World) -> Finding:
    """The cards are in their domains of the exam"""
    return _placed(DOMAIN)


@probe(points=1, hint="o-6-service")
def services(world: World) -> Finding:
    """The cards have the service that answers them"""
    return _placed("service")


PROBES = (bridges, domains, services)


def _placed(facet: str, hint: str | None = None) -> Finding:
    """Whether enough cards are right in one facet; an open hand counts as five cards that are not."""
    marked = quiz_results.marked("O-6")
    looked = f"the {facet} that you chose for each card"
    asked = {"looked": looked, "expected": f"at least {NEEDED} of {sum(len(one.item.prompts) for one in marked)} right"}
    if missing := quiz_results.missing("O-6"):
        return found(False, seen=missing, hint=NOT_HANDED_IN, **asked)
    right, open_ = 0, []
    for number, one in enumerate(marked, 1):
        if one.answer is None:
            open_.append(str(number))
            continue
        facets = facets_right(one.item, one.answer.choice) or {}
        right += sum(sum(hits) for name, hits in facets.items() if name.partition("-")[0] == facet)
    seen = f"{right} right" + (f"; open: {', '.join(open_)}" if open_ else "")
    return found(right >= NEEDED, seen=seen, hint="o-6-open" if open_ else hint, **asked)


def _given(place: int) -> list[tuple[str, str]]:
    """Of every answered card (right, given) in the facet at that place."""
    answered = [one for one in quiz_results.marked("O-6") if one.answer is not None]
    return [
        (prompt.answer[place], one.answer.choice[prompt.id][place])  # type: ignore[union-attr]
        for one in answered
        for prompt in one.item.prompts
    ]


HINTS = {
    "o-6-open": Hint("Some hands are not played. Choose for every card, then commit the hand.", "The cards"),
    "o-6-bridge": Hint(
        "Ask of each sentence what is missing: data, a way to train, a place that answers, someone who starts it, or "
        "someone who watches.",
        "The principle",
    ),
    "o-6-automation": Hint(
        "Cards where a person repeats by hand what works already are on bridge 4. Deployment and automation are in one "
        "domain of the exam, D3, but they are two bridges.",
        "The trap",
    ),
    "o-6-operations": Hint(
        "Who may, what does it cost, is it still good: such questions are asked of what runs, on bridge 5, wherever "
        "the thing itself was built.",
        "The principle",
    ),
    "o-6-domain": Hint(
        "Bridge 1 lies in D1 and bridge 2 in D2; bridges 3 and 4 both lie in D3, and bridge 5 in D4.", "The principle"
    ),
    "o-6-service": Hint(
        "Read what is said of each service that you chose wrongly, then open a new attempt.", "The cards"
    ),
}
