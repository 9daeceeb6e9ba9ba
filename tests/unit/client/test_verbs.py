"""What each verb puts on the wire, and what it makes of the answer."""

from typing import Any

import pytest

from homeostat._scope import WriteScope
from homeostat._transport import HttpRequest
from homeostat.api import GroupVersionKind
from homeostat.client import ALL, Client, Scale
from homeostat.errors import OutcomeUnknownError, TransportError
from tests.unit.client.scripted import (
    DEPLOYMENT,
    WEB,
    Notes,
    Scripted,
    Thing,
    answer,
    failure,
    page,
    sent,
)

NAMESPACE = GroupVersionKind("", "v1", "Namespace")


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
