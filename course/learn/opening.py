"""`begin`: a fresh world in an exercise's start state, and `x`, which names what stands in it."""

from __future__ import annotations

import html
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from course.learn import answers, exercise, progress, seeds, setting, world
from course.learn.told import Told


class NotGiven(Told, AttributeError):
    """A name that the exercise begun last does not give."""


class Given(SimpleNamespace):
    """What an exercise gives: attributes to use in code, shown as a table of names and values."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)  # IPython asks for its own
        there = ", ".join(f"x.{known}" for known in vars(self)) or "nothing"
        raise NotGiven(
            f"x.{name} is not there: x has {there}. If another exercise gives it, run that one's begin first."
        )

    def _rows(self) -> list[tuple[str, str]]:
        return [(name, _short(value)) for name, value in vars(self).items()]

    def __repr__(self) -> str:
        width = max((len(name) for name in vars(self)), default=0)
        return "\n".join(f"x.{name:<{width}}  {value}" for name, value in self._rows())

    def _repr_html_(self) -> str:
        cell = "color:inherit;text-align:left;padding:2px 12px 2px 0;font-family:var(--jp-code-font-family,monospace)"
        rows = "".join(
            f'<tr><th scope="row" style="{cell}">x.{html.escape(name)}</th>'
            f'<td style="{cell}">{html.escape(value)}</td></tr>'
            for name, value in self._rows()
        )
        return f"<table><tbody>{rows}</tbody></table>"


def begin(id: str, again: bool = False) -> Given:
    """Replace the notebook's world by a fresh one in the exercise's start state; return what the exercise gives.

    Running it again rebuilds the same world and takes everything out of it that was made there. `again=True` is a new
    attempt: other names and other data, recorded in answers.json beside the notebook.
    """
    surroundings = setting.read()
    found = exercise.find(id)
    start = found.start_of(surroundings.world)
    private = world.prepare()
    if surroundings.world is not None:
        seed = seeds.hidden_seed(id, surroundings.world, surroundings.key_file, surroundings.variant)
    else:
        attempt = answers.next_attempt(id) if again else answers.present_attempt(id)
        seed = seeds.own_seed(answers.whose(id), id, attempt)
        answers.note_whose(id)
    if private:
        print(world.PRIVATE)
        import boto3  # noqa: F401  # loaded while the parents warm up: both take about a second
        import pandas  # noqa: F401
    fresh = world.replace(found, seed, surroundings.world)
    fresh.started = fresh.control("now")["now"]
    given = Given(**start(fresh, seed))
    fresh.before = frozenset((event["kind"], event["name"]) for event in fresh.control("timeline"))
    progress.begun(id)
    return given


def _short(value: Any) -> str:
    """A value as the table shows it: a file by its name alone, since its folder differs from machine to machine."""
    if isinstance(value, Path) or (isinstance(value, str) and os.path.isabs(value)):
        path = Path(value)
        return f"the file {path.name} ({path.stat().st_size / 1000:,.0f} kB)" if path.is_file() else path.name
    return str(value)
