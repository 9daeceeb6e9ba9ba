"""A custom resource with one of everything, for the contract suite."""

from typing import Any

from tests.harness.server import Server, attempts

__all__ = [
    "CRDS",
    "DEFAULTS",
    "GROUP",
    "crd",
    "establish",
    "install",
    "schema",
    "widget",
]

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUP = "contract.example.com"
# What a Widget has in its spec without being told.
DEFAULTS = {"color": "red", "nested": {"deep": 3}}


def crd(
    group: str,
    *,
    plural: str = "things",
    kind: str = "Thing",
    schema: Any = None,
    version: Any = None,
    names: Any = None,
    **spec: Any,
) -> dict[str, Any]:
    """Return a CustomResourceDefinition with one version."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    only = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema or anything},
        **(version or {}),
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, **(names or {})},
            "versions": [only],
            **spec,
        },
    }


def schema() -> dict[str, Any]:
    """Return the schema of a Widget."""
    port = {
        "type": "object",
        "required": ["port"],
        "properties": {
            "port": {"type": "integer"},
            "protocol": {"type": "string", "default": "TCP"},
        },
    }
    nested = {
        "type": "object",
        "default": {},
        "properties": {"deep": {"type": "integer", "default": 3}},
    }
    alias = {"type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$"}
    spec = {
        "size": {"type": "integer", "minimum": 0, "maximum": 10},
        "color": {"type": "string", "enum": ["red", "green"], "default": "red"},
        "alias": alias,
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "x-kubernetes-list-type": "set",
            "maxItems": 3,
        },
        "ports": {
            "type": "array",
            "items": port,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port"],
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "percent": {"x-kubernetes-int-or-string": True},
        "nullable": {"type": "string", "nullable": True},
        "ratio": {"type": "number"},
        "on": {"type": "boolean"},
        "when": {"type": "string", "format": "date-time"},
        "replicas": {"type": "integer", "format": "int32"},
        "nested": nested,
    }
    status = {
        "ready": {"type": "integer"},
        "replicas": {"type": "integer"},
        "selector": {"type": "string"},
    }
    return {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "required": ["size"], "properties": spec},
            "status": {"type": "object", "properties": status},
        },
    }


def widget(name: str = "w", **spec: Any) -> dict[str, Any]:
    """Return a Widget; keywords are its spec."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Widget",
        "metadata": {"name": name},
        "spec": spec,
    }


async def establish(server: Server, definition: Any) -> Any:
    """Create a definition, and wait until it is established and served in each version.

    A real server's handler learns of the one by a watch, a moment after its client.
    """
    (await server.post(CRDS, definition)).ok(201)
    item = await condition(server, definition["metadata"]["name"], "Established")
    spec = item["spec"]
    for version in (each["name"] for each in spec["versions"] if each["served"]):
        path = f"/apis/{spec['group']}/{version}/{spec['names']['plural']}"
        async for _ in attempts():
            if (await server.get(path, limit=1)).status == 200:
                break
    return item


async def condition(server: Server, name: str, kind: str, status: str = "True") -> Any:
    """Wait for a condition of a definition, and return the definition."""
    selector = f"metadata.name={name}"
    async with server.watch(CRDS, fieldSelector=selector) as watch:
        while True:
            _, item = await watch.next()
            for found in item["status"].get("conditions") or ():
                if (found["type"], found["status"]) == (kind, status):
                    return item


async def install(server: Server) -> str:
    """Install Widgets where they are not yet, and return their path."""
    scale = {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
    definition = crd(
        GROUP,
        plural="widgets",
        kind="Widget",
        schema=schema(),
        version={"subresources": {"status": {}, "scale": scale}},
        names={"shortNames": ["wd"], "categories": ["all"]},
    )
    if (await server.get(f"{CRDS}/widgets.{GROUP}")).status != 200:
        await establish(server, definition)
    return server.path(f"{GROUP}/v1", "widgets")
