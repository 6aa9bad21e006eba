"""A user's scripts: preprocess_handler(inference_record) and postprocess_handler().

They run in the analyser's own process, which is the job's sandbox: they can do what the job can, and no more.
Source: developer guide, model-monitor-pre-and-post-processing.
"""

from __future__ import annotations

import inspect
import logging
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from course.cloud.monitoring.capture import CapturedData, Rows, json_rows, named_rows, text_of
from course.cloud.monitoring.errors import MonitoringError

PREPROCESS, POSTPROCESS = "preprocess_handler", "postprocess_handler"


def load(path: Path, name: str) -> Callable[..., Any]:
    """The handler of that name in the script. Raises MonitoringError when there is none."""
    if not path.is_file():
        raise MonitoringError(f"There is no script at {path}.")
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    exec(compile(path.read_bytes(), str(path), "exec", dont_inherit=True), module.__dict__)
    handler = getattr(module, name, None)
    if not callable(handler):
        raise MonitoringError(f"The script {path.name} does not define {name}.")
    return handler


class Preprocessor:
    """A script's preprocess_handler.

    names: the baseline's features. An object whose keys are among them goes by name; any other goes by position, its
    keys sorted, as in AWS's analyser (hence the guide's keys "0000", "0001", …).
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._handler = load(path, PREPROCESS)
        self._names = frozenset(names)
        self._wants_logger = len(inspect.signature(self._handler).parameters) > 1

    def rows(self, record: CapturedData) -> Rows:
        """What the script makes of a record: an object or array, a list of those, or nothing to leave it out."""
        given = (record, logging.getLogger("preprocessor")) if self._wants_logger else (record,)
        made = self._handler(*given)
        if not made:
            return None, []
        if not isinstance(made, (Mapping, list, tuple)):
            raise MonitoringError(f"{PREPROCESS} returned {type(made).__name__}; an object or a list is needed.")
        objects = [made] if isinstance(made, Mapping) else list(made)
        if not all(isinstance(one, Mapping) for one in objects):
            return json_rows(objects)
        if any(name in self._names for one in objects for name in one):
            return named_rows(objects)
        return None, [[text_of(one[name]) for name in sorted(one)] for one in objects]
