"""Payloads: what of an object goes to the model in one request, by SplitType, BatchStrategy and MaxPayloadInMB.

An object is cut as its bytes arrive, and the limit is that of the bytes that are cut (a megabyte is 2**20 bytes): an
InputFilter afterwards makes a payload smaller. Sources: API reference, TransformInput and CreateTransformJob; the
framing of RecordIO is MXNet's (dmlc/recordio.h), that of TFRecord TensorFlow's (record_writer.h).
"""

import struct
import zlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

_PIECE = 1 << 20  # bytes that are decompressed at once
_RECORD_IO = 0xCED7230A
_FRAME = 16  # bytes at most around the content of a record


class BadObject(Exception):
    """An object that cannot be transformed; the message goes into the job's log, and `reason` is its FailureReason."""

    def __init__(self, message: str, reason: str = "ClientError: See job logs for more information"):
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Batching:
    """How objects become payloads. limit: bytes of one payload."""

    split: str  # None, Line, RecordIO, TFRecord
    single: bool
    limit: int

    def payloads(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The payloads of one object, in order. Raises BadObject."""
        if self.split == "None":
            return self._whole(chunks)
        if self.split == "Line":
            return self._lines(chunks) if self.single else self._line_batches(chunks)
        return self._frames(chunks, _FRAMES[self.split])

    async def _whole(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        held = bytearray()
        async for chunk in chunks:
            held += chunk
            self._check(len(held))
        if held:
            yield bytes(held)

    async def _lines(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        rest = b""
        async for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                self._check(len(line))
                yield line
            self._check(len(rest))
        if rest:
            yield rest

    async def _line_batches(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        held = bytearray()
        async for chunk in chunks:
            held += chunk
            while len(held) > self.limit:
                end = held.rfind(b"\n", 0, self.limit) + 1
                if not end:
                    raise _too_much()
                yield bytes(held[:end])
                del held[:end]
        if held:
            yield bytes(held)

    async def _frames(self, chunks: AsyncIterator[bytes], frame: "Frame") -> AsyncIterator[bytes]:
        held, cut = bytearray(), 0  # held[:cut] are whole records
        async for chunk in chunks:
            held += chunk
            while found := frame(held, cut):
                start, stop, end = found
                self._check(stop - start if self.single else end - cut)
                if self.single:
                    yield bytes(held[start:stop])
                elif end > self.limit:
                    yield bytes(held[:cut])
                if self.single or end > self.limit:
                    del held[: end if self.single else cut]
                    end = 0 if self.single else end - cut
                cut = end
            self._check(len(held) - cut - _FRAME)
        if cut < len(held):
            raise BadObject(f"Failed to parse the object as {self.split}: its last record is not whole")
        if held:
            yield bytes(held)

    def _check(self, size: int) -> None:
        if size > self.limit:
            raise _too_much()


Frame = Callable[[bytearray, int], tuple[int, int, int] | None]
"""(start and end of the content, end of the record) of the record at a place; None if it is not all there yet."""


def _record_io(held: bytearray, at: int) -> tuple[int, int, int] | None:
    if len(held) < at + 8:
        return None
    magic, word = struct.unpack_from("<II", held, at)
    if magic != _RECORD_IO or word >> 29:
        raise BadObject("Failed to parse the object as RecordIO: no whole record begins where one should")
    stop = at + 8 + (word & 0x1FFFFFFF)
    end = stop + (at - stop) % 4
    return (at + 8, stop, end) if len(held) >= end else None


def _tf_record(held: bytearray, at: int) -> tuple[int, int, int] | None:
    if len(held) < at + 12:
        return None
    (length,) = struct.unpack_from("<Q", held, at)
    stop = at + 12 + length
    return (at + 12, stop, stop + 4) if len(held) >= stop + 4 else None


_FRAMES: dict[str, Frame] = {"RecordIO": _record_io, "TFRecord": _tf_record}


async def unzipped(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The content of a gzip file, in pieces of bounded size. Raises BadObject."""
    decoder, begun = zlib.decompressobj(wbits=31), False
    async for chunk in chunks:
        while chunk:
            try:
                piece = decoder.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise BadObject(f"Failed to decompress the object as Gzip: {error}") from None
            begun, chunk = True, decoder.unconsumed_tail
            if piece:
                yield piece
            if decoder.eof:  # a file may hold several members
                chunk, decoder, begun = decoder.unused_data, zlib.decompressobj(wbits=31), False
    if begun:
        raise BadObject("Failed to decompress the object as Gzip: it ends too early")


def _too_much() -> BadObject:
    return BadObject("Too much data for max payload size")
