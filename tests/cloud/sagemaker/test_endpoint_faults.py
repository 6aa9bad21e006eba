"""Endpoints whose models and callers misbehave: each fault costs what it held, and nothing stays behind."""

import contextlib
import os
import signal
import socket
import time
from pathlib import Path

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from course.cloud import client

MOODY = """
import os, sys, time
from sklearn.base import BaseEstimator
NAME = os.urandom(8).hex()
def model_fn(d): return None
def input_fn(body, content_type): return body if isinstance(body, str) else body.decode()
def predict_fn(data, model):
    if data == "raise": raise ValueError("no such card")
    if data == "die": os._exit(3)
    if data == "hang": time.sleep(600)
    if data == "flood":
        for _ in range(400): sys.stdout.write("x" * 65535 + "\\n")
    return NAME
def output_fn(prediction, accept): return prediction, "text/plain"
"""
"""A model that does what it is told, else answers with a name of its process."""


@pytest.fixture(scope="module")
def processes(parents):
    """The processes of jobs and endpoints that there are, as the job parent's children."""
    children = Path(f"/proc/{parents.pid('job')}/task/{parents.pid('job')}/children")
    if not children.exists():
        pytest.skip("this system does not list a process's children")
    return lambda: set(children.read_text().split())


@pytest.fixture(scope="module")
def moody(lab, fleets, processes):
    """An endpoint of two instances."""
    before = processes()
    yield fleets.make("moody", script=MOODY, only=(1, 2))
    lab.gone("moody")
    assert processes() <= before, "a process outlived its endpoint"


def error_of(fleets, endpoint: str, body: bytes, **more) -> tuple[int, str, str]:
    """(HTTP status, code, message) of a request that fails."""
    with pytest.raises(ClientError) as failure:
        fleets.ask(endpoint, body, **more)
    error = failure.value.response
    return error["ResponseMetadata"]["HTTPStatusCode"], error["Error"]["Code"], error["Error"]["Message"]


def names(fleets, endpoint: str) -> set[str]:
    """The names of the processes that answer now."""
    found = set()
    for _ in range(20):
        with contextlib.suppress(ClientError):
            found.add(fleets.ask(endpoint))
    return found


def healed(fleets, endpoint: str, count: int, without: set[str] = frozenset()) -> set[str]:
    """Wait until `count` processes answer, none of them in `without`."""
    deadline = time.monotonic() + 60
    while True:
        found = names(fleets, endpoint)
        if len(found) == count and not found & without:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {count} processes answer"


def test_a_model_that_raises_costs_one_answer(lab, fleets, moody):
    before = names(fleets, moody)
    status, code, message = error_of(fleets, moody, b"raise")
    assert (status, code) == (424, "ModelError")
    assert "no such card" in message
    assert "no such card" in lab.logs("/aws/sagemaker/Endpoints/moody")
    assert names(fleets, moody) == before


def test_a_model_that_hangs_is_given_up_and_started_again(lab, fleets, moody):
    before = healed(fleets, moody, 2)
    lab.cloud.control("patience", invocation=0.5)
    try:
        status, code, message = error_of(fleets, moody, b"hang")
    finally:
        lab.cloud.control("patience", invocation=60)
    assert (status, code) == (424, "ModelError")
    assert "timed out while waiting for a response" in message
    lab.cloud.control("patience", invocation=2)  # the next may be sent to the one that hangs still
    try:
        after = healed(fleets, moody, 2)
        while len(after & before) != 1:
            after = healed(fleets, moody, 2, without=after - before)
    finally:
        lab.cloud.control("patience", invocation=60)
    assert fleets.shown(moody)["only"][2:] == (2, 2)


def test_a_model_that_dies_comes_up_again_in_its_instance(lab, fleets, moody):
    before = healed(fleets, moody, 2)
    status, code, message = error_of(fleets, moody, b"die")
    assert (status, code) == (424, "ModelError")
    assert "closed the connection" in message
    assert len(healed(fleets, moody, 2) & before) == 1
    assert fleets.shown(moody)["only"][2:] == (2, 2)
    streams = lab.cloud.client("logs").describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/moody")
    assert len(streams["logStreams"]) == 2  # instances, however often their containers were started


def test_a_model_that_floods_its_log_is_answered_and_its_log_bounded(lab, fleets, moody):
    assert len(fleets.ask(moody, b"flood")) == 16
    assert fleets.ask(moody)
    deadline = time.monotonic() + 60
    while "[output beyond 4 MiB is not kept]" not in last_words(lab, "/aws/sagemaker/Endpoints/moody"):
        assert time.monotonic() < deadline
    assert fleets.ask(moody)


def last_words(lab, group: str) -> list[str]:
    """The newest message of each log stream."""
    logs = lab.cloud.client("logs")
    streams = [stream["logStreamName"] for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]]
    found = [logs.get_log_events(logGroupName=group, logStreamName=stream, limit=1)["events"] for stream in streams]
    return [events[-1]["message"] for events in found if events]


