"""The process that runs a learner's cells: forked from a warm parent, in a sandbox, told by its examiner what to do.

Nothing here guards a grade: all that this process says may be forged. It runs cells as IPython does, tells what they
display, and does with its objects what a test asks for.
"""

from __future__ import annotations

import base64
import contextlib
import importlib
import inspect
import operator
import os
import resource
import signal
import socket
import sys
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from course.grading import plain
from course.grading.link import Gone, Link
from course.grading.shell import Shell, make_shell

FILES = "/tmp/given"
SHORT = 500  # characters of a text about an object


class Notebook:
    """The learner's names, the objects that tests hold on to, and the line to the examiner."""

    def __init__(self, line: socket.socket, shell: Shell) -> None:
        self.link = Link(line, self.serve)
        self.shell = shell
        shell.tell = self.link.remark
        self.objects: dict[int, Any] = {}
        self._imported: dict[str, types.ModuleType] = {}

    def run(self) -> None:
        """Do as the examiner says until the line ends."""
        with contextlib.suppress(Gone):
            while True:
                with contextlib.suppress(KeyboardInterrupt):  # one that came too late for its cell
                    self.link.serve_one()

    def serve(self, question: dict) -> dict:
        """The answer to one question."""
        return getattr(self, f"_{question['do']}")(question)

    def _begin(self, question: dict) -> dict:
        """Let modules' functions be the examiner's, and prepare what the course asks for."""
        for module, names in question["modules"].items():
            target = importlib.import_module(module)
            for name in names:
                setattr(target, name, self._forward(module, name))
        if question["prepare"]:
            module, _, function = question["prepare"].partition(":")
            getattr(importlib.import_module(module), function)(**question["given"])
        return {}

    def _run(self, question: dict) -> dict:
        """Run a cell; what it displays is remarked on the way."""
        fine = self.shell.run(question["source"], question["count"])
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {"fine": fine, "cpu": usage.ru_utime + usage.ru_stime}

    def _fork(self, _question: dict) -> dict:
        """Go on as two: the child serves the line that came with the question."""
        (descriptor,) = self.link.descriptors
        pid = os.fork()
        if pid:
            os.close(descriptor)
            return {"pid": pid}
        self.link = Link(socket.socket(fileno=descriptor), self.serve)
        self.shell.tell = self.link.remark
        self.run()
        os._exit(0)

    def alone(self) -> None:
        """In a process that the work has forked: do not answer in the notebook's place; what it prints is its own."""
        self.link.line.close()
        self.shell.tell = _written

    def _reap(self, question: dict) -> dict:
        """End a child."""
        with contextlib.suppress(OSError):
            os.kill(question["pid"], signal.SIGKILL)
            os.waitpid(question["pid"], 0)
        return {}

    def _fetch(self, question: dict) -> dict:
        values = {}
        for name in question["names"]:
            if name in self.shell.user_ns:
                value = self.shell.user_ns[name]
                is_module = isinstance(value, types.ModuleType)
                values[name] = {"t": "module", "v": value.__name__} if is_module else self.pack(value)
        return {"values": values}

    def _push(self, question: dict) -> dict:
        self.shell.user_ns.update({name: self.unpack(value) for name, value in question["values"].items()})
        return {}

    def _perform(self, question: dict) -> dict:
        args = [self.unpack(value) for value in question["args"]]
        kwargs = {name: self.unpack(value) for name, value in question["kwargs"].items()}
        given = {str(place): value for place, value in enumerate(args)} | kwargs
        before = {place: message for place, message in question["kwargs"].items()}
        before |= {str(place): message for place, message in enumerate(question["args"])}
        try:
            with self.shell.streams():
                value = OPERATIONS[question["operation"]](self.objects[question["id"]], *args, **kwargs)
            answer: dict[str, Any] = {"value": self.pack(value)}
        except (Exception, KeyboardInterrupt, SystemExit) as error:
            answer = {"raised": self._exception(error)}
        changed = {
            place: after
            for place, value in given.items()
            if isinstance(value, _MUTABLE) and (after := self.pack(value)) != before[place]
        }
        return answer | ({"changed": changed} if changed else {})

    def pack(self, value: Any) -> Any:
        """The value, or a reference to it if it is too much."""
        try:
            return plain.pack(value, self._refer)
        except plain.NotPlain:
            return self._refer(value)

    def unpack(self, message: Any) -> Any:
        return plain.unpack(message, self._resolve)

    def _refer(self, value: Any) -> dict[str, Any]:
        if isinstance(value, BaseException):
            return {"t": "exception", "v": self._exception(value)}
        if isinstance(value, type) and issubclass(value, BaseException):
            return {"t": "exception class", "v": self._exception_class(value)}
        if isinstance(value, Back):
            return {"t": "ours", "v": value.number}
        kind = next((name for name, test in _KINDS.items() if test(value)), "instance")
        of = type(value)
        about = {"id": self._keep(value), "kind": kind, "class": [of.__module__, of.__qualname__]}
        return {"t": "theirs", "v": about | {"callable": callable(value)}}

    def _resolve(self, message: dict[str, Any]) -> Any:
        kind, value = message["t"], message["v"]
        if kind == "yours":
            return self.objects[value]
        if kind == "back":
            return Back(self, value)
        if kind == "module":
            return importlib.import_module(value)
        if kind == "library":
            module, _, name = value.partition(":")
            return operator.attrgetter(name)(importlib.import_module(module))
        if kind == "file":
            path = Path(FILES, value["path"])
            (path if value["is_folder"] else path.parent).mkdir(parents=True, exist_ok=True)
            for name, data in value["files"].items():
                Path(FILES, name).parent.mkdir(parents=True, exist_ok=True)
                Path(FILES, name).write_bytes(base64.b64decode(data))
            return str(path) if value["text"] else path
        if kind == "object":  # of the course's own classes; only the examiner says this
            return _object(value["class"], {name: self.unpack(part) for name, part in value["fields"].items()})
        raise plain.Broken(kind)

    def _keep(self, value: Any) -> int:
        self.objects[id(value)] = value
        return id(value)

    def _exception_class(self, kind: type[BaseException]) -> dict[str, Any]:
        base = next(k.__name__ for k in kind.__mro__ if k.__module__ == "builtins")
        own = kind.__module__ != "builtins"
        return {"base": base, "name": kind.__name__, "id": self._keep(kind) if own else None}

    def _exception(self, error: BaseException) -> dict[str, Any]:
        try:
            args = self.pack(list(error.args))
        except plain.NotPlain:
            args = None
        return self._exception_class(type(error)) | {"args": args, "text": str(error)[:SHORT]}

    def _forward(self, module: str, name: str) -> Callable[..., Any]:
        """A function that the examiner performs, on data, with this process's rights to nothing."""

        def forwarded(*args: Any, **kwargs: Any) -> Any:
            answer = self.link.ask(
                {
                    "do": "stand in",
                    "module": module,
                    "name": name,
                    "args": [self.pack(value) for value in args],
                    "kwargs": {key: self.pack(value) for key, value in kwargs.items()},
                }
            )
            return self.taken(answer)

        forwarded.__name__ = forwarded.__qualname__ = name
        forwarded.__module__ = module
        return forwarded

    def taken(self, answer: Mapping[str, Any]) -> Any:
        """What the examiner answered; raises what it raised."""
        if "refused" in answer:
            raise TypeError(answer["refused"])
        if "raised" in answer:
            name, text, *module = answer["raised"]
            raise _raised(name, module[0] if module else "builtins")(text)
        return self.unpack(answer.get("value"))


