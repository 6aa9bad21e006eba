"""Outputs of a cell as they come from a process that may say anything: checked, joined and kept within bounds."""

import json
from typing import Any

import nbformat
from nbformat import NotebookNode

LARGEST = 2 << 20  # bytes of one cell's outputs; what comes beyond is dropped, and that is said
MOST = 500  # outputs of a cell
CUT = "\n… more was shown than is kept.\n"
NAMES = ("stdout", "stderr")


class Outputs(list[NotebookNode]):
    """The outputs of one cell, in order. `hear` takes them from the work, `take` from the examiner's own tests."""

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self._cut = False

    def hear(self, said: dict[str, Any]) -> None:
        """Add one output of the work; what is none is dropped, and so is what comes beyond the bounds."""
        if not self._cut:
            self._size += len(json.dumps(said))
            self._cut = self._size > LARGEST or len(self) >= MOST
            self.take({"output_type": "stream", "name": "stderr", "text": CUT} if self._cut else said)

    def take(self, said: dict[str, Any]) -> None:
        """Add one output, however much there is already: no flood of the work's may keep an error out."""
        kind = said.get("output_type")
        if kind == "clear":
            self.clear()
            return
        output = _checked(kind, said)
        if output is None:
            return
        last = self[-1] if self else None
        if output.output_type == "stream" and last and last.output_type == "stream" and last.name == output.name:
            last.text += output.text
        else:
            self.append(output)


def _checked(kind: Any, said: dict[str, Any]) -> NotebookNode | None:
    if kind == "stream" and said.get("name") in NAMES and isinstance(said.get("text"), str):
        return nbformat.v4.new_output("stream", name=said["name"], text=_clean(said["text"]))
    if kind == "error":
        trace = said.get("traceback")
        trace = [_clean(str(line)) for line in trace] if isinstance(trace, list) else []
        name, value = _clean(str(said.get("ename"))), _clean(str(said.get("evalue")))
        return nbformat.v4.new_output("error", ename=name, evalue=value, traceback=trace)
    if kind in ("display_data", "execute_result") and isinstance(said.get("data"), dict):
        data = {str(mime): value for mime, value in said["data"].items() if _may_stand(str(mime), value)}
        metadata = said.get("metadata") if isinstance(said.get("metadata"), dict) else {}
        more = {"execution_count": said.get("execution_count")} if kind == "execute_result" else {}
        if more and type(more["execution_count"]) is not int:
            more["execution_count"] = None
        return nbformat.v4.new_output(kind, data=data, metadata=metadata, **more) if data else None
    return None


def _may_stand(mime: str, value: Any) -> bool:
    return isinstance(value, str) or mime.endswith("json")


def _clean(text: str) -> str:
    """Without halves of characters, which no file could hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
