"""The student's objects and the examiner's: how each side is given those of the other."""

from __future__ import annotations

import base64
import builtins
import dataclasses
import importlib
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course.grading import plain
from course.grading.link import Link
from course.grading.remote import Remote, RemoteCallable, attribute, is_remote, number_of

LIBRARIES = ("numpy", "pandas", "matplotlib", "scipy", "sklearn", "seaborn", "networkx", "statsmodels", "tensorflow")
USUAL = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "mpl": "matplotlib", "sp": "scipy",
         "sns": "seaborn", "nx": "networkx", "tf": "tensorflow", "sm": "statsmodels.api"}  # fmt: skip
SHORT = 500  # characters of a text about an object


class Foreign(Exception):
    """Base of exception classes that a student has written; each of theirs gets one of ours, by name."""


class Objects:
    """The examiner's side: gives stand-ins for what comes over the line, and takes them back."""

    def __init__(self, link: Link, folder: Path | None = None, modules: Mapping[str, str] | None = None) -> None:
        """folder: files in it are copied to the student's process when their paths are handed over. modules: which
        module the course's own cells know by which name.
        """
        self._link, self._folder, self._modules = link, folder and folder.resolve(), modules or {}
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
                if module := _module(name, message.get("v"), self._modules):
                    found[name] = module
            else:
                found[name] = self.unpack(message)
        return found

    def push(self, values: dict[str, Any]) -> None:
        """Give names to the notebook, as far as their values are plain."""
        packed = {}
        for name, value in values.items():
            try:
                packed[name] = plain.pack(value, _module_only)
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
        if isinstance(value, str | Path) and self._is_ours(value):
            about = _with_files(Path(value).resolve(), self._folder)
            return {"t": "file", "v": about | {"text": isinstance(value, str)}}
        return self.pack(value)

    def _is_ours(self, path: str | Path) -> bool:
        """Whether a path leads to our folder. It may come from the work, and from there lead anywhere."""
        return str(path).startswith(f"{self._folder}/") and Path(path).resolve().is_relative_to(self._folder)

    def unpack(self, message: Any) -> Any:
        return plain.unpack(message, self._resolve)

    def perform(self, remote: Remote, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do something with a student's object, and see to arguments that it has changed."""
        answer = self._link.ask(
            {
                "do": "perform",
                "operation": operation,
                "id": number_of(remote),
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
        if is_remote(value):
            return {"t": "yours", "v": number_of(value)}
        if isinstance(value, type) and issubclass(value, BaseException) and hasattr(value, "theirs"):
            return {"t": "yours", "v": value.theirs}
        if isinstance(value, types.ModuleType):
            return {"t": "module", "v": value.__name__}
        if callable(value):
            module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
            if module and name and module != "__main__" and attribute(module, name) is value:
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


def _with_files(path: Path, folder: Path) -> dict[str, Any]:
    """A path as the student's process is told it, with what is there: it may be one where the work is to write."""
    found = path.rglob("*") if path.is_dir() else (path,)
    files = {str(file.relative_to(folder)): file.read_bytes() for file in found if file.is_file()}
    encoded = {name: base64.b64encode(data).decode() for name, data in files.items()}
    return {"path": str(path.relative_to(folder)), "files": encoded, "is_folder": path.is_dir()}


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


def _module_only(value: Any) -> dict[str, Any]:
    if isinstance(value, types.ModuleType):
        return {"t": "module", "v": value.__name__}
    raise plain.NotPlain(type(value).__name__)


def _module(name: str, module: Any, known: Mapping[str, str]) -> types.ModuleType | None:
    """Our copy of the library that the notebook knows by this name, if the course's own solution or everyone does."""
    wanted = str(module)
    if known.get(name) == wanted:
        return importlib.import_module(wanted)
    if USUAL.get(name) != wanted and wanted.rpartition(".")[2] != name:
        return None
    return sys.modules.get(wanted) if wanted.partition(".")[0] in (*LIBRARIES, *sys.stdlib_module_names) else None
