"""What the demo does to an operator, and when it has recovered: mostly pure.

The scenario asks nothing of the operator but what operators do: it owns objects, and
says in ``status.observedGeneration`` and a ``Ready`` condition that it is done.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from homeostat.api import GroupVersionKind, Resource
from homeostat.cli._tree import Node, state_of
from homeostat.client import Client

__all__ = ["Sample", "Step", "install_step", "meddling", "missing", "steps_for"]

Unstructured = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The object that the demo plays with.

    Attributes:
        document: As its manifest has it.
        resource: How its kind is reached.
        owned: Kinds that its operator owns, those that the third party meddles with.
    """

    document: dict[str, Any]
    resource: Resource
    owned: tuple[GroupVersionKind, ...]

    @property
    def kind(self) -> GroupVersionKind:
        """Kind of the object."""
        return self.resource.gvk

    @property
    def name(self) -> str:
        """Name of the object."""
        name: str = self.document["metadata"]["name"]
        return name

    @property
    def namespace(self) -> str:
        """Namespace of the object; "" when its kind has none."""
        if not self.resource.namespaced:
            return ""
        namespace: str = self.document["metadata"].get("namespace", "default")
        return namespace


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens to the operator.

    Attributes:
        title: What happens, for people.
        act: Does it.
        missing: Given the tree (None when the object is gone), says what is not as it
            should be yet; "" when the operator has recovered.
    """

    title: str
    act: Callable[[Client], Awaitable[object]]
    missing: Callable[[Node | None], str]


def missing(tree: Node | None, owned: Sequence[GroupVersionKind]) -> str:
    """Say what keeps a tree from being converged, "" when nothing does."""
    if tree is None:
        return "the object is not there"
    meta = tree.object["metadata"]
    status: Unstructured = tree.object.get("status") or {}
    if status.get("observedGeneration") != meta.get("generation"):
        return "the status does not speak of the present generation"
    if "conditions" not in status:
        return "the status has no conditions"
    kinds = {child.object["kind"] for child in tree.children}
    for kind in owned:
        if kind.kind not in kinds:
            return f"there is no {kind.kind}"
    for node in tree.walk():
        state, words = state_of(node.object)
        if state != "ready":
            item = node.object
            return f"{item['kind']} {item['metadata']['name']}: {words or state}"
    return ""


def steps_for(sample: Sample) -> list[Step]:
    """Return the scenario for a sample: only steps that make sense for its kind."""
    steps = [_create(sample)]
    if "scale" in sample.resource.subresources:
        steps.append(_scale(sample))
    if sample.owned:
        steps += [_edit(sample), _delete_child(sample)]
    steps.append(_delete(sample))
    return steps


def install_step(start: Callable[[Client], Awaitable[object]]) -> Step:
    """Return the step before the scenario: the operator gets its definitions."""
    return Step(
        title="install the CustomResourceDefinition",
        act=start,
        missing=lambda _tree: "",
    )


def _create(sample: Sample) -> Step:
    async def act(client: Client) -> None:
        await client.create(sample.document, namespace=sample.namespace or None)

    return Step(
        title=f"create {sample.kind.kind} {sample.name}",
        act=act,
        missing=lambda tree: missing(tree, sample.owned),
    )


def _scale(sample: Sample) -> Step:
    wanted: list[int] = []

    async def act(client: Client) -> None:
        scale = await client.get_scale(
            sample.kind, sample.name, namespace=sample.namespace
        )
        wanted[:] = [scale.replicas + 2]
        await client.set_scale(
            sample.kind, sample.name, wanted[0], namespace=sample.namespace
        )

    def check(tree: Node | None) -> str:
        if found := missing(tree, sample.owned):
            return found
        pods = [n for n in tree.walk() if n.object["kind"] == "Pod"] if tree else []
        if pods and len(pods) != wanted[0]:
            return f"{len(pods)} of {wanted[0]} pods"
        return ""

    return Step(title=f"scale {sample.name} up by 2", act=act, missing=check)


def _edit(sample: Sample) -> Step:
    kind = sample.owned[0]
    before: dict[str, Unstructured] = {}

    async def act(client: Client) -> None:
        child = await _child(client, sample, kind)
        meta = child["metadata"]
        before[meta["uid"]] = _wanted(child)
        await client.patch(
            kind, meta["name"], meddling(child), namespace=sample.namespace
        )

    def check(tree: Node | None) -> str:
        if found := missing(tree, sample.owned):
            return found
        for node in tree.children if tree else ():
            meta = node.object["metadata"]
            if before.get(meta["uid"], wanted := _wanted(node.object)) != wanted:
                return f"{kind.kind} {meta['name']} is as the third party left it"
        return ""

    return Step(title=f"a third party edits the {kind.kind}", act=act, missing=check)


def meddling(child: Unstructured) -> dict[str, Any]:
    """Return a merge patch that takes from an object what its owner wants there.

    The number of replicas, else whatever stands beside a spec, as data or rules, else
    the labels; an object that has none of these is left as it is.
    """
    spec: Unstructured = child.get("spec") or {}
    if (replicas := spec.get("replicas")) is not None:
        return {"spec": {"replicas": 1 if replicas != 1 else 2}}
    wanted = _wanted(child)
    if beside := [name for name in wanted if name not in ("labels", "spec")]:
        return dict.fromkeys(beside)
    return {"metadata": {"labels": None}} if wanted["labels"] else {}


def _wanted(child: Unstructured) -> Unstructured:
    """Return what an owner may want of an object, and nobody else writes."""
    strange = ("apiVersion", "kind", "metadata", "status")
    content = {name: value for name, value in child.items() if name not in strange}
    return {**content, "labels": child["metadata"].get("labels")}


def _delete_child(sample: Sample) -> Step:
    kind = sample.owned[0]
    gone: list[str] = []

    async def act(client: Client) -> None:
        child = await _child(client, sample, kind)
        meta = child["metadata"]
        gone.append(meta["uid"])
        await client.delete(kind, meta["name"], namespace=sample.namespace)

    def check(tree: Node | None) -> str:
        if tree and any(n.object["metadata"]["uid"] in gone for n in tree.walk()):
            return f"the old {kind.kind} is still there"
        return missing(tree, sample.owned)

    return Step(title=f"a third party deletes the {kind.kind}", act=act, missing=check)


def _delete(sample: Sample) -> Step:
    async def act(client: Client) -> None:
        await client.delete(sample.kind, sample.name, namespace=sample.namespace)

    return Step(
        title=f"delete {sample.kind.kind} {sample.name}",
        act=act,
        missing=lambda tree: "" if tree is None else "something is left",
    )


async def _child(client: Client, sample: Sample, kind: GroupVersionKind) -> Any:  # noqa: ANN401 -- an Unstructured
    live = await client.get(sample.kind, sample.name, namespace=sample.namespace)
    for item in await client.list(kind, namespace=sample.namespace):
        for reference in item["metadata"].get("ownerReferences") or ():
            if reference["uid"] == live["metadata"]["uid"]:
                return item
    raise LookupError(f"{sample.kind.kind} {sample.name} owns no {kind.kind}")
