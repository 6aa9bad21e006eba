"""Whatever is sent, an answer comes that a client can read; faults of the base are named as such; nothing is left."""

import re
from pathlib import Path

import pytest

import course.cloud.server  # noqa: F401 - fills the table of operations
from course.cloud.operations import OPERATIONS
from course.runtime.parents import Parents

from .fuzz import Bad, Maker, Sender, operations_of

BASE = ("s3", "iam", "sts", "kms", "logs", "sns", "sqs", "events", "lambda", "ecr", "kinesis")
CODE = re.compile(rb'<Code>([^<]+)</Code>|"(?:__type|code|Code)"\s*:\s*"([^"]+)"|__type')


@pytest.fixture(scope="module")
def world(open_cloud):
    found = open_cloud()
    yield found
    found.handle.close()


def descendants(parents: Parents) -> set[int]:
    """Processes of the cloud: what its warm parents have started, and what that has."""
    above: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            above[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    found, grown = {parents.pid(kind) for kind in parents.sockets}, True
    while grown:
        more = {pid for pid, parent in above.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return found


def fault_of_ours(bad: Bad, status: int, headers: dict[str, str], body: bytes) -> str:
    if status >= 500:
        return f"{status} {body[:200]!r}"
    if status >= 400 and bad.method != "HEAD" and not CODE.search(body):
        return f"no code in {body[:200]!r}"
    return "" if "x-amzn-requestid" in headers else "no request id"


def test_bad_requests_to_what_the_cloud_runs_get_a_readable_refusal(world, parents):
    before = descendants(parents)
    faults = []
    with Sender(world.port) as sender:
        for bad in Maker(seed=1).requests(sorted(OPERATIONS), 4_500):
            if fault := fault_of_ours(bad, *sender.send(bad)):
                faults.append((bad.service, bad.operation, fault, bad.body[:300]))
    assert faults == []
    assert world.control("status")["seed"] == 7
    assert descendants(parents) <= before


def test_bad_requests_to_the_base_never_show_its_insides(world, parents):
    before = descendants(parents)
    faults, crashes = [], 0
    with Sender(world.port) as sender:
        for bad in Maker(seed=2).requests(operations_of(*BASE), 5_500):
            status, headers, body = sender.send(bad)
            named = b"InternalFailure" in body or bad.method == "HEAD"
            crashes += status >= 500
            if status >= 500 and not (named and headers.get("x-amzn-requestid")):
                faults.append((bad.service, bad.operation, bad.path[:80], status, body[:200], bad.body[:300]))
    assert faults == []
    assert crashes < 55  # one in a hundred: where the base cannot cope with what its model allows
    world.client("s3").list_buckets()
    world.client("iam").list_users()
    assert descendants(parents) <= before
