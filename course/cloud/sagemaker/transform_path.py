"""JSONPath as DataProcessing takes it: which part of a record goes to the model, and which part is kept.

Source: developer guide, "Associate Prediction Results with Input Records", its table of supported operators. Slices
follow that table and the JsonPath project that it refers to: they end before <end>. The guide's CSV example says
"inclusive"; only open slices mean the same in both.

Practice: names take letters, digits, spaces and hyphens only (github.com/aws/aws-sdk/issues/184 prints AWS's refusal
of an underscore), and a range does not stand beside other indexes (github.com/aws/sagemaker-python-sdk/issues/1112),
although the API reference shows $[0,5:] as an example.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

ROOT = "$"
OPERATORS = {
    "text/csv": "$[]* ,:-",
    "application/json": "$[]*. ,:-'",
    "application/jsonlines": "$[]*. ,:-'",
}
"""What a path may hold beside letters (not for CSV, whose rows are arrays) and digits, by content type."""

_STEP = re.compile(
    r"""\.?\[\s*(?:
        (?P<all>\*)
      | (?P<names>'[^']*'(?:\s*,\s*'[^']*')*)
      | (?P<numbers>-?\d+(?:\s*,\s*-?\d+)*)
      | (?P<start>-?\d*)\s*:\s*(?P<end>-?\d*)
    )\s*\]
    | \.(?P<name>\*|[A-Za-z0-9-]+)""",
    re.VERBOSE,
)


class InvalidPath(ValueError):
    """No path that is understood, or one that leads nowhere in a record."""


@dataclass(frozen=True, slots=True)
class Step:
    """One level down: to names of an object, indexes of an array, a slice of it, or everything (all three None)."""

    names: tuple[str, ...] | None = None
    indexes: tuple[int, ...] | None = None
    part: slice | None = None

    def apply(self, value: Any, rest: Callable[[Any], Any]) -> Any:
        """What lies there; `rest` leads further from each thing that was found."""
        if self.names is not None:
            if len(self.names) == 1:
                return rest(value[self.names[0]])
            return {name: rest(value[name]) for name in self.names}
        if self.indexes is not None:
            if not isinstance(value, list):
                raise TypeError
            if len(self.indexes) == 1:
                return rest(value[self.indexes[0]])
            return [rest(value[index]) for index in self.indexes]
        if self.part is not None:
            if not isinstance(value, list):
                raise TypeError
            return [rest(item) for item in value[self.part]]
        return [rest(item) for item in (value.values() if isinstance(value, dict) else value)]


@dataclass(frozen=True, slots=True)
class Path:
    """A path that has been read."""

    text: str
    steps: tuple[Step, ...]

    @classmethod
    def read(cls, text: str) -> "Path":
        """Raises InvalidPath."""
        bare = text.strip()
        if not bare.startswith(ROOT):
            raise InvalidPath(f"Invalid JsonPath: {text}: a path begins with $")
        steps, at = [], 1
        while at < len(bare):
            found = _STEP.match(bare, at)
            if found is None:
                raise InvalidPath(f"Invalid JsonPath: {text}: {_complaint(bare[at:])}")
            steps.append(_step(found))
            at = found.end()
        return cls(text, tuple(steps))

    @property
    def is_root(self) -> bool:
        return not self.steps

    def find(self, value: Any) -> Any:
        """What lies there in `value`. Raises InvalidPath."""
        try:
            return self._from(0, value)
        except (KeyError, IndexError, TypeError):
            raise InvalidPath(f"Invalid JsonPath: {self.text}: the record has nothing there") from None

    def columns(self, row: list[str]) -> list[str]:
        """What lies there in a row of CSV, as a row. Raises InvalidPath."""
        found = self.find(row)
        return found if isinstance(found, list) else [found]

    def _from(self, number: int, value: Any) -> Any:
        if number == len(self.steps):
            return value
        if number + 1 == len(self.steps) and (part := self.steps[number].part) and isinstance(value, list):
            return value[part]
        return self.steps[number].apply(value, lambda found: self._from(number + 1, found))


def check(member: str, path: str, content_type: str) -> str:
    """Why CreateTransformJob refuses a path, or ""."""
    allowed = OPERATORS[content_type]
    for letter in path:
        word = letter.isascii() and (letter.isdigit() or (letter.isalpha() and "." in allowed))
        if letter not in allowed and not word:
            return (
                f'Invalid {member}: "{path}". Unexpected "{letter}" in JsonPath. Supported operators for '
                f'"{content_type}" are [{", ".join(f"{one!r}" if one != chr(39) else chr(39) * 3 for one in allowed)}]'
            )
    return ""


def _step(found: re.Match[str]) -> Step:
    if found["all"] or found["name"] == "*":
        return Step()
    if found["name"]:
        return Step(names=(found["name"],))
    if found["names"]:
        return Step(names=tuple(re.findall(r"'([^']*)'", found["names"])))
    if found["numbers"]:
        return Step(indexes=tuple(int(number) for number in found["numbers"].split(",")))
    start, end = found["start"], found["end"]
    return Step(part=slice(int(start) if start else None, int(end) if end else None))


def _complaint(rest: str) -> str:
    inner = rest.partition("]")[0] + "]"
    if rest.startswith("[") and ":" in inner and "," in inner:
        return f"only single range filters of format (eg: [1:5]) are supported. Format {inner} is not supported"
    return f'"{rest}" is not understood'
