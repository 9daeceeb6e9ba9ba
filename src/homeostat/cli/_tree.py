"""The tree of an object and what it owns, as text: pure functions over plain dicts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.text import Text
from rich.tree import Tree

__all__ = ["Node", "build_tree", "render", "state_of"]

Unstructured = Mapping[str, Any]

_STYLES = {"ready": "green", "waiting": "yellow", "leaving": "dim"}


@dataclass(slots=True)
class Node:
    """One object and what it owns.

    Attributes:
        object: The object itself.
        children: What names it as its owner, by kind and name.
    """

    object: Unstructured
    children: list["Node"] = field(default_factory=list["Node"])

    def walk(self) -> Iterable["Node"]:
        """Yield this node and everything below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


def build_tree(root: Unstructured, objects: Sequence[Unstructured]) -> Node:
    """Return ``root`` with everything that it owns, at any depth.

    Ownership is read from ``metadata.ownerReferences`` by uid; a cycle is cut.
    """
    owned: dict[str, list[Unstructured]] = {}
    for item in objects:
        for reference in item["metadata"].get("ownerReferences") or ():
            owned.setdefault(reference["uid"], []).append(item)
    seen: set[str] = set()

    def grow(item: Unstructured) -> Node:
        uid = item["metadata"]["uid"]
        seen.add(uid)
        children = [c for c in owned.get(uid, ()) if c["metadata"]["uid"] not in seen]
        children.sort(key=lambda c: (c["kind"], c["metadata"]["name"]))
        return Node(item, [grow(child) for child in children])

    return grow(root)


def state_of(item: Unstructured) -> tuple[str, str]:
    """Return (class, words): the class is ``ready``, ``waiting`` or ``leaving``.

    Kinds that know no conditions, as ConfigMaps, have nothing to wait for.
    """
    if item["metadata"].get("deletionTimestamp"):
        return "leaving", "deleting"
    spec: Unstructured = item.get("spec") or {}
    status: Unstructured = item.get("status") or {}
    conditions: Sequence[Unstructured] = status.get("conditions") or ()
    if item["kind"] == "Pod":
        return _pod_state(spec, status, conditions)
    if "replicas" in spec:
        have, want = status.get("readyReplicas") or 0, spec["replicas"]
        settled = have == want == (status.get("replicas") or 0)
        return ("ready" if settled else "waiting"), f"{have}/{want} ready"
    if "conditions" not in status:
        return "ready", ""
    for condition in conditions:
        if condition["type"] == "Ready":
            true = condition["status"] == "True"
            words = condition.get("message") or condition.get("reason", "")
            return ("ready" if true else "waiting"), words
    return "waiting", ""


def _pod_state(
    spec: Unstructured, status: Unstructured, conditions: Sequence[Unstructured]
) -> tuple[str, str]:
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    words = "Ready" if ready else status.get("phase") or "Pending"
    if node := spec.get("nodeName"):
        words += f" on {node}"
    return ("ready" if ready else "waiting"), words


def render(node: Node) -> Tree:
    """Return the tree for a terminal, one line per object."""
    tree = Tree(_line(node.object), guide_style="dim")
    _grow(tree, node)
    return tree


def _grow(tree: Tree, node: Node) -> None:
    for child in node.children:
        _grow(tree.add(_line(child.object)), child)


def _line(item: Unstructured) -> Text:
    state, words = state_of(item)
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(item["kind"], style="bold")
    line.append(f" {item['metadata']['name']}")
    if words:
        line.append(f"  {words}", style=_STYLES[state])
    return line
