"""IPython without a kernel: runs a cell and tells what it shows, as the outputs of a notebook."""

from __future__ import annotations

import base64
import contextlib
import io
import threading
import tokenize
from collections.abc import Callable, Iterator
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

TOLD_AT = 1 << 14  # characters of a stream that are told at once


class Stream(io.TextIOBase):
    """Standard output or error of a cell: told when a line has ended, as far as the buffer allows."""

    encoding = "utf-8"

    def __init__(self, name: str, shell: Shell) -> None:
        self._name, self._shell = name, shell
        self._kept: list[str] = []
        self._size = 0
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        with self._lock:
            self._kept.append(text)
            self._size += len(text)
        if self._size > TOLD_AT:
            self.flush()
        return len(text)

    def flush(self) -> None:
        with self._lock:
            text, self._kept, self._size = "".join(self._kept), [], 0
        if text:
            self._shell.tell({"output_type": "stream", "name": self._name, "text": text})


class Publisher(DisplayPublisher):
    """display() and friends."""

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_: Any) -> None:
        self.shell.told("display_data", data, metadata)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.say({"output_type": "clear"})


class Hook(DisplayHook):
    """The value of a cell's last expression."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict, md_dict=None) -> None:
        self.shell.told("execute_result", format_dict, md_dict, execution_count=self.shell.count)

    def finish_displayhook(self) -> None:
        pass

    def quiet(self) -> bool:
        """Whether the cell ends with a semicolon. IPython reads that from its history, which is not kept here."""
        try:
            return self.semicolon_at_end_of_expression(self.shell.source)
        except (tokenize.TokenError, SyntaxError):
            return False


class Shell(InteractiveShell):
    """`tell` gets each output as nbformat has it, in order (and {"output_type": "clear"})."""

    tell: Callable[[dict[str, Any]], None] = staticmethod(lambda _: None)
    count = 0
    source = ""

    def run(self, source: str, count: int) -> bool:
        """Run a cell; whether it ended without an error."""
        self.count, self.source = count, source
        with self.streams():
            result = self.run_cell(source, store_history=False)
        return result.success

    @contextlib.contextmanager
    def streams(self) -> Iterator[None]:
        """Tell what is written to standard output and error meanwhile."""
        self._out, self._err = Stream("stdout", self), Stream("stderr", self)
        try:
            with contextlib.redirect_stdout(self._out), contextlib.redirect_stderr(self._err):
                yield
        finally:
            self._flush()

    def told(self, kind: str, data: Any, metadata: Any, **more: Any) -> None:
        data = {mime: base64.b64encode(v).decode() if isinstance(v, bytes) else v for mime, v in data.items()}
        self.say({"output_type": kind, "data": data, "metadata": metadata or {}, **more})

    def say(self, output: dict[str, Any]) -> None:
        """Tell an output after what has been written before it."""
        self._flush()
        self.tell(output)

    def _flush(self) -> None:
        for name in ("_out", "_err"):
            if stream := self.__dict__.get(name):
                stream.flush()

    def enable_gui(self, gui=None) -> None:
        """There is no window to draw in: figures are inline."""

    def _showtraceback(self, etype, evalue, stb) -> None:
        self.say(
            {
                "output_type": "error",
                "ename": getattr(etype, "__name__", str(etype)),
                "evalue": str(evalue),
                "traceback": list(stb),
            }
        )


def make_shell() -> Shell:
    """A shell as a notebook has it: figures inline, no history on disk, no system-wide profile."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    Shell.clear_instance()
    shell = Shell.instance(config=config, displayhook_class=Hook, display_pub_class=Publisher)
    shell.user_ns["get_ipython"] = shell.get_ipython
    return shell
