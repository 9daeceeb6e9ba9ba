"""Several versions of a custom kind, without a conversion webhook."""

from typing import Any

import pytest

from tests.harness.objects import rejection
from tests.harness.server import Server, attempts
from tests.harness.widgets import CRDS, crd, establish

Json = dict[str, Any]

GROUP = "versions.example.com"
NUMBER, TEXT = {"type": "integer"}, {"type": "string"}


def version(name: str, *, storage: bool = False, more: Any = None, **spec: Any) -> Json:
    """Return a version of the definition; keywords are the fields of its spec."""
    fields = {"type": "object", "properties": spec}
    schema = {"type": "object", "properties": {"spec": fields}}
    document = {"openAPIV3Schema": schema}
    head = {"name": name, "served": True, "storage": storage, "schema": document}
    return {**head, **(more or {})}


VERSIONS = [
    version(
        "v1",
        storage=True,
        a=NUMBER,
        b=TEXT,
        old=NUMBER,
        one={"type": "string", "default": "1"},
        more={"subresources": {"status": {}}},
    ),
    version(
        "v2",
        a=NUMBER,
        b=TEXT,
        new=NUMBER,
        two={"type": "string", "default": "2"},
        more={"selectableFields": [{"jsonPath": ".spec.b"}]},
    ),
    version("v1beta1", more={"deprecated": True}, b=TEXT),
    version("v1beta2", more={"deprecated": True, "deprecationWarning": "go"}, a=NUMBER),
    version("v3alpha1", more={"served": False}),
]


def gadget(short: str, group: str = GROUP, **spec: Any) -> Json:
    """Return a Gadget in a version."""
    head = {"apiVersion": f"{group}/{short}", "kind": "Gadget"}
    return {**head, "metadata": {"name": "g"}, "spec": spec}


def path(server: Server, short: str, rest: str = "", group: str = GROUP) -> str:
    """Return the path of something of a version."""
    return server.path(f"{group}/{short}", f"gadgets{rest}")


@pytest.fixture
async def gadgets(server: Server) -> Server:
    """A server with Gadgets, one of them created in v2."""
    if (await server.get(f"{CRDS}/gadgets.{GROUP}")).status != 200:
        await establish(
            server, crd(GROUP, plural="gadgets", kind="Gadget", versions=VERSIONS)
        )
    return server


async def test_unknown_fields_of_either_version_are_dropped(gadgets: Server) -> None:
    body = gadget("v2", a=1, b="x", new=3, old=4)
    answer = await gadgets.post(path(gadgets, "v2"), body)
    assert answer.warnings == ['unknown field "spec.old"']
    # What v2 has alone is not stored, its defaults included.
    assert answer.ok(201)["spec"] == {"a": 1, "b": "x"}
    found = {
        short: (await gadgets.get(path(gadgets, short, "/g"))).ok()["spec"]
        for short in ("v1", "v2", "v1beta1")
    }
    assert found == {
        "v1": {"a": 1, "b": "x", "one": "1"},
        "v2": {"a": 1, "b": "x"},
        "v1beta1": {"b": "x"},
    }


async def test_lists_and_watches_speak_the_version(gadgets: Server) -> None:
    await gadgets.post(path(gadgets, "v1"), gadget("v1", a=1, old=2))
    document = (await gadgets.get(path(gadgets, "v2"))).ok()
    assert document["apiVersion"] == f"{GROUP}/v2"
    assert document["items"][0]["apiVersion"] == f"{GROUP}/v2"
    assert document["items"][0]["spec"] == {"a": 1}
    async with gadgets.watch(path(gadgets, "v2")) as watch:
        _, item = await watch.next()
    assert item == document["items"][0]


@pytest.mark.parametrize(
    ("short", "warnings"),
    [
        ("v1", []),
        ("v1beta1", [f"{GROUP}/v1beta1 Gadget is deprecated; use {GROUP}/v2 Gadget"]),
        ("v1beta2", ["go"]),
    ],
)
async def test_deprecated_versions_warn(
    gadgets: Server, short: str, warnings: list[str]
) -> None:
    answer = await gadgets.get(path(gadgets, short))
    answer.ok()
    assert answer.warnings == warnings


