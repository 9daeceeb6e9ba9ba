"""What each verb puts on the wire, and what it makes of the answer."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from homeostat._scope import WriteScope
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import (
    CustomResource,
    Field,
    FieldSelector,
    GroupVersionKind,
    Model,
    Object,
    ObjectMeta,
    Resource,
    Selector,
    Spec,
    Status,
    custom_resource,
    decode,
)
from homeostat.client import (
    ALL,
    Bookmark,
    Client,
    FieldsLike,
    LabelsLike,
    Scale,
    WatchEvent,
)
from homeostat.errors import (
    ConflictError,
    ExpiredError,
    OutcomeUnknownError,
    TransportError,
)
from tests.unit.client.scripted import Notes, Scripted, answer, failure

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
NAMESPACE = GroupVersionKind("", "v1", "Namespace")
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "resourceVersion": "7"},
    "spec": {"replicas": 2},
}


class Thing(Object):
    """A typed kind of the tests."""

    size: int = 0


Thing.__resource__ = Resource(
    gvk=GroupVersionKind("ex.io", "v1", "Thing"), plural="things", namespaced=True
)


async def gather(source: AsyncIterator[Any], found: list[Any]) -> None:
    async for item in source:
        found.append(item)  # noqa: PERF401  # what came before an error counts


async def watch(transport: Scripted, found: list[Any]) -> None:
    async with Client(transport).watch(DEPLOYMENT) as events:
        await gather(events, found)


def page(*items: object, continue_: str = "") -> HttpResponse:
    metadata = {"resourceVersion": "9", "continue": continue_}
    return answer({"kind": "List", "metadata": metadata, "items": list(items)})


def sent(transport: Scripted, at: int = -1) -> tuple[str, str, dict[str, str], Any]:
    request = transport.requests[at]
    body = msgspec.json.decode(request.body) if request.body else None
    return request.method, request.path, dict(request.query), body


async def test_get_asks_for_one_object_and_gives_dicts() -> None:
    transport = Scripted(answer(WEB))
    assert await Client(transport).get(DEPLOYMENT, "web", namespace="shop") == WEB
    path = "/apis/apps/v1/namespaces/shop/deployments/web"
    assert sent(transport) == ("GET", path, {}, None)


async def test_get_of_a_class_gives_an_object_of_it() -> None:
    document = {"apiVersion": "ex.io/v1", "kind": "Thing", "metadata": {"name": "a"}}
    transport = Scripted(answer({**document, "size": 3}))
    thing = await Client(transport).get(Thing, "a")
    assert isinstance(thing, Thing)
    assert thing.size == 3
    assert transport.requests[0].path == "/apis/ex.io/v1/namespaces/default/things/a"


@pytest.mark.parametrize("name", ["", "a/b", "..", ".", "a%2f"])
async def test_name_that_is_no_part_of_a_path_is_refused(name: str) -> None:
    client = Client(Scripted(answer({})))
    with pytest.raises(ValueError, match="name"):
        await client.get(DEPLOYMENT, name)
    with pytest.raises(ValueError, match="name"):
        await client.delete(DEPLOYMENT, name)


async def test_namespace_comes_from_the_call_then_the_client() -> None:
    transport = Scripted(answer(WEB))
    client = Client(transport, namespace="mine")
    await client.get(DEPLOYMENT, "web")
    await client.get(DEPLOYMENT, "web", namespace="theirs")
    paths = [request.path for request in transport.requests]
    assert paths == [
        "/apis/apps/v1/namespaces/mine/deployments/web",
        "/apis/apps/v1/namespaces/theirs/deployments/web",
    ]


async def test_cluster_scoped_kind_takes_no_namespace() -> None:
    client = Client(Scripted(answer({})))
    with pytest.raises(ValueError, match="cluster-scoped"):
        await client.get(NAMESPACE, "a", namespace="b")


async def test_objects_own_namespace_must_agree() -> None:
    client = Client(Scripted(answer({})))
    with pytest.raises(ValueError, match="'other' does not match"):
        await client.create(WEB, namespace="other")


@pytest.mark.parametrize(
    ("labels", "fields", "query"),
    [
        (None, None, {}),
        ("a=b,!c", "metadata.name=x", None),
        (Selector.parse("a=b,!c"), FieldSelector.parse("metadata.name=x"), None),
        (
            {"b": "2", "a": "1"},
            {"spec.nodeName": "n,1"},
            {"labelSelector": "a=1,b=2", "fieldSelector": "spec.nodeName=n\\,1"},
        ),
    ],
)
async def test_list_sends_selectors(
    labels: LabelsLike, fields: FieldsLike, query: dict[str, str] | None
) -> None:
    transport = Scripted(page())
    await Client(transport).list(DEPLOYMENT, labels=labels, fields=fields)
    if query is None:
        query = {"labelSelector": "a=b,!c", "fieldSelector": "metadata.name=x"}
    assert sent(transport)[2] == {**query, "limit": "500"}


async def test_bad_selector_is_refused_before_any_request() -> None:
    transport = Scripted(page())
    with pytest.raises(ValueError, match="=="):
        await Client(transport).list(DEPLOYMENT, labels="==")
    assert transport.requests == []


async def test_list_of_all_namespaces_has_none_in_its_path() -> None:
    transport = Scripted(page())
    await Client(transport).list(DEPLOYMENT, namespace=ALL)
    assert transport.requests[0].path == "/apis/apps/v1/deployments"


async def test_list_reads_all_pages_and_names_the_kind_of_items() -> None:
    first, second = {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}
    transport = Scripted(page(first, continue_="go on"), page(second))
    found = await Client(transport).list(DEPLOYMENT)
    assert [item["metadata"]["name"] for item in found] == ["a", "b"]
    assert found[0]["kind"] == "Deployment"
    assert found[0]["apiVersion"] == "apps/v1"
    assert sent(transport)[2] == {"limit": "500", "continue": "go on"}


async def test_list_that_expires_between_pages_starts_anew_in_one_request() -> None:
    old, new = {"metadata": {"name": "old"}}, {"metadata": {"name": "new"}}
    transport = Scripted(page(old, continue_="t"), failure(410, "Expired"), page(new))
    found = await Client(transport).list(DEPLOYMENT)
    assert [item["metadata"]["name"] for item in found] == ["new"]
    assert sent(transport)[2] == {}


async def test_iteration_that_expires_between_pages_is_an_error() -> None:
    item = {"metadata": {"name": "a"}}
    transport = Scripted(page(item, continue_="t"), failure(410, "Expired"))
    found: list[Any] = []
    with pytest.raises(ExpiredError):
        await gather(Client(transport).iterate(DEPLOYMENT), found)
    assert [item["metadata"]["name"] for item in found] == ["a"]


async def test_limit_ends_the_list() -> None:
    items = [{"metadata": {"name": name}} for name in "abc"]
    transport = Scripted(page(*items, continue_="more"))
    assert len(await Client(transport).list(DEPLOYMENT, limit=2)) == 2
    assert sent(transport)[2] == {"limit": "2"}
    assert len(transport.requests) == 1


async def test_page_keeps_each_objects_own_bytes() -> None:
    body = b'{"metadata":{"resourceVersion":"9","remainingItemCount":4,"continue":"c"},'
    body += b'"items":[ {"a": 1.50}, {"b":"\\u00e9"} ]}'
    transport = Scripted(HttpResponse(status=200, body=body))
    client = Client(transport)
    raw = await client.list_page(Thing.__resource__, limit=2, metadata_only=True)
    assert raw.items == [b'{"a": 1.50}', b'{"b":"\\u00e9"}']
    assert (raw.resource_version, raw.continue_, raw.remaining) == ("9", "c", 4)
    assert "PartialObjectMetadataList" in transport.requests[0].headers["accept"]


async def test_page_that_is_no_list_is_a_transport_error() -> None:
    client = Client(Scripted(HttpResponse(status=200, body=b'{"items": 3')))
    with pytest.raises(TransportError, match=r"list ex.io/v1 things: .* no list"):
        await client.list_page(Thing.__resource__)


async def test_list_of_null_items_is_empty() -> None:
    client = Client(Scripted(answer({"metadata": {}, "items": None})))
    assert await client.list(DEPLOYMENT) == []


async def test_create_posts_with_its_options() -> None:
    transport = Scripted(answer(WEB, 201))
    await Client(transport).create(
        WEB, dry_run=True, field_manager="me", field_validation="Strict"
    )
    query = {"fieldManager": "me", "fieldValidation": "Strict", "dryRun": "All"}
    path = "/apis/apps/v1/namespaces/shop/deployments"
    assert sent(transport) == ("POST", path, query, WEB)


async def test_field_manager_is_the_controllers_inside_its_scope() -> None:
    transport = Scripted(answer(WEB, 201))
    client = Client(transport, field_manager="tool")
    await client.create(WEB)
    with WriteScope(controller="webs").active():
        await client.create(WEB)
    managers = [dict(request.query)["fieldManager"] for request in transport.requests]
    assert managers == ["tool", "webs"]


async def test_update_of_dicts_is_put_as_it_is() -> None:
    transport = Scripted(answer(WEB))
    await Client(transport).update(WEB, subresource="status")
    method, path, _, body = sent(transport)
    assert (method, body) == ("PUT", WEB)
    assert path == "/apis/apps/v1/namespaces/shop/deployments/web/status"
    assert len(transport.requests) == 1


def live(version: str, **more: Any) -> HttpResponse:
    metadata = {"name": "a", "uid": "u", "resourceVersion": version}
    document = {"apiVersion": "ex.io/v1", "kind": "Thing", "metadata": metadata}
    return answer({**document, "size": 1, **more})


async def test_typed_update_keeps_fields_that_the_type_does_not_know() -> None:
    def put(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=request.body)

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
    def put(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=request.body)

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
    def put(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=200, body=request.body)

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


@pytest.mark.parametrize("kind", ["merge", "json", "strategic"])
async def test_patch_names_its_media_type(kind: Any) -> None:
    transport = Scripted(answer(WEB))
    patch = [{"op": "test"}] if kind == "json" else {"metadata": {"uid": "u"}}
    client = Client(transport)
    notes = Notes()
    client.observers.append(notes)
    await client.patch(DEPLOYMENT, "web", patch, type=kind)
    assert kind in transport.requests[0].headers["content-type"]
    assert sent(transport)[3] == patch
    assert notes.writes[0].uid == ("" if kind == "json" else "u")


async def test_apply_is_a_patch_of_its_own_type() -> None:
    transport = Scripted(answer(WEB))
    await Client(transport).apply(WEB, force=True, field_manager="me")
    method, path, query, body = sent(transport)
    assert (method, body) == ("PATCH", WEB)
    assert path == "/apis/apps/v1/namespaces/shop/deployments/web"
    assert query == {"fieldManager": "me", "force": "true"}
    media_type = transport.requests[0].headers["content-type"]
    assert media_type == "application/apply-patch+yaml"


async def test_apply_without_a_name_is_refused() -> None:
    client = Client(Scripted(answer(WEB)))
    with pytest.raises(ValueError, match="no name"):
        await client.apply({**WEB, "metadata": {}})


async def test_delete_sends_preconditions_and_policy() -> None:
    transport = Scripted(answer({"kind": "Status", "status": "Success"}))
    await Client(transport).delete(
        DEPLOYMENT,
        "web",
        uid="u",
        resource_version="7",
        propagation="Foreground",
        grace_period_seconds=0,
        dry_run=True,
    )
    method, path, query, body = sent(transport)
    assert (method, path) == (
        "DELETE",
        "/apis/apps/v1/namespaces/default/deployments/web",
    )
    assert query == {}
    assert body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
        "propagationPolicy": "Foreground",
        "gracePeriodSeconds": 0,
        "dryRun": ["All"],
    }


async def test_delete_collection_sends_selectors() -> None:
    transport = Scripted(page())
    await Client(transport).delete_collection(DEPLOYMENT, labels={"a": "b"})
    method, path, query, _ = sent(transport)
    assert (method, path) == ("DELETE", "/apis/apps/v1/namespaces/default/deployments")
    assert query == {"labelSelector": "a=b"}


async def test_delete_of_all_namespaces_at_once_is_refused() -> None:
    client = Client(Scripted(page()))
    with pytest.raises(ValueError, match="one namespace at a time"):
        await client.delete_collection(DEPLOYMENT, namespace=ALL)


async def test_scale_is_read_and_set() -> None:
    document = {
        "metadata": {"resourceVersion": "3"},
        "spec": {"replicas": 4},
        "status": {"replicas": 1, "selector": "a=b"},
    }
    transport = Scripted(answer(document))
    client = Client(transport)
    scale = Scale(replicas=4, observed=1, selector="a=b", resource_version="3")
    assert await client.get_scale(DEPLOYMENT, "web") == scale
    assert await client.set_scale(DEPLOYMENT, "web", 4) == scale
    assert sent(transport)[3] == {"spec": {"replicas": 4}}
    assert transport.requests[1].path.endswith("/deployments/web/scale")


async def test_subresource_is_posted_to() -> None:
    transport = Scripted(answer({"kind": "Status"}, 201))
    pods = GroupVersionKind("", "v1", "Pod")
    binding = {"apiVersion": "v1", "kind": "Binding", "target": {"name": "n"}}
    client = Client(transport)
    notes = Notes()
    client.observers.append(notes)
    await client.create_subresource(pods, "a", "binding", binding)
    assert transport.requests[0].path == "/api/v1/namespaces/default/pods/a/binding"
    assert notes.heard[0] == ("sending", "create v1 pods/binding default/a")


def line(event: str, /, **obj: Any) -> bytes:
    return msgspec.json.encode({"type": event, "object": obj}) + b"\n"


async def test_watch_gives_events_and_bookmarks() -> None:
    transport = Scripted(answer({}))
    marked = {
        "resourceVersion": "9",
        "annotations": {"k8s.io/initial-events-end": "true"},
    }
    transport.parts = [
        line("ADDED", **WEB) + line("BOOKMARK", metadata=marked),
        line("BOOKMARK", metadata={"resourceVersion": "12"}),
    ]
    client = Client(transport)
    async with client.watch(
        DEPLOYMENT, resource_version="5", bookmarks=True, initial_events=True
    ) as events:
        found = [event async for event in events]
    assert found == [
        WatchEvent("ADDED", WEB),
        Bookmark("9", initial_events_end=True),
        Bookmark("12"),
    ]
    assert sent(transport)[2] == {
        "watch": "true",
        "resourceVersion": "5",
        "allowWatchBookmarks": "true",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "timeoutSeconds": "290",
    }


async def test_error_event_is_raised() -> None:
    transport = Scripted(answer({}))
    transport.parts = [line("ERROR", kind="Status", code=410, reason="Expired")]
    with pytest.raises(ExpiredError, match="watch apps/v1 deployments default"):
        await watch(transport, [])


async def test_watch_that_the_server_refuses_is_an_error() -> None:
    transport = Scripted(answer({}))
    transport.stream_status = 410
    transport.parts = [msgspec.json.encode({"kind": "Status", "reason": "Expired"})]
    with pytest.raises(ExpiredError):
        async with Client(transport).watch(DEPLOYMENT):
            pass


@pytest.mark.parametrize(
    ("last", "match"),
    [
        (b'{"type":"ADD', "middle of an event"),
        (b"garbage\n", "no watch event"),
        (TransportError("reset"), "reset"),
    ],
)
async def test_broken_watch_is_a_transport_error(
    last: bytes | Exception, match: str
) -> None:
    transport = Scripted(answer({}))
    transport.parts = [line("ADDED", **WEB), last]
    found: list[object] = []
    with pytest.raises(TransportError, match=match):
        await watch(transport, found)
    assert len(found) == 1


async def test_raw_watch_gives_undecoded_lines() -> None:
    transport = Scripted(answer({}))
    transport.parts = [b'{"type": "ADDED",', b' "object":{}}\n{"type":"ERROR"}\n']
    client = Client(transport)
    async with client.watch_raw(Thing.__resource__, metadata_only=True) as lines:
        found = [line async for arrived in lines for line in arrived]
    assert found == [b'{"type": "ADDED", "object":{}}', b'{"type":"ERROR"}']
    assert "PartialObjectMetadata;" in transport.requests[0].headers["accept"]


async def test_error_inside_the_watchers_block_stays_what_it_is() -> None:
    transport = Scripted(answer({}))
    error = TransportError("of another call")
    with pytest.raises(TransportError) as caught:
        async with Client(transport).watch(DEPLOYMENT):
            raise error
    assert caught.value is error


async def test_leaving_the_client_closes_its_transport() -> None:
    transport = Scripted(answer({}))
    async with Client(transport):
        pass
    assert transport.closed


async def test_any_request_can_be_sent() -> None:
    transport = Scripted(failure(404, "NotFound"))
    response = await Client(transport, user_agent="me").request(
        HttpRequest(method="GET", path="/healthz")
    )
    assert response.status == 404
    assert transport.requests[0].headers["user-agent"] == "me"


async def test_any_request_whose_answer_is_lost_is_unknown() -> None:
    client = Client(Scripted(TransportError("reset")))
    with pytest.raises(OutcomeUnknownError, match="post /api/v1/x"):
        await client.request(HttpRequest(method="POST", path="/api/v1/x"))
