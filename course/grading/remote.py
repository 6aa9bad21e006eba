"""A student's objects as tests see them: stand-ins that send what is done with them to the student's process.

A test calls a function, makes an instance, reads an attribute: all of it happens over there, and what comes back is
plain data or another stand-in. What decides a test never happens over there: a stand-in equals no plain data, has no
number's value, and arithmetic with it gives stand-ins only. So an object that claims to equal everything equals nothing
that a test has written down.
"""

from __future__ import annotations

import base64
import builtins
import dataclasses
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from course.grading import plain
from course.grading.link import Link

KINDS = {
    "function": types.FunctionType,
    "builtin": types.BuiltinFunctionType,
    "method": types.MethodType,
    "class": type,
    "generator": types.GeneratorType,
}
LIBRARIES = ("numpy", "pandas", "matplotlib", "scipy", "sklearn", "seaborn", "networkx", "statsmodels", "tensorflow")
CLASSES = ("matplotlib", "scipy", "sklearn", "collections", "functools", "itertools")  # NumPy's and pandas' are data
VERDICTS = ("equals",)  # methods of data that judge what a test expects
USUAL = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "mpl": "matplotlib", "sp": "scipy",
         "sns": "seaborn", "nx": "networkx", "tf": "tensorflow", "sm": "statsmodels.api"}  # fmt: skip
ARITHMETIC = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift",
              "rshift")  # fmt: skip
SHORT = 500  # characters of a text about an object


class Foreign(Exception):
    """Base of exception classes that a student has written; each of theirs gets one of ours, by name."""


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
        if not _is_remote(other):
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
        return _is_remote(instance) and _exactly(_ask(self, "isinstance", instance), bool)

    def __subclasscheck__(self, subclass: object) -> bool:
        return _is_remote(subclass) and _exactly(_ask(self, "issubclass", subclass), bool)


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


class Objects:
    """The examiner's side: gives stand-ins for what comes over the line, and takes them back."""

    def __init__(self, link: Link, folder: Path | None = None) -> None:
        """folder: files in it are copied to the student's process when their paths are handed over."""
        self._link, self._folder = link, folder
        self._exceptions: dict[int, type[BaseException]] = {}
        self._ours: dict[int, Any] = {}  # callables of ours that the student's process may call back

    def fetch(self, names: list[str]) -> dict[str, Any]:
        """The values of those names that the notebook has; modules by name, if the name is one that they usually have.

        Raises Broken for an answer that is none.
        """
        found: dict[str, Any] = {}
        answer = self._link.ask({"do": "fetch", "names": names})
        for name, message in _table(answer.get("values")).items():
            if name not in names:
                continue
            if isinstance(message, dict) and message.get("t") == "module":
                if module := _module(name, message.get("v")):
                    found[name] = module
            else:
                found[name] = self.unpack(message)
        return found

    def push(self, values: dict[str, Any]) -> None:
        """Give names to the notebook, as far as their values are plain."""
        packed = {}
        for name, value in values.items():
            try:
                packed[name] = plain.pack(value, _not_plain)
            except plain.NotPlain:
                continue
        if packed:
            self._link.ask({"do": "push", "values": packed})

    def pack(self, value: Any) -> Any:
        return plain.pack(value, self._refer)

    def hand_over(self, value: Any) -> Any:
        """Pack what one of the course's own functions has answered: its objects by their fields, files with paths."""
        own = dataclasses.is_dataclass(value) and not isinstance(value, type)
        if own or isinstance(value, types.SimpleNamespace):
            at = f"{type(value).__module__}:{type(value).__qualname__}"
            fields = {name: self.hand_over(part) for name, part in vars(value).items()}
            return {"t": "object", "v": {"class": at, "fields": fields}}
        if isinstance(value, str | Path) and self._folder and Path(value).resolve().is_relative_to(self._folder):
            data = {} if Path(value).is_dir() else {"data": base64.b64encode(Path(value).read_bytes()).decode()}
            about = {"path": str(Path(value).relative_to(self._folder)), "text": isinstance(value, str)}
            return {"t": "file", "v": about | data}
        return self.pack(value)

    def unpack(self, message: Any) -> Any:
        return plain.unpack(message, self._resolve)

    def perform(self, remote: Remote, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do something with a student's object, and see to arguments that it has changed."""
        about = object.__getattribute__(remote, "_about")
        answer = self._link.ask(
            {
                "do": "perform",
                "operation": operation,
                "id": about["id"],
                "args": [self.pack(value) for value in args],
                "kwargs": {name: self.pack(value) for name, value in kwargs.items()},
            }
        )
        for place, message in _table(answer.get("changed")).items():
            target = args[int(place)] if place in map(str, range(len(args))) else kwargs.get(place)
            _become(target, self.unpack(message))
        if "raised" in answer:
            raise self._exception(_table(answer["raised"]))
        return self.unpack(answer.get("value"))

    def call_back(self, question: dict[str, Any]) -> dict[str, Any]:
        """The student's process calls a function of ours that it was given."""
        number, args = question.get("id"), question.get("args")
        if not isinstance(number, int) or number not in self._ours or not isinstance(args, list):
            return {"refused": "there is no such function"}
        function = self._ours[number]
        args = [self.unpack(value) for value in args]
        kwargs = {str(name): self.unpack(value) for name, value in _table(question.get("kwargs")).items()}
        try:
            return {"value": self.pack(function(*args, **kwargs))}
        except plain.NotPlain as error:
            return {"refused": str(error)}
        except Exception as error:
            return {"raised": [type(error).__name__, str(error)]}

    def _refer(self, value: Any) -> dict[str, Any]:
        if _is_remote(value):
            return {"t": "yours", "v": object.__getattribute__(value, "_about")["id"]}
        if isinstance(value, type) and issubclass(value, BaseException) and hasattr(value, "theirs"):
            return {"t": "yours", "v": value.theirs}
        if isinstance(value, types.ModuleType):
            return {"t": "module", "v": value.__name__}
        if callable(value):
            module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
            if module and name and module != "__main__" and _attribute(module, name) is value:
                return {"t": "library", "v": f"{module}:{name}"}
            if isinstance(value, types.FunctionType | types.BuiltinFunctionType | types.MethodType):
                self._ours[id(value)] = value
                return {"t": "back", "v": id(value)}
        raise plain.NotPlain(
            f"{type(value).__name__} objects of a test cannot be handed to the notebook's process: give it plain data"
        )

    def _resolve(self, message: dict[str, Any]) -> Any:
        kind, value = message["t"], message["v"]
        if kind == "theirs":
            about = _about(value)
            return RemoteCallable(self, about) if about["callable"] else Remote(self, about)
        if kind == "exception class":
            return self._exception_class(_table(value))
        if kind == "exception":
            return self._exception(_table(value))
        if kind == "ours":
            return self._ours[value]
        if kind == "library":
            raise plain.Broken("a function of a library stays a stand-in")
        raise plain.Broken(f"{kind!r} is nothing that crosses")

    def _exception_class(self, about: dict[str, Any]) -> type[BaseException]:
        base = getattr(builtins, str(about["base"]), Exception)
        if not (isinstance(base, type) and issubclass(base, Exception)):
            base = Exception
        if about["id"] is None:
            return base
        number = int(about["id"])
        if number not in self._exceptions:
            bases = (Foreign,) if base is Exception else (base, Foreign)
            self._exceptions[number] = type(str(about["name"])[:SHORT], bases, {"theirs": number})
        return self._exceptions[number]

    def _exception(self, about: dict[str, Any]) -> BaseException:
        made = self._exception_class(about)
        args = self.unpack(about["args"])
        try:
            return made(*args) if isinstance(args, list) else made(str(about["text"]))
        except Exception:  # some built-in ones ask for arguments of their own
            return Exception(str(about["text"]))


def _ask(remote: Remote, operation: str, /, *args: Any, **kwargs: Any) -> Any:
    return object.__getattribute__(remote, "_at").perform(remote, operation, args, kwargs)


def _is_remote(value: object) -> bool:
    return issubclass(type(value), Remote)


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"the work answered with {type(value).__name__} where {kind.__name__} is asked for")
    return value


