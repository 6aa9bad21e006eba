"""O-4 with payments that nobody has seen, and, to prove each cause by itself, a world for each of the four."""

from __future__ import annotations

from functools import partial

from course.exercises import o_4
from course.learn.probe import NOT_YET, Finding, found, probe
from course.learn.world import World


@probe(points=2, hint="o-4-still-low")
def as_good_on_unseen_payments(world: World) -> Finding:
    """Your endpoint is as good on payments that nobody has seen"""
    if o_4.as_good_as_offline.look(world).status == NOT_YET:  # it has lost its points already
        return found(True, looked="your endpoint", seen="as on the week that is known", expected="nothing more")
    return o_4.judge(world, 67, o_4.UNSEEN, 14, "the payments of the two weeks after")


PROBES = (as_good_on_unseen_payments,)
WORLDS = {cause: partial(o_4.build, cause=cause) for cause in o_4.CAUSES}
