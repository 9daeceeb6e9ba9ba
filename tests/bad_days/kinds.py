"""The kind that the bad days befall, and an operator with one of every write."""

from collections.abc import Sequence
from typing import Any, Literal

from homeostat import (
    Context,
    CustomResource,
    Field,
    Spec,
    Status,
    controller,
    custom_resource,
)
from homeostat.api import GroupVersionKind, Unstructured
from homeostat.controller import KindController

__all__ = [
    "CONFIG_MAP",
    "CRD",
    "CRDS",
    "DEPLOYMENT",
    "EVENT",
    "Set",
    "crd_of",
    "deployment",
    "make_sets",
    "new_set",
]

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
CRDS = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
EVENT = GroupVersionKind("", "v1", "Event")

GROUP = "baddays.dev"
FINALIZER = "baddays.dev/cleanup"


class Port(Spec):
    name: str
    number: int = 80


class SetSpec(Spec):
    size: int = 1
    color: Literal["red", "green"] = "red"
    tags: list[str] = Field(default_factory=list)
    ports: list[Port] = Field(
        default_factory=list, list_type="map", list_map_keys=["name"]
    )


class SetStatus(Status):
    ready: int = 0
    nodes: list[str] = Field(default_factory=list)


@custom_resource(group=GROUP, version="v1")
class Set(CustomResource[SetSpec, SetStatus]):
    """So many ConfigMaps, a Deployment, and an entry in a ledger."""


def crd_of(group: str) -> Unstructured:
    """Return the definition of Sets: wide open, so that it stores what no Set holds."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    port = {
        **anything,
        "required": ["name"],
        "properties": {"name": {"type": "string"}},
    }
    ports = {
        "type": "array",
        "items": port,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["name"],
    }
    spec = {**anything, "properties": {"ports": ports}}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": {**anything, "properties": {"spec": spec}}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"sets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {
                "kind": "Set",
                "plural": "sets",
                "singular": "set",
                "listKind": "SetList",
            },
            "versions": [version],
        },
    }


CRD = crd_of(GROUP)


def new_set(name: str = "a", **spec: Any) -> Unstructured:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Set",
        "metadata": {"name": name},
        "spec": spec,
    }


def deployment(name: str, replicas: int) -> Unstructured:
    labels = {"set": name}
    pod = {"containers": [{"name": "pod", "image": "busybox"}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def config_map(name: str = "", *, of: str = "", generate: str = "") -> Unstructured:
    metadata = {"generateName": generate} if generate else {"name": name}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {**metadata, "labels": {"set": of}},
    }


def make_sets(*, name: str = "sets", generated: bool = True) -> KindController[Set]:
    """Return a controller that writes in every way there is.

    A ledger is created and updated and, by the finalizer, deleted; members are created
    under generated names (unless ``generated`` is off) and deleted; a Deployment is
    applied; the status is patched.
    """

    @controller(Set, name=name, owns=[DEPLOYMENT, CONFIG_MAP])
    async def sets(found: Set, ctx: Context) -> None:
        own, size = found.metadata.name, found.spec.size
        ledger = ctx.find(CONFIG_MAP, f"ledger-{own}")
        if ledger is None:
            ledger = await ctx.create(config_map(f"ledger-{own}", of="ledger"))
        members = _members(ctx, own)
        for n in range(len(members), size):
            made = config_map(f"{own}-{n}", of=own)
            if generated:
                made = config_map(generate=f"{own}-", of=own)
            await ctx.create(made, owned=True)
        for extra in members[size:]:
            await ctx.delete(extra)
        await ctx.apply(deployment(own, size), owned=True)
        if ledger.get("data") != {"size": str(size)}:
            ledger["data"] = {"size": str(size)}
            await ctx.update(ledger)
        found.status.ready = len(_members(ctx, own))
        found.set_condition("Ready", status=True, reason="Made")
        await ctx.update_status(found)

    @sets.finalizer(FINALIZER)
    async def cleanup(found: Set, ctx: Context) -> None:
        ledger = ctx.find(CONFIG_MAP, f"ledger-{found.metadata.name}")
        if ledger is not None:
            await ctx.delete(ledger)

    return sets


def _members(ctx: Context, own: str) -> Sequence[Unstructured]:
    """Return the members, the oldest first."""

    def age(member: Unstructured) -> int:
        return int(member["metadata"]["resourceVersion"])

    return sorted(ctx.list(CONFIG_MAP, labels={"set": own}), key=age)
