"""Plain data: what crosses between a student's process and the examiner's, and how.

`pack` makes a JSON value of an object, `unpack` makes the object again. Only data crosses, of exactly the types listed
here: never a pickle, never a subclass that could behave otherwise. What is no data stays where it is, and a reference
crosses in its place (course.grading.objects).
"""

import base64
import collections
import datetime
import decimal
import fractions
import math
import pathlib
import sys
import uuid
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

DEEPEST = 60  # containers within containers
MOST = 4_000_000  # values in one message
LARGEST_INTEGER = 4_000  # digits
LONGEST_RANGE = 10_000_000  # what a test makes of it takes the examiner's memory, and time that nothing can interrupt

Refer = Callable[[Any], dict[str, Any]]
Resolve = Callable[[dict[str, Any]], Any]


class NotPlain(TypeError):
    """An object that is no plain data and must stay in its own process."""


class Broken(ValueError):
    """A message that is none of ours."""


def pack(value: Any, refer: Refer) -> Any:
    """The value as JSON: lists, strings and numbers as they are, all else as {"t": type, "v": …}.

    `refer` gives the JSON of what is no data; it may raise NotPlain. Raises NotPlain for what is too deep or too much.
    """
    return _Packer(refer).pack(value, 0)


def unpack(message: Any, resolve: Resolve) -> Any:
    """What was packed. `resolve` gives the object for a reference. Raises Broken for anything else than our JSON."""
    try:
        return _Unpacker(resolve).unpack(message, 0)
    except Broken:
        raise
    except (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError, RecursionError) as error:
        raise Broken(f"{type(error).__name__}: {error}") from None