def _compared(remote: Remote, operation: str, other: object) -> bool:
    return _exactly(_ask(remote, operation, other), bool) if _is_remote(other) else NotImplemented


def _standing_in(value: Any) -> Any:
    """What arithmetic with a stand-in gives. Were it plain, an object could answer every comparison to come."""
    if not _is_remote(value):
        raise TypeError("arithmetic with an object of the work's own class gave plain data: call a method instead")
    return value


def _become(target: Any, new: Any) -> None:
    """Let an argument that was handed over show what the function over there did to its copy."""
    if isinstance(target, list) and isinstance(new, list):
        target[:] = new
    elif isinstance(target, dict | set) and isinstance(new, dict | set):
        target.clear()
        target.update(new)  # type: ignore[arg-type]
    elif isinstance(target, bytearray) and isinstance(new, bytearray):
        target[:] = new
    elif (numpy := sys.modules.get("numpy")) and isinstance(target, numpy.ndarray) and isinstance(new, numpy.ndarray):
        if target.shape == new.shape and target.flags.writeable:
            target[...] = new
    elif type(target).__name__ in ("DataFrame", "Series") and type(new) is type(target):
        target._update_inplace(new)


def _about(value: Any) -> dict[str, Any]:
    about = _table(value)
    module, name = about["class"]
    return {
        "id": int(about["id"]),
        "kind": str(about["kind"]),
        "class": (str(module), str(name)),
        "callable": bool(about["callable"]),
    }


def _table(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise plain.Broken("an answer holds no table where it should")
    return value


def _not_plain(value: Any) -> dict[str, Any]:
    raise plain.NotPlain(type(value).__name__)


def _module(name: str, module: Any) -> types.ModuleType | None:
    """Our copy of the library that the notebook knows by this name, if it is one that it usually has."""
    wanted = str(module)
    if USUAL.get(name) != wanted and wanted.rpartition(".")[2] != name:
        return None
    return sys.modules.get(wanted) if wanted.partition(".")[0] in (*LIBRARIES, *sys.stdlib_module_names) else None


def _library_class(at: tuple[str, str]) -> type | None:
    module, name = at
    if module.partition(".")[0] not in CLASSES:
        return None
    found = _attribute(module, name)
    return found if isinstance(found, type) else None


def _attribute(module: str, name: str) -> Any:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found
