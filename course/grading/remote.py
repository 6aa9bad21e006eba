"""A student's objects as tests see them: stand-ins that send what is done with them to the student's process.

A test calls a function, makes an instance, reads an attribute: all of it happens over there, and what comes back is
plain data or another stand-in. What decides a test never happens over there: a stand-in equals no plain data, has no
number's value, and arithmetic with it gives stand-ins only. So an object that claims to equal everything equals nothing
that a test has written down.
"""

from __future__ import annotations

import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from course.grading import plain

if TYPE_CHECKING:
    from course.grading.objects import Objects

KINDS = {
    "function": types.FunctionType,
    "builtin": types.BuiltinFunctionType,
    "method": types.MethodType,
    "class": type,
    "generator": types.GeneratorType,
}
CLASSES = ("matplotlib", "scipy", "sklearn", "collections", "functools", "itertools")  # NumPy's and pandas' are data
VERDICTS = ("equals",)  # methods of data that judge what a test expects
ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift",
              "rshift")  # fmt: skip


class Remote:
    """A stand-in. `_at` is its side of the line, `_about` what the student's process said of it (to be doubted)."""

    def __init__(self, at: Objects, about: dict[str, Any]) -> None:
        object.__setattr__(self, "_at", at)
        object.__setattr__(self, "_about", about)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        about = object.__getattribute__(self, "_about")
        return KINDS.get(about["kind"]) or _library_class(about["class"]) or type(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name in _NOT_ASKED:
            raise AttributeError(name)
        if name in VERDICTS and object.__getattribute__(self, "_about")["kind"] == "instance":
            raise AttributeError(f"{name!r}: this is no pandas object, and what it equals is not for it to say")
        return _ask(self, "getattr", name)

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return _ask(self, "getattr", "__doc__")

    @property
    def __signature__(self) -> inspect.Signature:
        parameters = _ask(self, "signature")
        try:
            return inspect.Signature(
                [
                    inspect.Parameter(name, kind, **({"default": default} if has else {}))
                    for name, kind, has, default in parameters
                ]
            )
        except (TypeError, ValueError) as error:
            raise plain.Broken(str(error)) from None

    def __setattr__(self, name: str, value: Any) -> None:
        _ask(self, "setattr", name, value)

    def __delattr__(self, name: str) -> None:
        _ask(self, "delattr", name)

    def __len__(self) -> int:
        return _exactly(_ask(self, "len"), int)

    def __bool__(self) -> bool:
        return _exactly(_ask(self, "truth"), bool)

    def __contains__(self, item: Any) -> bool:
        return _exactly(_ask(self, "contains", item), bool)

    def __getitem__(self, key: Any) -> Any:
        return _ask(self, "getitem", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        _ask(self, "setitem", key, value)

    def __delitem__(self, key: Any) -> None:
        _ask(self, "delitem", key)

    def __iter__(self) -> Iterator[Any]:
        iterator = _ask(self, "iter")
        if not isinstance(iterator, Remote):
            raise TypeError(f"{self!r} is not iterable")
        return iterator

    def __next__(self) -> Any:
        return _ask(self, "next")

    def __repr__(self) -> str:
        text = _exactly(_ask(self, "repr"), str)
        try:
            float(text)
        except ValueError:
            return text
        return f"<{text}>"  # a test that ends with it would give that many points

    def __str__(self) -> str:
        return _exactly(_ask(self, "str"), str)

    def __hash__(self) -> int:
        return hash(("remote", object.__getattribute__(self, "_about")["id"]))

    def __eq__(self, other: object) -> bool:
        if not is_remote(other):
            return NotImplemented  # which is: unequal
        return self is other or _exactly(_ask(self, "eq", other), bool)

    def __lt__(self, other: object) -> bool:
        return _compared(self, "lt", other)

    def __le__(self, other: object) -> bool:
        return _compared(self, "le", other)

    def __gt__(self, other: object) -> bool:
        return _compared(self, "gt", other)

    def __ge__(self, other: object) -> bool:
        return _compared(self, "ge", other)

    def __neg__(self) -> Any:
        return _standing_in(_ask(self, "neg"))

    def __enter__(self) -> Any:
        return _ask(self, "enter")

    def __exit__(self, *_: object) -> Any:
        return _ask(self, "exit")

    def __instancecheck__(self, instance: object) -> bool:
        return is_remote(instance) and _exactly(_ask(self, "isinstance", instance), bool)

    def __subclasscheck__(self, subclass: object) -> bool:
        return is_remote(subclass) and _exactly(_ask(self, "issubclass", subclass), bool)


class RemoteCallable(Remote):
    # For a function, a class or an instance that can be called.
    __doc__ = Remote.__dict__["__doc__"]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _ask(self, "call", *args, **kwargs)


def _operator(name: str) -> Callable[[Remote, Any], Any]:
    return lambda self, other: _standing_in(_ask(self, name, other))


for _name in ARITHMETIC:
    setattr(Remote, f"__{_name}__", _operator(_name))
    setattr(Remote, f"__r{_name}__", _operator(f"r{_name}"))

# Protocols by which libraries would ask for a value, and Python's own bookkeeping.
_NOT_ASKED = frozenset(
    [
        "__array__",
        "__array_interface__",
        "__array_struct__",
        "__array_ufunc__",
        "__array_function__",
        "__array_priority__",
        "__float__",
        "__int__",
        "__index__",
        "__complex__",
        "__bytes__",
        "__buffer__",
        "__dataframe__",
        "__arrow_c_array__",
        "__arrow_c_stream__",
        "__length_hint__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
        "__copy__",
        "__deepcopy__",
        "__await__",
        "__wrapped__",
        "__text_signature__",
    ]
)


def _ask(remote: Remote, operation: str, /, *args: Any, **kwargs: Any) -> Any:
    return object.__getattribute__(remote, "_at").perform(remote, operation, args, kwargs)


def is_remote(value: object) -> bool:
    """Whether it is a stand-in; isinstance would believe its __class__."""
    return issubclass(type(value), Remote)


def number_of(remote: Remote) -> int:
    """By which number the student's process knows the object."""
    return object.__getattribute__(remote, "_about")["id"]


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"the work answered with {type(value).__name__} where {kind.__name__} is asked for")
    return value


def _compared(remote: Remote, operation: str, other: object) -> bool:
    return _exactly(_ask(remote, operation, other), bool) if is_remote(other) else NotImplemented


def _standing_in(value: Any) -> Any:
    """What arithmetic with a stand-in gives. Were it plain, an object could answer every comparison to come."""
    if not is_remote(value):
        raise TypeError("arithmetic with an object of the work's own class gave plain data: call a method instead")
    return value


def _library_class(at: tuple[str, str]) -> type | None:
    module, name = at
    if module.partition(".")[0] not in CLASSES:
        return None
    found = attribute(module, name)
    return found if isinstance(found, type) else None


def attribute(module: str, name: str) -> Any:
    """What a module that has been imported calls by a dotted name; None if there is none."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
