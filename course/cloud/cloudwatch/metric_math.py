"""Metric math: expressions over time series. Source: CloudWatch guide, "Using math expressions".

A value is a number, a time series ({seconds since the epoch: number}, ascending) or a list of time series. Arithmetic
between two time series gives a value where both have one. Comparisons and AND, OR give 1 and 0.
"""

import itertools
import math
import operator
import re
import statistics as numbers
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from ..errors import NotSupported, ValidationFailed

Series = dict[float, float]
Value = Any  # float | Series | list[Series] | str

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)|(?P<text>\"[^\"]*\"|'[^']*')|(?P<name>[A-Za-z]\w*)"
    r"|(?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),\[\]]))"
)
_STRENGTH = {
    "OR": 1,
    "AND": 2,
    "==": 3,
    "!=": 3,
    "<": 4,
    "<=": 4,
    ">": 4,
    ">=": 4,
    "+": 5,
    "-": 5,
    "*": 6,
    "/": 6,
    "^": 8,
}
_NEGATION = 7
_SAME = {"&&": "AND", "||": "OR"}
_LACKING = (
    "ANOMALY_DETECTION_BAND", "DAY", "DATE", "DB_PERF_INSIGHTS", "EPOCH", "HOUR", "INSIGHT_RULE_METRIC", "LAMBDA",
    "MINUTE", "MONTH", "REMOVE_EMPTY", "SEARCH", "SELECT", "SERVICE_QUOTA", "SLICE", "SORT", "YEAR",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Node:
    """What an expression is made of: a number, a text, a name, or an operator or function with its parts."""

    kind: str  # number | text | name | list | call
    value: Any
    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression may look at. `named` gives the value behind an Id; `metrics` those of all metrics, by Id."""

    named: Callable[[str], Value]
    metrics: Callable[[], dict[str, Series]]
    period: Callable[[str], int]
    times: tuple[float, ...]  # the start of every period that is asked for, ascending


@cache
def parse(expression: str) -> Node:
    """Raises ValidationFailed for what is no expression."""
    tokens, end = [], 0
    text = expression.rstrip()
    while end < len(text):
        found = _TOKEN.match(text, end)
        if found is None:
            raise ValidationFailed(f"Error in expression '{expression}': unexpected '{text[end:].strip()[:1]}'.")
        kind, end = found.lastgroup, found.end()
        token = found[kind]
        if kind == "name" and token in ("AND", "OR"):
            kind = "sign"
        tokens.append((kind, _SAME.get(token, token)))
    return _Parser(expression, tokens).whole()


def names(node: Node) -> set[str]:
    """The Ids that an expression refers to."""
    found = {node.value} if node.kind == "name" else set()
    return found.union(*(names(part) for part in node.parts))


def evaluate(node: Node, context: Context) -> Value:
    """The value of an expression. Raises ValidationFailed where it has none."""
    if node.kind in ("number", "text"):
        return node.value
    if node.kind == "name":
        return node.value if node.value in ("REPEAT", "LINEAR") else context.named(node.value)
    if node.kind == "list":
        return [each for part in node.parts for each in _series_in(evaluate(part, context))]
    if node.value == "PERIOD":
        return float(context.period(node.parts[0].value))
    values = [evaluate(part, context) for part in node.parts]
    if node.value in _OPERATORS:
        return _apart(_OPERATORS[node.value], *values)
    return _FUNCTIONS[node.value][0](context, *values)


class _Parser:
    """A parser by operator precedence."""

    def __init__(self, expression: str, tokens: list[tuple[str, str]]):
        self._expression, self._tokens, self._at = expression, tokens, 0

    def whole(self) -> Node:
        node = self._part(0)
        if self._at < len(self._tokens):
            raise self._fault()
        return node

    def _fault(self) -> ValidationFailed:
        where = f"'{self._tokens[self._at][1]}'" if self._at < len(self._tokens) else "end"
        return ValidationFailed(f"Error in expression '{self._expression}': unexpected {where}.")

    def _take(self, *wanted: str) -> str:
        kind, token = self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")
        if wanted and (kind != "sign" or token not in wanted):
            raise self._fault()
        self._at += 1
        return token

    def _next_is(self, sign: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign)

    def _part(self, least: int) -> Node:
        left = self._operand()
        while self._at < len(self._tokens) and self._tokens[self._at][0] == "sign":
            sign = self._tokens[self._at][1]
            strength = _STRENGTH.get(sign, 0)
            if strength <= least:
                break
            self._at += 1
            right = self._part(strength - 1 if sign == "^" else strength)
            left = Node("call", sign, (left, right))
        return left

    def _operand(self) -> Node:
        if self._at >= len(self._tokens):
            raise self._fault()
        kind, token = self._tokens[self._at]
        if kind == "number":
            self._at += 1
            return Node("number", float(token))
        if kind == "text":
            self._at += 1
            return Node("text", token[1:-1])
        if kind == "name":
            self._at += 1
            return self._call(token) if self._next_is("(") else Node("name", token)
        if token == "-":
            self._at += 1
            return Node("call", "-", (Node("number", 0.0), self._part(_NEGATION)))
        if token == "[":
            return Node("list", None, self._several("[", "]"))
        self._take("(")
        node = self._part(0)
        self._take(")")
        return node

    def _several(self, opening: str, closing: str) -> tuple[Node, ...]:
        self._take(opening)
        parts: list[Node] = []
        while not self._next_is(closing):
            parts.append(self._part(0))
            if not self._next_is(closing):
                self._take(",")
        self._take(closing)
        return tuple(parts)

    def _call(self, name: str) -> Node:
        if name in _LACKING:
            raise NotSupported(f"This cloud does not support the function {name} of metric math yet.")
        if name not in _FUNCTIONS:
            raise ValidationFailed(f"Error in expression '{self._expression}': unknown function '{name}'.")
        parts = self._several("(", ")")
        if len(parts) not in _FUNCTIONS[name][1] or (name == "PERIOD" and parts[0].kind != "name"):
            raise ValidationFailed(f"Error in expression '{self._expression}': {name} has other parameters.")
        return Node("call", name, parts)


# -- values --------------------------------------------------------------------------------------------------------


def _series_in(value: Value) -> list[Series]:
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return value
    raise ValidationFailed("An array of metric math holds time series only.")


def _apart(function: Callable[..., float | None], *values: Value) -> Value:
    """A function of numbers, done value by value: over every list, then at every time that all series have."""
    if any(isinstance(value, str) for value in values):
        raise ValidationFailed("Metric math does not count with text.")
    if lists := [value for value in values if isinstance(value, list)]:
        if len(lists) > 1 and len({len(found) for found in lists}) > 1:
            raise ValidationFailed("These arrays of metric math differ in length.")
        return [
            _apart(function, *(value[place] if isinstance(value, list) else value for value in values))
            for place in range(len(lists[0]))
        ]
    series = [value for value in values if isinstance(value, dict)]
    if not series:
        return function(*values)
    found = {}
    for at in series[0]:
        if all(at in other for other in series[1:]):
            result = function(*(value[at] if isinstance(value, dict) else value for value in values))
            if result is not None:
                found[at] = result
    return found


def _divided(a: float, b: float) -> float | None:
    return a / b if b else None


def _power(a: float, b: float) -> float | None:
    try:
        result = a**b
    except (OverflowError, ZeroDivisionError):
        return None
    return None if isinstance(result, complex) else result


_OPERATORS: dict[str, Callable[[float, float], float | None]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "^": _power,
    "==": lambda a, b: float(a == b),
    "!=": lambda a, b: float(a != b),
    "<": lambda a, b: float(a < b),
    "<=": lambda a, b: float(a <= b),
    ">": lambda a, b: float(a > b),
    ">=": lambda a, b: float(a >= b),
    "AND": lambda a, b: float(bool(a) and bool(b)),
    "OR": lambda a, b: float(bool(a) or bool(b)),
}


def _together(function: Callable[[list[float]], float]) -> Callable[..., Value]:
    """SUM and its like: of one series the number over its time, of a list the series over its members."""

    def run(context: Context, value: Value) -> Value:
        if isinstance(value, dict):
            return function(list(value.values())) if value else 0.0
        if not isinstance(value, list):
            return value
        times = sorted({at for series in value for at in series})
        return {at: function([series[at] for series in value if at in series]) for at in times}

    return run


def _each(function: Callable[[float], float | None]) -> Callable[..., Value]:
    return lambda context, value: _apart(function, value)


def _over(function: Callable[[Series], Series]) -> Callable[..., Value]:
    """A function of one series, done for each in a list."""

    def run(context: Context, value: Value) -> Value:
        return [function(each) for each in value] if isinstance(value, list) else function(*_series_in(value))

    return run


def _differences(series: Series) -> list[tuple[float, float, float]]:
    """(time, difference to the value before, seconds since then)."""
    items = list(series.items())
    return [(at, value - before, at - then) for (then, before), (at, value) in itertools.pairwise(items)]


def _running(series: Series) -> Series:
    total, found = 0.0, {}
    for at, value in series.items():
        total += value
        found[at] = total
    return found


def _if(context: Context, test: Value, yes: Value, no: Value = None) -> Value:
    """IF(test, yes, no): where a series lacks the value that is wanted, there is none."""
    if not isinstance(test, dict):
        return yes if test else no
    found = {}
    for at, holds in test.items():
        wanted = yes if holds else no
        value = wanted.get(at) if isinstance(wanted, dict) else wanted
        if value is not None:
            found[at] = value
    return found


def _fill(context: Context, value: Value, filler: Value) -> Value:
    if isinstance(value, list):
        return [_fill(context, each, filler) for each in value]
    [series] = _series_in(value)
    times = sorted({*context.times, *series})
    if filler == "REPEAT":
        return _repeated(series, times)
    if filler == "LINEAR":
        return _linear(series, times)
    gaps = filler if isinstance(filler, dict) else dict.fromkeys(times, filler)
    return {at: series.get(at, gaps.get(at)) for at in times if at in series or at in gaps}


def _repeated(series: Series, times: list[float]) -> Series:
    last, found = None, {}
    for at in times:
        last = series.get(at, last)
        if last is not None:
            found[at] = last
    return found


def _linear(series: Series, times: list[float]) -> Series:
    known, found = list(series), {}
    for at in times:
        before = max((each for each in known if each <= at), default=None)
        after = min((each for each in known if each >= at), default=None)
        if before is None or after is None:
            continue
        share = (at - before) / (after - before) if after > before else 0.0
        found[at] = series[before] + share * (series[after] - series[before])
    return found


def _metrics(context: Context, text: str = "") -> list[Series]:
    return [series for name, series in context.metrics().items() if text in name]


def _time_series(context: Context, value: Value) -> Value:
    return value if isinstance(value, (dict, list)) else dict.fromkeys(context.times, value)


_FUNCTIONS: dict[str, tuple[Callable[..., Value], tuple[int, ...]]] = {
    "ABS": (_each(abs), (1,)),
    "AVG": (_together(numbers.fmean), (1,)),
    "CEIL": (_each(lambda a: float(math.ceil(a))), (1,)),
    "DIFF": (_over(lambda series: {at: change for at, change, _ in _differences(series)}), (1,)),
    "DIFF_TIME": (_over(lambda series: {at: seconds for at, _, seconds in _differences(series)}), (1,)),
    "FILL": (_fill, (2,)),
    "FLOOR": (_each(lambda a: float(math.floor(a))), (1,)),
    "IF": (_if, (2, 3)),
    "LOG": (_each(lambda a: math.log(a) if a > 0 else None), (1,)),
    "LOG10": (_each(lambda a: math.log10(a) if a > 0 else None), (1,)),
    "MAX": (_together(max), (1,)),
    "METRIC_COUNT": (lambda context, value: float(len(_series_in(value))), (1,)),
    "METRICS": (_metrics, (0, 1)),
    "MIN": (_together(min), (1,)),
    "PERIOD": (lambda context, value: value, (1,)),
    "RATE": (_over(lambda series: {at: change / seconds for at, change, seconds in _differences(series)}), (1,)),
    "RUNNING_SUM": (_over(_running), (1,)),
    "STDDEV": (_together(numbers.pstdev), (1,)),
    "SUM": (_together(math.fsum), (1,)),
    "TIME_SERIES": (_time_series, (1,)),
}
FUNCTIONS = tuple(_FUNCTIONS)
