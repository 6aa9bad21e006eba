"""D4-06 with payments of the same month that nobody has seen."""

from __future__ import annotations

from course.exercises import d4_06
from course.learn.probe import NOT_YET, Finding, found, probe
from course.learn.world import World


@probe(points=3, hint="d4-06-harmless")
def month_of_others(world: World) -> Finding:
    """The month costs no more with payments that nobody has seen"""
    if d4_06.month_played.look(world).status == NOT_YET:  # it has lost its points already
        return found(True, looked="your endpoints", seen="as in the month that is known", expected="nothing more")
    return d4_06.judge(world, 1, "the month, with other payments,")


PROBES = (month_of_others,)
WORLDS: dict[str, object] = {}
