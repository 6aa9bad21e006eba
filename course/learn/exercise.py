"""An exercise as the engine sees it: the module `course.exercises.<id>` and, where grading happens, its hidden part."""

import importlib
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import course.exercises
from course.learn.probe import COMMON_HINTS, Hint, Probe
from course.learn.told import Told

Start = Callable[[Any, int], dict[str, Any]]


@dataclass(frozen=True)
class Exercise:
    """`start(aws, seed)` builds the world and returns what `x` holds; `worlds` are the hidden starts by name."""

    id: str
    start: Start
    probes: tuple[Probe, ...]
    hidden_probes: tuple[Probe, ...]
    hints: Mapping[str, Hint]
    worlds: Mapping[str, Start]

    def start_of(self, world: str | None) -> Start:
        """The start of a hidden world, or of the learner's own if `world` is None."""
        if world is None:
            return self.start
        if world not in self.worlds:
            known = ", ".join(self.worlds) or "none here"
            raise Told(f"{self.id} has no hidden world {world!r}, it has {known}: they come with course.hidden.")
        return self.worlds[world]


def find(id: str) -> Exercise:
    """The exercise of that id. Raises Told, naming those there are, if there is none."""
    name = str(id).lower().replace("-", "_")
    if name not in _names() or str(id) != _id(name):
        raise Told(f"There is no exercise {id!r}; there is {', '.join(_id(name) for name in _names())}.")
    module = importlib.import_module(f"course.exercises.{name}")
    hidden = _hidden(name)
    return Exercise(
        id,
        module.start,
        tuple(module.PROBES),
        tuple(getattr(hidden, "PROBES", ())),
        {**COMMON_HINTS, **module.HINTS, **getattr(hidden, "HINTS", {})},
        dict(getattr(hidden, "WORLDS", {})),
    )


def _names() -> list[str]:
    """The exercises' modules; what they share is named otherwise."""
    names = (module.name for module in pkgutil.iter_modules(course.exercises.__path__))
    return sorted(name for name in names if re.fullmatch(r"o_\d|d\d_\d\d", name))


def _id(name: str) -> str:
    return name.upper().replace("_", "-")


def _hidden(name: str) -> Any:
    """The hidden part; None in a learner's copy, which has no course.hidden."""
    try:
        return importlib.import_module(f"course.hidden.{name}")
    except ModuleNotFoundError as error:
        if error.name in ("course.hidden", f"course.hidden.{name}"):
            return None
        raise