class _Packer:
    def __init__(self, refer: Refer) -> None:
        self._refer = refer
        self._left = MOST

    def pack(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if depth > DEEPEST or self._left < 0:
            raise NotPlain("the value is too deep or too large to be handed over")
        kind = type(value)
        if value is None or kind in (bool, str):
            return value
        if kind is int:
            return value if -(1 << 53) <= value <= 1 << 53 else _tagged("int", _digits(value))
        if kind is float:
            return value if math.isfinite(value) else _tagged("float", repr(value))
        if kind is list:
            return [self.pack(item, depth + 1) for item in value]
        if kind in _CONTAINERS:
            return _tagged(kind.__name__, [self.pack(item, depth + 1) for item in value])
        if kind in _MAPPINGS:
            pairs = [[self.pack(key, depth + 1), self.pack(item, depth + 1)] for key, item in value.items()]
            return _tagged(kind.__name__, pairs)
        if kind is slice:
            return _tagged("slice", [self.pack(part, depth + 1) for part in (value.start, value.stop, value.step)])
        if kind is range and _too_long(value):
            return self._refer(value)
        if kind in _SIMPLE:
            return _tagged(kind.__name__, _SIMPLE[kind][0](value))
        if isinstance(value, np.generic) and kind.__module__ == "numpy" and kind is not np.void:
            return _tagged("scalar", self._array(np.asarray(value), depth))
        if kind is np.ndarray:
            return _tagged("array", self._array(value, depth))
        if value is pd.NaT or value is pd.NA:
            return _tagged("missing", str(value))
        if kind is pd.DataFrame:
            columns = [self.pack(value.iloc[:, number], depth + 1) for number in range(value.shape[1])]
            return _tagged("frame", [self._index(value.index, depth), self._index(value.columns, depth), columns])
        if kind is pd.Series:
            return _tagged(
                "series",
                [self._index(value.index, depth), self._values(value.array, depth), self.pack(value.name, depth + 1)],
            )
        if isinstance(value, pd.Index) and kind.__module__.partition(".")[0] == "pandas":
            return _tagged("index", self._index(value, depth))
        if isinstance(value, type) and _known_class(value.__module__, value.__qualname__) is value:
            return _tagged("class", f"{value.__module__}:{value.__qualname__}")
        return self._refer(value)

    def _array(self, value: np.ndarray, depth: int) -> list[Any]:
        if value.dtype.kind in "biufcSUmM" and not value.dtype.hasobject:
            data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
            return [value.dtype.str, list(value.shape), data]
        if value.dtype.kind != "O":
            raise NotPlain(f"an array of {value.dtype} cannot be handed over")
        return ["O", list(value.shape), [self.pack(item, depth + 1) for item in value.ravel().tolist()]]

    def _values(self, value: Any, depth: int) -> list[Any]:
        """The values of a pandas column: [dtype, array], categories and masked values as objects."""
        plain = np.asarray(value, dtype=value.dtype if isinstance(value.dtype, np.dtype) else object)
        return [str(value.dtype), self._array(plain, depth)]

    def _index(self, index: pd.Index, depth: int) -> list[Any]:
        names = [self.pack(name, depth + 1) for name in index.names]
        if type(index) is pd.RangeIndex:
            return ["range", names, [index.start, index.stop, index.step]]
        if isinstance(index, pd.MultiIndex):
            return ["multi", names, [self.pack(item, depth + 1) for item in index.tolist()]]
        return ["index", names, self._values(index.array, depth), getattr(index, "freqstr", None)]


class _Unpacker:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def unpack(self, message: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise Broken("a value is too deep")
        if message is None or isinstance(message, bool | str | int | float):
            return message
        if isinstance(message, list):
            return [self.unpack(item, depth + 1) for item in message]
        kind, value = message["t"], message.get("v")
        if kind in _BY_NAME:
            return _BY_NAME[kind](self.unpack(item, depth + 1) for item in value)
        if kind in _MAPPINGS_BY_NAME:
            made = _MAPPINGS_BY_NAME[kind]()
            for key, item in value:
                made[self.unpack(key, depth + 1)] = self.unpack(item, depth + 1)
            return made
        if kind == "slice":
            return slice(*(self.unpack(part, depth + 1) for part in value))
        if kind == "int":
            return int(value[:LARGEST_INTEGER])
        if kind == "float":
            return float(value)
        if kind in _SIMPLE_BY_NAME:
            return _SIMPLE_BY_NAME[kind](value)
        if kind == "scalar":
            return self._array(value, depth)[()]
        if kind == "array":
            return self._array(value, depth)
        if kind == "missing":
            return pd.NA if value == "<NA>" else pd.NaT
        if kind == "class":
            return _class(value)
        if kind == "index":
            return self._index(value, depth)
        if kind == "series":
            index, values, name = value
            name = self.unpack(name, depth + 1)
            return pd.Series(self._values(values, depth), index=self._index(index, depth), name=name)
        if kind == "frame":
            return self._frame(value, depth)
        return self._resolve(message)

    def _frame(self, value: Any, depth: int) -> pd.DataFrame:
        index, columns = self._index(value[0], depth), self._index(value[1], depth)
        parts = [self.unpack(column, depth + 1) for column in value[2]]
        if len(parts) != len(columns) or not all(isinstance(part, pd.Series) for part in parts):
            raise Broken("a frame's columns are not there")
        frame = pd.DataFrame({number: part.array for number, part in enumerate(parts)}, index=index)
        frame.columns = columns
        return frame

    def _array(self, value: Any, depth: int) -> np.ndarray:
        dtype, shape, data = value
        if dtype == "O":
            flat = np.empty(len(data), dtype=object)
            for number, item in enumerate(data):
                flat[number] = self.unpack(item, depth + 1)
            return flat.reshape(shape)
        if np.dtype(dtype).hasobject:
            raise Broken("an array of objects as bytes")
        return np.frombuffer(base64.b64decode(data), dtype=dtype).reshape(shape).copy()

    def _values(self, value: Any, depth: int) -> Any:
        dtype, array = value
        plain = self._array(array, depth)
        if plain.dtype.kind == "O" and dtype == "category":
            return pd.Categorical(plain)
        return pd.array(plain, dtype=dtype) if dtype != "object" else plain

    def _index(self, value: Any, depth: int) -> pd.Index:
        kind, names, data, *freq = value
        names = [self.unpack(name, depth + 1) for name in names]
        if kind == "range":
            return pd.RangeIndex(_range(data), name=names[0])
        if kind == "multi":
            return pd.MultiIndex.from_tuples([self.unpack(item, depth + 1) for item in data], names=names)
        made = pd.Index(self._values(data, depth), name=names[0])
        if freq and freq[0] is not None:
            made.freq = freq[0]
        return made


def _tagged(kind: str, value: Any) -> dict[str, Any]:
    return {"t": kind, "v": value}


def _digits(value: int) -> str:
    if value.bit_length() > LARGEST_INTEGER * 3:
        raise NotPlain("an integer of thousands of digits cannot be handed over")
    return str(value)


def _range(value: list[int]) -> range:
    made = range(*value)
    if _too_long(made):
        raise Broken("a range is too long")
    return made


def _too_long(value: range) -> bool:
    """Whether a range has too many numbers, or numbers of thousands of digits; len() refuses those beyond 64 bits."""
    return bool(value) and (value[-1] - value[0]) // value.step >= LONGEST_RANGE


def _decimal(text: str) -> decimal.Decimal:
    made = decimal.Decimal(text)
    if made.is_finite() and abs(made.adjusted()) > LARGEST_INTEGER:
        raise Broken("a decimal number's exponent is too large")
    return made


def _text(value: bytes | bytearray) -> str:
    return base64.b64encode(value).decode()


_CONTAINERS: dict[type, Callable[[Iterable[Any]], Any]] = {
    kind: kind for kind in (tuple, set, frozenset, collections.deque)
}
_MAPPINGS = {dict: dict, collections.OrderedDict: collections.OrderedDict, collections.Counter: collections.Counter,
             collections.defaultdict: dict}  # fmt: skip  # a default is code
_BY_NAME = {kind.__name__: make for kind, make in _CONTAINERS.items()}
_MAPPINGS_BY_NAME = {kind.__name__: make for kind, make in _MAPPINGS.items()}
_SIMPLE: dict[type, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    bytes: (_text, base64.b64decode),
    bytearray: (_text, lambda text: bytearray(base64.b64decode(text))),
    complex: (repr, complex),
    range: (lambda r: [r.start, r.stop, r.step], _range),
    datetime.datetime: (datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    datetime.date: (datetime.date.isoformat, datetime.date.fromisoformat),
    datetime.time: (datetime.time.isoformat, datetime.time.fromisoformat),
    datetime.timedelta: (lambda d: [d.days, d.seconds, d.microseconds], lambda v: datetime.timedelta(*v)),
    decimal.Decimal: (str, _decimal),
    fractions.Fraction: (
        lambda f: [_digits(f.numerator), _digits(f.denominator)],
        lambda v: fractions.Fraction(*(int(part[:LARGEST_INTEGER]) for part in v)),  # text could say 1e999999999
    ),
    uuid.UUID: (str, uuid.UUID),
    type(pathlib.Path()): (str, pathlib.Path),
    pd.Timestamp: (pd.Timestamp.isoformat, pd.Timestamp),
    pd.Timedelta: (lambda d: int(d.value), lambda v: pd.Timedelta(v, "ns")),
    type(Ellipsis): (lambda _: None, lambda _: Ellipsis),
    type(NotImplemented): (lambda _: None, lambda _: NotImplemented),
}
_SIMPLE_BY_NAME = {kind.__name__: make for kind, (_, make) in _SIMPLE.items()}


def _known_class(module: str, name: str) -> type | None:
    """A class that names no power: built-in types and exceptions, dates, collections, NumPy's scalars."""
    if module not in ("builtins", "datetime", "collections", "decimal", "fractions", "numpy"):
        return None
    found = getattr(sys.modules.get(module), name, None)
    if not isinstance(found, type) or (module == "numpy" and not issubclass(found, np.generic)):
        return None
    return found


def _class(name: str) -> type:
    module, _, qualified = name.partition(":")
    if (found := _known_class(module, qualified)) is None:
        raise Broken(f"{name} is no class that may cross")
    return found
