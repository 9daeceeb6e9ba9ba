from typing import Any

import pytest

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import GroupVersionKind, Object
from homeostat.client import Client
from homeostat.errors import NotFoundError, TransportError
from homeostat.k8s import core_v1
from tests.unit.client.scripted import Scripted, answer, failure

WIDGET = GroupVersionKind("ex.io", "v1", "Widget")


def aggregated(*groups: dict[str, Any]) -> HttpResponse:
    return answer({"kind": "APIGroupDiscoveryList", "items": list(groups)})


def group(name: str, *kinds: str, freshness: str = "Current") -> dict[str, Any]:
    resources = [
        {
            "resource": f"{kind.lower()}s",
            "responseKind": {"group": name, "version": "v1", "kind": kind},
            "scope": "Namespaced",
            "singularResource": kind.lower(),
            "shortNames": [kind[:2].lower()],
            "verbs": ["get", "list"],
            "subresources": [{"subresource": "status", "verbs": ["get"]}],
        }
        for kind in kinds
    ]
    version = {"version": "v1", "freshness": freshness, "resources": resources}
    return {"metadata": {"name": name}, "versions": [version]}


class Server(Scripted):
    """Answers by path, and counts."""

    def __init__(self, **documents: HttpResponse) -> None:
        super().__init__(self.by_path)
        self.documents = {"/api": aggregated(), "/apis": aggregated(), **documents}

    def by_path(self, request: HttpRequest) -> HttpResponse:
        return self.documents.get(request.path, failure(404, "NotFound"))

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]


async def test_typed_kind_needs_no_discovery() -> None:
    server = Server()
    resource = await Client(server).resource_for(core_v1.ConfigMap)
    assert resource.plural == "configmaps"
    assert server.requests == []


async def test_built_in_kind_needs_no_discovery() -> None:
    server = Server()
    kind = GroupVersionKind("apps", "v1", "Deployment")
    assert (await Client(server).resource_for(kind)).plural == "deployments"
    assert server.requests == []


async def test_class_without_a_kind_is_refused() -> None:
    class Nameless(Object):
        pass

    with pytest.raises(ValueError, match="Nameless has no kind"):
        await Client(Server()).resource_for(Nameless)


async def test_unknown_kind_is_discovered_once() -> None:
    server = Server(**{"/apis": aggregated(group("ex.io", "Widget", "Gadget"))})
    client = Client(server)
    resource = await client.resource_for(WIDGET)
    assert resource.plural == "widgets"
    assert resource.namespaced
    assert resource.short_names == ("wi",)
    assert resource.subresources == {"status"}
    assert resource.verbs == ("get", "list")
    await client.resource_for(GroupVersionKind("ex.io", "v1", "Gadget"))
    assert server.paths == ["/api", "/apis"]
    accept = server.requests[0].headers["accept"].split(",")
    assert [part.partition("v=")[2][:3] for part in accept] == ["v2;", "v2b", ""]


async def test_kind_installed_a_moment_ago_is_found() -> None:
    server = Server()
    client = Client(server)
    with pytest.raises(NotFoundError, match="CustomResourceDefinition") as caught:
        await client.resource_for(WIDGET)
    assert caught.value.details == {"group": "ex.io", "kind": "Widget"}
    server.documents["/apis"] = aggregated(group("ex.io", "Widget"))
    assert (await client.resource_for(WIDGET)).plural == "widgets"


async def test_stale_group_hides_no_other_and_is_named() -> None:
    stale = group("metrics.k8s.io", "NodeMetrics", freshness="Stale")
    server = Server(**{"/apis": aggregated(stale, group("ex.io", "Widget"))})
    client = Client(server)
    assert (await client.resource_for(WIDGET)).plural == "widgets"
    with pytest.raises(NotFoundError, match="could not be discovered"):
        await client.resource_for(GroupVersionKind("metrics.k8s.io", "v1", "Missing"))
    found = await client.discover()
    assert list(found.failed) == ["metrics.k8s.io/v1"]


async def test_kind_of_a_group_that_went_stale_stays_known() -> None:
    server = Server(**{"/apis": aggregated(group("ex.io", "Widget"))})
    client = Client(server)
    await client.resource_for(WIDGET)
    server.documents["/apis"] = aggregated(group("ex.io", freshness="Stale"))
    await client.discover()
    assert (await client.resource_for(WIDGET)).plural == "widgets"


async def test_kind_that_is_not_served_any_more_is_discovered_anew() -> None:
    server = Server(**{"/apis": aggregated(group("ex.io", "Widget"))})
    client = Client(server)
    await client.resource_for(WIDGET)
    renamed = group("ex.io", "Widget")
    renamed["versions"][0]["resources"][0]["resource"] = "widgetry"
    server.documents["/apis"] = aggregated(renamed)
    gone = failure(
        404, "NotFound", message="the server could not find the requested resource"
    )
    server.documents["/apis/ex.io/v1/namespaces/default/widgets/a"] = gone
    with pytest.raises(NotFoundError, match="widgets is not served here"):
        await client.get(WIDGET, "a")
    assert (await client.resource_for(WIDGET)).plural == "widgetry"


def resource_list(version: str, *resources: dict[str, Any]) -> HttpResponse:
    document = {"kind": "APIResourceList", "groupVersion": version}
    return answer({**document, "resources": list(resources)})


def legacy() -> Server:
    versions = [{"groupVersion": "ex.io/v1beta1"}, {"groupVersion": "ex.io/v1"}]
    preferred = {"groupVersion": "ex.io/v1"}
    groups = [
        {"name": "ex.io", "versions": versions, "preferredVersion": preferred},
        {"name": "bad.io", "versions": [{"groupVersion": "bad.io/v1"}]},
    ]
    widget = {"name": "widgets", "kind": "Widget", "namespaced": True}
    scale = {"name": "widgets/scale", "kind": "Scale", "group": "autoscaling"}
    return Server(
        **{
            "/api": answer({"kind": "APIVersions", "versions": ["v1"]}),
            "/apis": answer({"kind": "APIGroupList", "groups": groups}),
            "/api/v1": resource_list("v1", {"name": "pods", "kind": "Pod"}),
            "/apis/ex.io/v1": resource_list("ex.io/v1", widget, scale),
            "/apis/ex.io/v1beta1": resource_list("ex.io/v1beta1", widget),
            "/apis/bad.io/v1": failure(503, "ServiceUnavailable", message="down"),
        }
    )


async def test_server_without_aggregated_discovery_is_asked_group_by_group() -> None:
    found = await Client(legacy()).discover()
    kinds = [str(resource.gvk) for resource in found.resources]
    assert kinds == ["v1 Pod", "ex.io/v1 Widget", "ex.io/v1beta1 Widget"]
    assert found.resources[1].subresources == {"scale"}
    assert "down" in found.failed["bad.io/v1"]


async def test_answer_that_is_no_discovery_is_a_transport_error() -> None:
    server = Server(**{"/api": HttpResponse(status=200, body=b"<html>")})
    with pytest.raises(TransportError, match="discover /api"):
        await Client(server).resource_for(WIDGET)