def test_a_process_killed_under_load_costs_what_it_held(fleets, lab, processes):
    before = processes()
    fleets.make("shot", script=MOODY, only=(1, 2))
    first = names(fleets, "shot")
    victim = min(processes() - before, key=int)
    with fleets.knocking("shot", callers=4) as seen:
        while len(seen.answers) < 50:
            time.sleep(0.01)
        for pid in family(victim):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        after = healed(fleets, "shot", 2, without=set())
        while len(after & first) != 1:
            after = healed(fleets, "shot", 2)
    assert len(seen.errors) <= 4, seen.errors  # one for each caller, at most
    assert all("closed the connection" in error for error in seen.errors)
    assert fleets.shown("shot") == {"only": (1, 1, 2, 2)}
    assert len(processes() - before) == 2
    lab.gone("shot")
    assert processes() <= before


def family(pid: str) -> list[int]:
    """A process's descendants, the youngest first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [found for child in children for found in (*family(child), int(child))]


def test_the_only_process_gone_means_service_unavailable_until_it_is_back(lab, fleets):
    fleets.make("lonely", script=MOODY, only=(1, 1))
    error_of(fleets, "lonely", b"die")
    seen = set()
    deadline = time.monotonic() + 60
    while True:
        try:
            fleets.ask("lonely")
            break
        except ClientError as error:
            seen.add((error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]))
        assert time.monotonic() < deadline
    assert seen <= {(503, "ServiceUnavailable"), (424, "ModelError")}
    assert fleets.shown("lonely") == {"only": (1, 1, 1, 1)}
    lab.gone("lonely")


def test_an_endpoint_is_not_deleted_in_the_middle_of_an_update(lab, fleets, processes):
    before = processes()
    fleets.make("busy", script=MOODY, only=(1, 1))
    fleets.config("busy-2", only={"ModelName": "busy-only", "InitialInstanceCount": 2})
    lab.sm.update_endpoint(EndpointName="busy", EndpointConfigName="busy-2")
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        lab.sm.delete_endpoint(EndpointName="busy")
    assert lab.settle("busy")["EndpointConfigName"] == "busy-2"
    assert len(processes() - before) == 2
    lab.gone("busy")
    assert processes() <= before


def test_an_endpoint_that_cannot_start_leaves_no_process(lab, fleets, processes):
    before = processes()
    half = {"ModelName": fleets.model("half", "def model_fn(d): raise RuntimeError('no')")}
    fleets.config("halves", good={"ModelName": fleets.model("whole"), "InitialInstanceCount": 2}, bad=half)
    lab.sm.create_endpoint(EndpointName="halves", EndpointConfigName="halves")
    assert lab.settle("halves")["EndpointStatus"] == "Failed"
    assert processes() <= before
    lines = [line for line in lab.cloud.control("meter")["lines"] if line["resource"].startswith("halves/")]
    assert all(line["to"] for line in lines)
    lab.gone("halves")


def signed(lab, endpoint: str, body: bytes) -> bytes:
    """A whole request as bytes."""
    url = f"{client.endpoint(lab.cloud.port)}/endpoints/{endpoint}/invocations"
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "text/csv"})
    SigV4Auth(Credentials(*client.LEARNER), "sagemaker", client.REGION).add_auth(request)
    lines = [f"POST /endpoints/{endpoint}/invocations HTTP/1.1", f"Host: 127.0.0.1:{lab.cloud.port}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def test_two_hundred_clients_that_vanish_leave_the_endpoint_as_it_was(lab, fleets, moody):
    before = names(fleets, moody)
    request = signed(lab, moody, b"1")
    callers = [socket.create_connection(("127.0.0.1", lab.cloud.port)) for _ in range(200)]
    for number, caller in enumerate(callers):
        caller.sendall((b"", request[:40], request[:-1], request)[number % 4])
    for caller in callers:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # reset, as one that dies
        caller.close()
    assert names(fleets, moody) == before
    assert lab.sm.describe_endpoint(EndpointName=moody)["EndpointStatus"] == "InService"


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "text/csv", "ModelError"),
        (b"1,2", "image/png", "ModelError"),
        (b"\xff\xfe\x00", "text/csv", "ModelError"),
        (b"{", "application/json", "ModelError"),
        (b"1" * 6_291_457, "text/csv", "ValidationError"),
    ],
    ids=["empty", "wrong type", "no text", "no JSON", "oversized"],
)
def test_a_callers_mistake_is_a_callers_error(lab, fleets, plain, body, content_type, code):
    found = error_of(fleets, plain, body, ContentType=content_type)
    assert 400 <= found[0] < 500
    assert found[1] == code


@pytest.fixture(scope="module")
def plain(lab, fleets):
    """An endpoint that takes what the container takes by itself: CSV, JSON, NPY."""
    yield fleets.make(
        "plain",
        script=(
            "from types import SimpleNamespace\n"
            "def model_fn(d): return SimpleNamespace(predict=lambda rows: rows.sum(axis=1))"
        ),
        only=(1, 1),
    )
    lab.gone("plain")