class Back:
    """A function of a test's, called from here."""

    def __init__(self, notebook: Notebook, number: int) -> None:
        self._notebook, self.number = notebook, number

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        pack = self._notebook.pack
        question = {"do": "call back", "id": self.number, "args": [pack(value) for value in args]}
        question["kwargs"] = {name: pack(value) for name, value in kwargs.items()}
        return self._notebook.taken(self._notebook.link.ask(question))


def _written(output: Mapping[str, Any]) -> None:
    if output.get("output_type") == "stream":
        os.write(2 if output["name"] == "stderr" else 1, output["text"].encode(errors="replace"))


def _object(at: str, fields: dict[str, Any]) -> Any:
    module, _, name = at.partition(":")
    kind = getattr(importlib.import_module(module), name)
    made = kind.__new__(kind)
    made.__dict__.update(fields)
    return made


def _raised(name: str, module: str) -> type[Exception]:
    found = getattr(sys.modules.get(module), name, None)
    return found if isinstance(found, type) and issubclass(found, Exception) else RuntimeError


def _enter(value: Any) -> Any:
    return type(value).__enter__(value)


def _signature(value: Any) -> list[list[Any]]:
    given = inspect.Parameter.empty
    return [
        [p.name, int(p.kind), p.default is not given, None if p.default is given else p.default]
        for p in inspect.signature(value).parameters.values()
    ]


def _arithmetic(name: str) -> Callable[[Any, Any], Any]:
    return getattr(operator, f"__{name}__")


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    return lambda value, other: getattr(operator, f"__{name}__")(other, value)


_NAMES = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
OPERATIONS: dict[str, Callable[..., Any]] = {
    "call": lambda value, *args, **kwargs: value(*args, **kwargs),
    "getattr": getattr,
    "setattr": setattr,
    "delattr": delattr,
    "len": len,
    "truth": bool,
    "contains": operator.contains,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "iter": iter,
    "next": next,
    "repr": lambda value: repr(value)[: 1 << 16],
    "str": lambda value: str(value)[: 1 << 16],
    "neg": operator.neg,
    "enter": _enter,
    "exit": lambda value: type(value).__exit__(value, None, None, None),
    "isinstance": lambda value, instance: isinstance(instance, value),
    "issubclass": lambda value, other: issubclass(other, value),
    "signature": _signature,
    **{name: getattr(operator, name) for name in ("eq", "lt", "le", "gt", "ge")},
    **{name: _arithmetic(name) for name in _NAMES},
    **{f"r{name}": _reflected(name) for name in _NAMES},
}
_KINDS: dict[str, Callable[[Any], bool]] = {
    "class": lambda value: isinstance(value, type),
    "function": lambda value: isinstance(value, types.FunctionType),
    "builtin": lambda value: isinstance(value, types.BuiltinFunctionType),
    "method": lambda value: isinstance(value, types.MethodType),
    "generator": lambda value: isinstance(value, types.GeneratorType),
}
_MUTABLE = (list, dict, set, bytearray)


def main() -> None:
    """The entry of a student's process."""
    line = socket.socket(fileno=int(os.environ.pop("COURSE_CHANNEL_FD")))
    shell = make_shell()
    shell.enable_matplotlib("inline")
    notebook = Notebook(line, shell)
    os.register_at_fork(after_in_child=notebook.alone)
    # The examiner's way to interrupt a cell.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import numpy as np
    import pandas as pd

    global _MUTABLE
    _MUTABLE = (*_MUTABLE, np.ndarray, pd.DataFrame, pd.Series)
    notebook.run()
    os._exit(0)
