"""What the server makes of PodSets: defaults, refusals, fields of other versions."""

from collections.abc import Iterator
from typing import Any

import pytest

from examples.podset.lab import Web
from examples.podset.podset import PodSet
from homeostat.api import Unstructured
from homeostat.client import Client
from homeostat.errors import InvalidError
from homeostat.k8s import apiextensions_v1


def test_fields_have_their_defaults(web: Web) -> None:
    sparse = {
        "apiVersion": "apps.jicki.cn/v1alpha1",
        "kind": "PodSet",
        "metadata": {"name": "web"},
        "spec": {"size": 1},
    }
    created = web.cluster.call(lambda c: c.create(sparse))
    assert created["spec"] == {
        "size": 1,
        "image": "busybox",
        "command": ["sleep", "3600"],
        "port": 1234,
    }
    web.converge(1)
    (container,) = web.pods()[0].spec.containers
    assert container.image == "busybox"
    assert container.command == ["sleep", "3600"]
    assert [port.container_port for port in container.ports] == [1234]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"size": -1},
            "spec.size: Invalid value: -1: spec.size in body should be greater than",
        ),
        ({}, "spec.size: Required value"),
        ({"size": 1, "port": 0}, "spec.port: Invalid value: 0: "),
        ({"size": "three"}, 'spec.size: Invalid value: "string": '),
    ],
)
def test_server_refuses_an_invalid_spec(
    web: Web, spec: dict[str, Any], message: str
) -> None:
    invalid = {
        "apiVersion": "apps.jicki.cn/v1alpha1",
        "kind": "PodSet",
        "metadata": {"name": "web"},
        "spec": spec,
    }
    with pytest.raises(InvalidError) as caught:
        web.cluster.call(lambda c: c.create(invalid))
    assert message in str(caught.value)


@pytest.fixture
def newer_definition(web: Web) -> Iterator[None]:
    """The definition keeps fields that this operator's types do not know."""
    base = "/spec/versions/0/schema/openAPIV3Schema/properties"
    field = "x-kubernetes-preserve-unknown-fields"
    paths = [f"{base}/{part}/{field}" for part in ("spec", "status")]

    def patch(operations: list[dict[str, Any]]) -> None:
        kind, name = apiextensions_v1.CustomResourceDefinition, "podsets.apps.jicki.cn"
        web.cluster.call(lambda c: c.patch(kind, name, operations, type="json"))

    patch([{"op": "add", "path": path, "value": True} for path in paths])
    yield
    patch([{"op": "remove", "path": path} for path in paths])


@pytest.mark.usefixtures("newer_definition")
def test_unknown_fields_survive_a_status_write(web: Web) -> None:
    kind = PodSet.__resource__.gvk
    web.create(1)
    web.converge(1)

    def stored() -> Unstructured:
        return web.cluster.call(lambda c: c.get(kind, "web"))

    async def invent(client: Client) -> None:
        for part, subresource in (("spec", ""), ("status", "status")):
            change = {part: {"future": {"x": 1}}}
            await client.patch(kind, "web", change, subresource=subresource)

    def known_to_the_server() -> None:
        # A changed definition takes a moment to be obeyed.
        web.cluster.call(invent)
        assert stored()["spec"]["future"] == stored()["status"]["future"] == {"x": 1}

    web.cluster.eventually(known_to_the_server)
    web.patch(size=2)
    web.converge(2)
    assert stored()["spec"]["future"] == {"x": 1}
    assert stored()["status"]["future"] == {"x": 1}
