"""OpenAPI v2 as JSON: the definitions of kinds, for clients that know no later one."""

from typing import Any

from tests.harness.server import Server

CORE = "io.k8s.api.core.v1."
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
JSON = {"accept": "application/json"}


def _undescribed(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _undescribed(item)
            for name, item in value.items()
            if name != "description" or not isinstance(item, str)
        }
    return value


async def test_definitions_of_kinds(server: Server) -> None:
    document = (await server.get("/openapi/v2", headers=JSON)).ok()
    assert (document["swagger"], document["info"]["title"]) == ("2.0", "Kubernetes")
    known = _undescribed(document["definitions"])
    assert known["io.k8s.api.apps.v1.Deployment"] == {
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"$ref": f"#/definitions/{META}ObjectMeta"},
            "spec": {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"},
            "status": {"$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentStatus"},
        },
        "x-kubernetes-group-version-kind": [
            {"group": "apps", "kind": "Deployment", "version": "v1"}
        ],
    }
    spec = known["io.k8s.api.apps.v1.DeploymentSpec"]
    assert spec["required"] == ["selector", "template"]
    assert spec["properties"]["strategy"] == {
        "$ref": "#/definitions/io.k8s.api.apps.v1.DeploymentStrategy",
        "x-kubernetes-patch-strategy": "retainKeys",
    }
    assert known[f"{META}FieldsV1"] == {"type": "object"}
    number = known["io.k8s.apimachinery.pkg.util.intstr.IntOrString"]
    assert number == {"type": "string", "format": "int-or-string"}
    assert known["io.k8s.apimachinery.pkg.api.resource.Quantity"] == {"type": "string"}
    ports = known[f"{CORE}ServiceSpec"]["properties"]["ports"]
    assert ports["x-kubernetes-patch-merge-key"] == "port"


async def test_definitions_are_no_text(server: Server) -> None:
    answer = await server.get("/openapi/v2", headers={"accept": "text/plain"})
    assert (answer.status, answer.body) == (406, b"")
