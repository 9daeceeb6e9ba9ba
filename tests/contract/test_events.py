"""Events: one storage, two APIs; and the times that they and Leases carry."""

from typing import Any

import pytest

from tests.harness.objects import names, rejection
from tests.harness.server import Server

MICRO = "2026-01-01T00:00:00.000000Z"


@pytest.fixture
def old(server: Server) -> str:
    """The path of events in core/v1."""
    return server.core("events")


@pytest.fixture
def new(server: Server) -> str:
    """The path of events in events.k8s.io/v1."""
    return server.path("events.k8s.io/v1", "events")


def _about(server: Server) -> Any:
    return {
        "kind": "ConfigMap",
        "namespace": server.namespace,
        "name": "a",
        "uid": "u1",
        "apiVersion": "v1",
    }


def _core(server: Server, name: str = "e") -> Any:
    return {
        "metadata": {"name": name},
        "involvedObject": _about(server),
        "reason": "R",
        "message": "m",
        "type": "Normal",
        "source": {"component": "c"},
        "count": 2,
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:05Z",
    }


def _event(server: Server, name: str = "e") -> Any:
    return {
        "metadata": {"name": name},
        "regarding": _about(server),
        "reason": "R",
        "note": "n",
        "type": "Normal",
        "action": "A",
        "reportingController": "example.com/c",
        "reportingInstance": "i",
        "eventTime": MICRO,
    }


def _body(item: Any) -> Any:
    return {name: value for name, value in item.items() if name != "metadata"}


async def test_core_event_is_returned(server: Server, old: str) -> None:
    item = (await server.post(old, _core(server))).ok(201)
    assert _body(item) == {
        "kind": "Event",
        "apiVersion": "v1",
        **_body(_core(server)),
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    }


async def test_core_event_is_read_through_the_new_api(
    server: Server, old: str, new: str
) -> None:
    await server.post(old, _core(server))
    assert _body((await server.get(f"{new}/e")).ok()) == {
        "kind": "Event",
        "apiVersion": "events.k8s.io/v1",
        "eventTime": None,
        "reason": "R",
        "regarding": _about(server),
        "note": "m",
        "type": "Normal",
        "deprecatedSource": {"component": "c"},
        "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
        "deprecatedLastTimestamp": "2026-01-01T00:00:05Z",
        "deprecatedCount": 2,
    }


async def test_new_event_is_read_through_the_core_api(
    server: Server, old: str, new: str
) -> None:
    (await server.post(new, _event(server))).ok(201)
    assert _body((await server.get(f"{old}/e")).ok()) == {
        "kind": "Event",
        "apiVersion": "v1",
        "involvedObject": _about(server),
        "reason": "R",
        "message": "n",
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "type": "Normal",
        "eventTime": MICRO,
        "action": "A",
        "reportingComponent": "example.com/c",
        "reportingInstance": "i",
    }


async def test_lists_show_both(server: Server, old: str, new: str) -> None:
    await server.post(old, _core(server, "a"))
    await server.post(new, _event(server, "b"))
    assert names((await server.get(old)).ok()) == ["a", "b"]
    assert names((await server.get(new)).ok()) == ["a", "b"]
    assert (await server.get(new)).ok()["apiVersion"] == "events.k8s.io/v1"


async def test_watch_shows_both(server: Server, old: str, new: str) -> None:
    async with server.watch(new, resourceVersion=0) as watch:
        await server.post(old, _core(server))
        kind, item = await watch.next()
    assert (kind, item["apiVersion"]) == ("ADDED", "events.k8s.io/v1")


async def test_delete_through_the_other_api(server: Server, old: str, new: str) -> None:
    await server.post(old, _core(server))
    (await server.delete(f"{new}/e")).ok()
    (await server.get(f"{old}/e")).refused(404, "NotFound")


async def test_event_is_created_by_an_update(server: Server, old: str) -> None:
    (await server.put(f"{old}/e", _core(server))).ok(201)


async def test_event_is_not_created_by_a_patch(server: Server, old: str) -> None:
    answer = await server.merge(f"{old}/e", _core(server))
    answer.refused(404, "NotFound", 'events "e" not found')


async def test_series_is_patched(server: Server, old: str, new: str) -> None:
    await server.post(new, _event(server))
    series = {"count": 2, "lastObservedTime": "2026-01-01T00:00:01.000000Z"}
    (await server.merge(f"{new}/e", {"series": series})).ok()
    assert (await server.get(f"{old}/e")).ok()["series"] == series


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("involvedObject.name=a", "ab"),
        ("involvedObject.kind=ConfigMap,involvedObject.uid=u1", "ab"),
        ("involvedObject.namespace=NS", "ab"),
        ("involvedObject.apiVersion=v1", "ab"),
        ("involvedObject.fieldPath=", "ab"),
        ("involvedObject.resourceVersion=", "ab"),
        ("involvedObject.name!=a", ""),
        ("reason=R", "ab"),
        ("type=Normal", "ab"),
        ("source=c", "a"),
        ("reportingComponent=example.com/c", "b"),
    ],
)
async def test_fields_of_core_events(
    server: Server, old: str, new: str, selector: str, expected: str
) -> None:
    await server.post(old, _core(server, "a"))
    await server.post(new, _event(server, "b"))
    text = selector.replace("NS", server.namespace)
    document = (await server.get(old, fieldSelector=text)).ok()
    assert names(document) == list(expected)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("regarding.name=a", "ab"),
        ("reason=R", "ab"),
        ("type=Normal", "ab"),
        ("reportingController=example.com/c", "b"),
    ],
)
async def test_fields_of_new_events(
    server: Server, old: str, new: str, selector: str, expected: str
) -> None:
    await server.post(old, _core(server, "a"))
    await server.post(new, _event(server, "b"))
    document = (await server.get(new, fieldSelector=selector)).ok()
    assert names(document) == list(expected)


