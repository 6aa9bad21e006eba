"""The line between an examiner and a student's process: questions, answers and remarks, each a frame of JSON.

Either side may ask while it is itself being asked, as function calls nest. The examiner's side waits no longer than its
deadline, and takes whatever comes for what it may be: the work of an adversary.
"""

import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from course.runtime import lifeline

NESTED = 50  # questions within questions


class Gone(ConnectionError):
    """The other side has ended, or has said what is no frame."""


class TimedOut(TimeoutError):
    """No answer came before the deadline."""


class Link:
    """One end. `serve` answers questions: it gets the message and returns the answer, a JSON object; `hear` remarks."""

    def __init__(
        self,
        line: socket.socket,
        serve: Callable[[dict], dict],
        hear: Callable[[dict], None] = lambda _: None,
        readable: Callable[[float | None], bool] | None = None,
    ) -> None:
        """readable: waits until the line can be read, at most so many seconds, for who has more to see to meanwhile."""
        self.line = line
        self._readable = readable
        self.deadline: float | None = None  # monotonic seconds
        self._serve, self._hear = serve, hear
        self._frames = lifeline.Frames()
        self._arrived: list[dict] = []
        self._descriptors: list[int] = []
        self._depth = 0
        self._asked = 0  # questions whose answer has not come
        self._lock = threading.Lock()
        self._thread = threading.get_ident()

    def remark(self, message: dict) -> None:
        """Say something that needs no answer; from any thread."""
        self._send({"remark": message})

    def ask(self, question: dict, descriptors: Sequence[int] = ()) -> dict:
        """The answer to a question. Raises Gone and TimedOut."""
        if threading.get_ident() != self._thread:
            raise RuntimeError("this can be called from the notebook's own thread only, not from one that it has made")
        if self._depth >= NESTED:
            raise RecursionError("calls between a test and the work nest too deep")
        self._depth += 1
        try:
            self._send({"ask": question}, descriptors)
            self._asked += 1
            while True:
                message = self._receive()
                if "answer" in message:
                    self._asked -= 1
                    return self._object(message["answer"])
                self._attend(message)
        finally:
            self._depth -= 1

    def settle(self) -> None:
        """Wait for the answers to all that was asked before a TimedOut, and drop them."""
        while self._asked:
            message = self._receive()
            if "answer" in message:
                self._asked -= 1
            elif "ask" in message:
                self._send({"answer": {"refused": "too late"}})

    def serve_one(self) -> list[int]:
        """Wait for a message and see to it; returns the descriptors that came with it. Raises Gone at the end."""
        self._descriptors = []
        self._attend(self._receive())
        return self._descriptors

    @property
    def descriptors(self) -> list[int]:
        """What came along with the question that is being answered; who uses them closes them."""
        return self._descriptors

    def _attend(self, message: dict) -> None:
        if "ask" in message:
            self._send({"answer": self._serve(self._object(message["ask"]))})
        elif "remark" in message:
            self._hear(self._object(message["remark"]))
        else:
            raise Gone("a frame is neither a question nor an answer")

    def _send(self, message: dict, descriptors: Sequence[int] = ()) -> None:
        try:
            with self._lock:
                self._wait()
                lifeline.send(self.line, message, descriptors)
        except TimeoutError:
            raise Gone("the other side does not read") from None  # half a frame may be out
        except (OSError, ValueError) as error:
            raise Gone(str(error)) from None

    def _receive(self) -> dict:
        while not self._arrived:
            self._wait()
            if self._readable and not self._readable(self.line.gettimeout()):
                raise TimedOut
            try:
                data, descriptors = lifeline.take(self.line, 1 << 20)
            except TimeoutError:
                raise TimedOut from None
            except OSError as error:
                raise Gone(str(error)) from None
            if not data:
                raise Gone("it has ended")
            self._descriptors += descriptors
            try:
                self._arrived += self._frames.feed(data)
            except (OSError, ValueError, RecursionError) as error:
                raise Gone(str(error)) from None
        return self._arrived.pop(0)

    def _wait(self) -> None:
        """Let the socket wait until the deadline."""
        if self.deadline is None:
            self.line.settimeout(None)
            return
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimedOut
        self.line.settimeout(left)

    @staticmethod
    def _object(message: Any) -> dict:
        if not isinstance(message, dict):
            raise Gone("a frame holds no object")
        return message
