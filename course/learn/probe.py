"""Probes: what a check looks at, one question each, and the finding that answers it.

    @probe(points=1, hint="o-8-endpoint-left")
    def nothing_left(world: World) -> Finding:
        "Nothing of yours is still billed"
        names = [e["EndpointName"] for e in world.client("sagemaker").list_endpoints()["Endpoints"]]
        return found(not names, looked="your endpoints", seen=", ".join(names) or "none", expected="none")

A probe reads what the server knows (Describe, List, the trail, the meter, traffic that it sends itself) and what the
learner handed to `check`, as `world.given`. It never looks into the kernel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course.learn.world import World

PASSED, NOT_YET, NOTE = "passed", "not yet", "passed, with a note"


@dataclass(frozen=True)
class Hint:
    """What to do about a finding, and which part of the notebook to read again."""

    text: str
    read: str


@dataclass(frozen=True)
class Finding:
    """The answer to one probe. `hint` names an entry of the exercise's HINTS; None where there is nothing to do."""

    status: str
    looked: str
    seen: str
    expected: str
    hint: str | None = None
    title: str = ""
    points: float = 0.0
    of: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Plain data for engines."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def found(holds: bool, *, looked: str, seen: str, expected: str, hint: str | None = None) -> Finding:
    """A finding that passes when `holds`. `hint` overrides the probe's own one where a cause is known more exactly."""
    return Finding(PASSED if holds else NOT_YET, looked, seen, expected, None if holds else hint)


def noted(*, looked: str, seen: str, expected: str, hint: str) -> Finding:
    """Full points, and something worth saying all the same."""
    return Finding(NOTE, looked, seen, expected, hint)


@dataclass(frozen=True)
class Probe:
    """A probe function with its points and the hint of its usual failure; its docstring is its title."""

    look: Callable[[World], Finding]
    points: float
    hint: str

    @property
    def title(self) -> str:
        return (self.look.__doc__ or self.look.__name__).strip().splitlines()[0]

    def run(self, world: World) -> Finding:
        """Ask. A probe that breaks gives a finding that says so, never an exception."""
        try:
            finding = self.look(world)
        except Exception as error:
            finding = Finding(
                NOT_YET,
                looked=self.title,
                seen=f"the check itself stopped: {type(error).__name__}: {error}",
                expected="an answer from the cloud",
                hint=BROKEN,
            )
        hint = self.hint if finding.status == NOT_YET and finding.hint is None else finding.hint
        points = 0.0 if finding.status == NOT_YET else self.points
        return replace(finding, title=self.title, hint=hint, points=points, of=self.points)


def probe(*, points: float, hint: str) -> Callable[[Callable[[World], Finding]], Probe]:
    """Make a function a probe worth `points`; when it fails it says `hint`, unless its finding knows better."""
    return lambda look: Probe(look, points, hint)


def total(public: Sequence[Finding], hidden: Sequence[Finding] = ()) -> float:
    """Public findings give their points; a hidden one gives nothing, and takes its points away when it fails."""
    given = sum(finding.points for finding in public)
    taken = sum(finding.of - finding.points for finding in hidden)
    return float(max(0.0, given - taken))


BROKEN, NOT_HANDED_IN = "check-broken", "quiz-not-handed-in"
COMMON_HINTS = {
    BROKEN: Hint("This is not about your work. Run the begin cell and your cells again.", "the begin cell"),
    NOT_HANDED_IN: Hint(
        "Answers are kept in answers.json beside the notebook. Answer the questions above; and when you hand in, hand "
        "in the whole folder.",
        "the questions",
    ),
}
