"""Resources, their states and their history."""

import asyncio

import pytest

from course.cloud.clock import Clock
from course.cloud.errors import ValidationFailed
from course.cloud.protocol import service_model
from course.cloud.sagemaker.resources import ENDPOINT, KINDS, MODEL
from course.cloud.store import Store, page


@pytest.fixture
def store():
    return Store(Clock(), "123456789012", "us-east-1")


def test_a_resource_is_found_by_name_and_arn(store):
    model = store.add(MODEL, "m", {"ExecutionRoleArn": "r"}, {})
    assert store.find(MODEL, "m") is store.by_arn("arn:aws:sagemaker:us-east-1:123456789012:model/m") is model
    assert store.find(MODEL, model.arn) is model
    assert store.arn(MODEL, model.arn) == store.arn(MODEL, "m") == model.arn
    assert store.find(ENDPOINT, model.arn) is None
    assert model.description()["ModelName"] == "m"
    store.remove(model)
    assert store.find(MODEL, "m") is None


def test_a_state_can_be_waited_for(store):
    async def scenario():
        endpoint, other = (store.add(ENDPOINT, name, {}, {}, "Creating") for name in "eo")
        waiting = asyncio.ensure_future(store.until(endpoint, ("InService", "Failed")))
        gone = asyncio.ensure_future(store.until(other, ("InService",)))
        await asyncio.sleep(0)
        store.remove(other)
        store.move(endpoint, "InService")
        assert (await waiting, await gone) == ("InService", "Deleted")
        assert await store.until(endpoint, ("InService",)) == "InService"
        assert not store._watchers

    asyncio.run(scenario())


def test_a_watch_ends(store):
    seen = []
    end = store.watch(lambda resource, status: seen.append(status))
    endpoint = store.add(ENDPOINT, "e", {}, {}, "Creating")
    end()
    store.move(endpoint, "InService")
    assert seen == ["Creating"]


def test_states_follow_the_table(store):
    endpoint = store.add(ENDPOINT, "e", {}, {}, "Creating")
    store.move(endpoint, "InService")
    with pytest.raises(ValueError, match="cannot go from InService to Creating"):
        store.move(endpoint, "Creating")
    store.move(endpoint, "Deleting")
    store.remove(endpoint)
    assert [(c.kind, c.status) for c in store.timeline] == [
        ("Endpoint", "Creating"),
        ("Endpoint", "InService"),
        ("Endpoint", "Deleting"),
        ("Endpoint", "Deleted"),
    ]


def test_a_note_reaches_whoever_watches_and_leaves_the_state(store):
    told = []
    store.watch(lambda resource, what: told.append((resource.name, what, resource.fields.get("Why"))))
    endpoint = store.add(ENDPOINT, "e", {}, {}, "Creating")
    store.note(endpoint, "Looked at", Why="asked")
    assert endpoint.status == "Creating"
    assert told == [("e", "Creating", None), ("e", "Looked at", "asked")]
    assert store.timeline[-1].status == "Looked at"


@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.statuses], ids=lambda kind: kind.name)
def test_every_status_is_one_that_the_model_knows(kind):
    described = service_model("sagemaker").operation_model(f"Describe{kind.name}").output_shape
    known = set(described.members[kind.status_member].enum)
    named = set(kind.statuses) | {s for following in kind.statuses.values() for s in following}
    assert named <= known
    assert {"Failed"} <= named


def test_pages_follow_each_other():
    assert page([1, 2, 3], 2, None) == ([1, 2], "2")
    assert page([1, 2, 3], 2, "2") == ([3], None)
    with pytest.raises(ValidationFailed, match="pagination token"):
        page([], 2, "elsewhere")
    with pytest.raises(ValidationFailed, match="pagination token"):
        page([], 2, "9" * 40)
    with pytest.raises(ValidationFailed, match="greater than or equal to 1"):
        page([1], -1, None)
