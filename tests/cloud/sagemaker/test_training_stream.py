"""course/cloud/sagemaker/training_input.py: a file that is listed before its content is there."""

import asyncio
import errno
import fcntl
import os
import subprocess
import sys

import pytest

from course.cloud.sagemaker.jobs import JobFailed
from course.cloud.sagemaker.training_input import Channel, Stream, close_streams, open_streams, stream
from course.cloud.storage import Object, Storage, StorageError

pytestmark = pytest.mark.skipif(not hasattr(fcntl, "F_SETLEASE"), reason="this system has no leases on files")
READ = "import sys; print(open(sys.argv[1], 'rb').read(), flush=True)"


class Slow(Storage):
    """S3 with a few objects, each of which comes when the test lets it."""

    def __init__(self, **contents: bytes) -> None:
        self.contents = contents
        self.asked: list[str] = []
        self.free = asyncio.Semaphore(0)

    async def listing(self, uri: str) -> list[Object]:
        return [Object(name, name, len(content)) for name, content in self.contents.items()]

    async def read(self, uri: str) -> bytes:
        self.asked.append(uri)
        await self.free.acquire()
        return self.contents[uri]


def channel() -> Channel:
    return Channel("train", "FastFile", "s3://b/k", {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix"}}})


async def reader(path: os.PathLike) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(sys.executable, "-c", READ, str(path), stdout=subprocess.PIPE)


async def wanted(one: Stream) -> None:
    async with asyncio.timeout(20):
        while not one.wanted:
            await asyncio.sleep(0.01)


def test_who_opens_a_file_waits_for_its_content_and_it_comes_next(tmp_path):
    async def run() -> None:
        storage = Slow(a=b"first", b=b"second", c=b"third")
        (tmp_path / "input" / "data" / "train").mkdir(parents=True)
        streams = await open_streams([channel()], tmp_path, storage, 0, 1)
        folder = tmp_path / "input" / "data" / "train"
        assert {path.name: path.stat().st_size for path in folder.iterdir()} == {"a": 5, "b": 6, "c": 5}
        copying = asyncio.create_task(stream(streams, storage))
        process = await reader(folder / "c")
        await wanted(streams[2])
        assert process.returncode is None
        storage.free.release()  # a, which was under way
        storage.free.release()
        output, _ = await asyncio.wait_for(process.communicate(), 20)
        assert output == b"b'third'\n"
        assert storage.asked[:2] == ["a", "c"]
        storage.free.release()
        await copying
        assert (folder / "b").read_bytes() == b"second"

    asyncio.run(run())


def test_without_leases_the_content_is_there_at_once(tmp_path, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(errno.EINVAL, "no leases here")

    monkeypatch.setattr(fcntl, "fcntl", refuse)
    storage = Slow(a=b"first")
    storage.free.release()
    (tmp_path / "input" / "data" / "train").mkdir(parents=True)
    assert asyncio.run(open_streams([channel()], tmp_path, storage, 0, 1)) == []
    assert (tmp_path / "input" / "data" / "train" / "a").read_bytes() == b"first"


def test_an_object_that_cannot_be_read_fails_the_job(tmp_path):
    class Broken(Slow):
        async def read(self, uri: str) -> bytes:
            raise StorageError(f"AccessDenied ({uri})")

    async def run() -> None:
        storage = Broken(a=b"x")
        (tmp_path / "input" / "data" / "train").mkdir(parents=True)
        streams = await open_streams([channel()], tmp_path, storage, 0, 1)
        with pytest.raises(JobFailed, match=r"ClientError: Data download failed:AccessDenied \(a\)"):
            await stream(streams, storage)
        close_streams(streams)

    asyncio.run(run())


def test_what_is_replaced_under_a_stream_is_left_alone(tmp_path):
    one = Stream.begun(Object("a", "a", 3), tmp_path)
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / "a").unlink()
    (tmp_path / "a").symlink_to(victim)
    one.fill(b"new")
    assert victim.read_text() == "kept"