@pytest.mark.parametrize(
    ("api", "field"),
    [
        ("old", "regarding.name"),
        ("old", "reportingController"),
        ("old", "involvedObject.foo"),
        ("new", "involvedObject.name"),
        ("new", "source"),
        ("new", "reportingComponent"),
    ],
)
async def test_fields_of_the_other_api_are_refused(
    server: Server, old: str, new: str, api: str, field: str
) -> None:
    path = old if api == "old" else new
    answer = await server.get(path, fieldSelector=f"{field}=x")
    answer.refused(400, "BadRequest", f"field label not supported: {field}")


@pytest.mark.parametrize("namespace", ["", "other"])
async def test_event_lives_beside_its_object(
    server: Server, old: str, namespace: str
) -> None:
    body = _core(server)
    body["involvedObject"]["namespace"] = namespace
    (await server.post(old, body)).refused(
        422,
        "Invalid",
        'Event "e" is invalid: involvedObject.namespace: Invalid value:'
        f' "{namespace}": does not match event.namespace',
    )


async def test_new_event_needs_a_time(server: Server, new: str) -> None:
    body = _event(server)
    del body["eventTime"]
    details = (await server.post(new, body)).refused(
        422, "Invalid", 'Event "e" is invalid: eventTime: Required value'
    )
    assert rejection(details) == [("FieldValueRequired", "eventTime")]


async def test_new_event_needs_a_known_type(server: Server, new: str) -> None:
    body = {**_event(server), "type": "Foo"}
    (await server.post(new, body)).refused(
        422,
        "Invalid",
        'Event "e" is invalid: type: Invalid value: "": has invalid value: Foo',
    )


@pytest.mark.parametrize(
    ("text", "rest"),
    [("2026-01-01T00:00:00Z", "Z"), ("2026-01-01T00:00:00.12Z", ".12Z")],
)
async def test_micro_time_has_six_digits(
    server: Server, new: str, text: str, rest: str
) -> None:
    body = {**_event(server), "eventTime": text}
    (await server.post(new, body)).refused(
        400,
        "BadRequest",
        'Event in version "v1" cannot be handled as a Event: parsing time'
        f' "{text}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "{rest}" as'
        ' ".000000"',
    )


async def test_lease_keeps_its_micro_time(server: Server) -> None:
    path = server.path("coordination.k8s.io/v1", "leases")
    spec = {"holderIdentity": "h", "renewTime": "2026-01-01T00:00:00.123456Z"}
    item = (await server.post(path, {"metadata": {"name": "l"}, "spec": spec})).ok(201)
    assert item["spec"] == spec


async def test_lease_refuses_another_time(server: Server) -> None:
    path = server.path("coordination.k8s.io/v1", "leases")
    body = {"metadata": {"name": "l"}, "spec": {"renewTime": "2026-01-01T00:00:00Z"}}
    answer = await server.post(path, body)
    answer.refused(400, "BadRequest")


async def test_fields_are_owned_in_the_version_of_the_request(
    server: Server, old: str, new: str
) -> None:
    item = (await server.post(new, _event(server))).ok(201)
    (entry,) = item["metadata"]["managedFields"]
    assert entry["apiVersion"] == "events.k8s.io/v1"
    assert {"f:note", "f:regarding", "f:reportingController"} < set(entry["fieldsV1"])
    patch = {"message": "other"}
    item = (await server.merge(f"{old}/e", patch, fieldManager="m")).ok()
    # An entry in the version of another group cannot be told in this one, and goes.
    (entry,) = item["metadata"]["managedFields"]
    assert (entry["manager"], entry["apiVersion"]) == ("m", "v1")
    assert entry["fieldsV1"] == {"f:message": {}}


async def test_apply_through_the_other_api_drops_owners(
    server: Server, old: str, new: str
) -> None:
    await server.post(new, _event(server))
    patch = {"metadata": {"labels": {"a": "b"}}}
    await server.merge(f"{old}/e", patch, fieldManager="m")
    body = {**_event(server), "apiVersion": "events.k8s.io/v1", "kind": "Event"}
    item = (await server.apply(f"{new}/e", body, force=True)).ok()
    managers = [e["manager"] for e in item["metadata"]["managedFields"]]
    assert managers == ["applier"]
