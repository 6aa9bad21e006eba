"""O-2 where nobody has seen it: payments of the month after, and a bank in which a review costs three times as much."""

from __future__ import annotations

from typing import Any

from course.exercises import o_2
from course.learn.probe import NOT_YET, Finding, found, probe
from course.learn.world import World


@probe(points=2, hint="o-2-dear")
def cheap_next_month(world: World) -> Finding:
    """Your cut costs next to the least on payments that nobody has seen"""
    if o_2.cheap_cut.look(world).status == NOT_YET:  # it has lost its points already
        return found(True, looked="the cut", seen="as on the month that is known", expected="nothing more")
    chance, score = o_2.unseen(world, world.seed)
    return o_2.judge_cut(world, chance, score, o_2.UNSEEN, "the next month's payments, by their true chance of fraud")


PROBES = (cheap_next_month,)


def dearer_reviews(aws: World, seed: int) -> dict[str, Any]:
    """The exercise's own start on another seed, with dearer reviews."""
    return o_2.build(aws, seed, o_2.MISSED, 3 * o_2.REVIEW)


WORLDS = {"dearer_reviews": dearer_reviews}
