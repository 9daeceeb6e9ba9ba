"""Updates of typed objects keep what their types do not know."""

from typing import Any

import msgspec
import pytest

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import (
    CustomResource,
    Field,
    Model,
    ObjectMeta,
    Spec,
    Status,
    custom_resource,
    decode,
)
from homeostat.client import Client
from homeostat.errors import ConflictError
from tests.unit.client.scripted import Notes, Scripted, Thing, answer, sent


def live(version: str, **more: Any) -> HttpResponse:
    metadata = {"name": "a", "uid": "u", "resourceVersion": version}
    document = {"apiVersion": "ex.io/v1", "kind": "Thing", "metadata": metadata}
    return answer({**document, "size": 1, **more})


def put(request: HttpRequest) -> HttpResponse:
    """Answer with what was sent."""
    return HttpResponse(status=200, body=request.body)


async def test_typed_update_keeps_fields_that_the_type_does_not_know() -> None:
    transport = Scripted(live("4", future={"x": [1]}), put)
    thing = Thing(metadata=ObjectMeta(name="a", resource_version="4"), size=5)
    assert (await Client(transport).update(thing)).size == 5
    body = sent(transport)[3]
    assert body["future"] == {"x": [1]}
    assert body["size"] == 5
    assert body["metadata"]["resourceVersion"] == "4"
    assert body["metadata"]["uid"] == "u"


class Port(Model):
    """An item that is found by its name."""

    name: str
    number: int = 0


class GateSpec(Spec):
    """What the type knows."""

    ports: list[Port] = Field(
        default_factory=list, list_type="map", list_map_keys=("name",)
    )


@custom_resource(group="ex.io", version="v1")
class Gate(CustomResource[GateSpec, Status]):
    """A custom resource whose type is older than its objects."""


async def test_typed_update_keeps_unknown_fields_inside_list_items() -> None:
    ports = [
        {"name": "a", "number": 1, "future": "x"},
        {"name": "b", "number": 2, "future": "y"},
    ]
    transport = Scripted(live("4", kind="Gate", spec={"ports": ports, "more": 1}), put)
    gate = Gate(
        metadata=ObjectMeta(name="a", resource_version="4"),
        spec=GateSpec(ports=[Port(name="b", number=9), Port(name="a", number=1)]),
    )
    await Client(transport).update(gate)
    assert sent(transport)[3]["spec"] == {
        "more": 1,
        "ports": [
            {"name": "b", "number": 9, "future": "y"},
            {"name": "a", "number": 1, "future": "x"},
        ],
    }


async def test_typed_update_keeps_unknown_fields_inside_owner_references() -> None:
    owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "future": "x"}
    base = live("4", kind="Gate", spec={})
    document = msgspec.json.decode(base.body)
    document["metadata"]["ownerReferences"] = [owner]
    gate = decode(Gate, msgspec.json.encode(document))
    gate.metadata.owner_references[0].controller = True
    transport = Scripted(answer(document), put)
    await Client(transport).update(gate)
    assert sent(transport)[3]["metadata"]["ownerReferences"] == [
        {**owner, "controller": True}
    ]


async def test_typed_update_of_an_old_version_conflicts_without_a_write() -> None:
    transport = Scripted(live("5"))
    client = Client(transport)
    notes = Notes()
    client.observers.append(notes)
    thing = Thing(metadata=ObjectMeta(name="a", resource_version="4"))
    with pytest.raises(ConflictError, match=r"things.ex.io \"a\": the object has been"):
        await client.update(thing)
    assert notes.heard == []


async def test_typed_update_without_a_version_takes_the_live_one() -> None:
    transport = Scripted(live("4"), live("5"))
    await Client(transport).update(Thing(metadata=ObjectMeta(name="a"), size=5))
    assert sent(transport)[3]["metadata"]["resourceVersion"] == "4"