async def test_versions_are_discovered_by_maturity(gadgets: Server) -> None:
    group = (await gadgets.get(f"/apis/{GROUP}")).ok()
    found = [each["version"] for each in group["versions"]]
    assert found == ["v2", "v1", "v1beta2", "v1beta1"]
    assert group["preferredVersion"]["version"] == "v2"
    assert (await gadgets.get(path(gadgets, "v3alpha1"))).status == 404


async def test_fields_are_selected_by_version(gadgets: Server) -> None:
    await gadgets.post(path(gadgets, "v1"), gadget("v1", b="x"))
    chosen = await gadgets.get(path(gadgets, "v2"), fieldSelector="spec.b=x")
    assert len(chosen.ok()["items"]) == 1
    answer = await gadgets.get(path(gadgets, "v1"), fieldSelector="spec.b=x")
    answer.refused(400, "BadRequest", "field label not supported: spec.b")


async def test_subresources_are_those_of_the_version(gadgets: Server) -> None:
    await gadgets.post(path(gadgets, "v1"), gadget("v1"))
    (await gadgets.get(path(gadgets, "v1", "/g/status"))).ok()
    answer = await gadgets.get(path(gadgets, "v2", "/g/status"))
    answer.refused(404, "NotFound", f'gadgets.{GROUP} "g" not found')


async def test_stored_version_may_change(server: Server) -> None:
    group = f"{server.namespace}.example.com"
    name = f"{CRDS}/gadgets.{group}"
    one, two = VERSIONS[:2]
    body = crd(group, plural="gadgets", kind="Gadget", versions=[one, two])
    await establish(server, body)
    at = {short: path(server, short, "/g", group) for short in ("v1", "v2")}
    first = gadget("v1", group, a=1, old=2)
    (await server.post(path(server, "v1", "", group), first)).ok(201)
    storage = {
        "spec": {"versions": [{**one, "storage": False}, {**two, "storage": True}]}
    }
    item = (await server.merge(name, storage)).ok()
    assert item["status"]["storedVersions"] == ["v1", "v2"]
    # What was stored before is as it was; the next write leaves what v2 has not.
    old = {"a": 1, "old": 2, "one": "1"}
    assert (await server.get(at["v1"])).ok()["spec"] == old
    async for _ in attempts():
        item = (await server.merge(at["v2"], {"spec": {"new": 5}})).ok()
        if item["spec"] == {"a": 1, "new": 5, "two": "2"}:
            break
    assert (await server.get(at["v1"])).ok()["spec"] == {"a": 1}
    only = {"spec": {"versions": [{**two, "storage": True}]}}
    details = (await server.merge(name, only)).refused(422, "Invalid")
    assert rejection(details) == [("FieldValueInvalid", "status.storedVersions[0]")]
    stored = {"status": {"storedVersions": ["v2"]}}
    (await server.merge(f"{name}/status", stored)).ok()
    (await server.merge(name, only)).ok()
    async for _ in attempts():
        if (await server.get(at["v1"])).status == 404:
            break
    assert (await server.get(at["v2"])).ok()["spec"] == {"a": 1, "new": 5, "two": "2"}


@pytest.mark.parametrize(
    ("conversion", "fields"),
    [
        ({"strategy": "Foo"}, [("FieldValueNotSupported", "spec.conversion.strategy")]),
        (
            {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}},
            [("FieldValueForbidden", "spec.conversion.conversionReviewVersions")],
        ),
    ],
)
async def test_conversion_is_checked(
    server: Server, conversion: Json, fields: list[tuple[str, str]]
) -> None:
    group = f"{server.namespace}.example.com"
    answer = await server.post(CRDS, crd(group, conversion=conversion))
    assert rejection(answer.refused(422, "Invalid")) == fields
