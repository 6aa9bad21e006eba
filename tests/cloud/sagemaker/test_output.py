"""course/cloud/sagemaker/output.py: what a container wrote, read without following it anywhere."""

import asyncio
import os
from pathlib import PurePosixPath

import pytest

from course.cloud.sagemaker.output import Output, read


class Shelf:
    """Stands for S3."""

    def __init__(self):
        self.written = []

    async def write(self, uri, body, **more):
        self.written.append((uri, body, more))


@pytest.fixture
def root(tmp_path):
    (tmp_path / "secret.txt").write_text("the host's")
    folder = tmp_path / "job" / "processing" / "output"
    folder.mkdir(parents=True)
    return tmp_path / "job"


def upload(output):
    shelf = Shelf()
    asyncio.run(output.upload(shelf))
    return shelf.written


def test_every_file_is_written_once_until_it_changes(root):
    folder = root / "processing" / "output"
    (folder / "deep").mkdir()
    (folder / "deep" / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    output = Output(root, PurePosixPath("processing/output"), "s3://b/prefix/", {"SSEKMSKeyId": "k"})
    assert upload(output) == [
        ("s3://b/prefix/b.txt", b"b", {"SSEKMSKeyId": "k"}),
        ("s3://b/prefix/deep/a.txt", b"a", {"SSEKMSKeyId": "k"}),
    ]
    assert upload(output) == []
    (folder / "b.txt").write_text("longer")
    assert [body for _, body, _ in upload(output)] == [b"longer"]


def test_links_and_pipes_are_left_alone(root):
    folder = root / "processing" / "output"
    (folder / "link").symlink_to(root.parent / "secret.txt")
    (folder / "folder").symlink_to(root.parent)
    os.mkfifo(folder / "pipe")
    assert upload(Output(root, PurePosixPath("processing/output"), "s3://b", {})) == []
    assert read(root, PurePosixPath("processing/output/link")) is None
    assert read(root, PurePosixPath("processing/output/folder/secret.txt")) is None
    assert read(root, PurePosixPath("processing/output/pipe")) is None


def test_a_folder_on_the_way_that_became_a_link_is_not_entered(root):
    (root / "processing" / "output").rmdir()
    (root / "processing" / "output").symlink_to(root.parent)
    assert upload(Output(root, PurePosixPath("processing/output"), "s3://b", {})) == []


def test_the_beginning_of_a_file(root):
    (root / "message").write_text("0123456789")
    assert read(root, PurePosixPath("message"), 4) == b"0123"
    assert read(root, PurePosixPath("nothing"), 4) is None
