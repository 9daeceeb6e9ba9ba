"""The permissions that a controller needs, as data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from homeostat.api import GroupVersionKind, Kind, Resource

__all__ = ["Rule", "derive_rules", "merge_rules", "resource_of"]


READ = ("get", "list", "watch")
WRITE = (*READ, "create", "update", "patch", "delete")


@final
@dataclass(frozen=True, slots=True)
class Rule:
    """Verbs on resources of one API group, as in a Role or ClusterRole.

    Attributes:
        group: API group; "" is the core group.
        resources: Plural names, with subresources as ``pods/status``.
        verbs: As ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``.
        names: Only objects of these names; empty for all.
    """

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()

    def __init__(
        self,
        group: str,
        resources: Iterable[str],
        verbs: Iterable[str],
        names: Iterable[str] = (),
    ) -> None:
        # Lists are what people write; tuples are what compares and hashes.
        object.__setattr__(self, "group", group)
        object.__setattr__(self, "resources", tuple(resources))
        object.__setattr__(self, "verbs", tuple(verbs))
        object.__setattr__(self, "names", tuple(names))


# By its uid the caches know a server that lost its data; one object, by its name.
_IDENTITY = Rule("", ("namespaces",), ("get",), ("kube-system",))


def derive_rules(
    reconciled: Resource,
    *,
    owned: Iterable[Resource] = (),
    read: Iterable[Resource] = (),
    finalizers: bool = False,
) -> list[Rule]:
    """Return the rules that follow from what a controller declares.

    The status of a kind is for the controller to write that reconciles it: of children
    and of what is only read no status is written, unless ``permissions=`` says so.

    Args:
        reconciled: The kind that is reconciled: read, and its status written.
        owned: Kinds of children: read and written.
        read: Kinds that are watched or only read.
        finalizers: The controller puts a finalizer on the objects it reconciles.
    """
    group, plural = reconciled.gvk.group, reconciled.plural
    verbs = (*READ, "patch") if finalizers else READ
    rules = [Rule(group, [plural], verbs)]
    if "status" in reconciled.subresources:
        rules.append(Rule(group, [f"{plural}/status"], ["get", "patch", "update"]))
    # blockOwnerDeletion asks for it (OwnerReferencesPermissionEnforcement).
    rules.append(Rule(group, [f"{plural}/finalizers"], ["update"]))
    rules += [Rule(r.gvk.group, [r.plural], WRITE) for r in owned]
    rules += [Rule(r.gvk.group, [r.plural], READ) for r in read]
    rules.append(Rule("", ["events"], ["create", "patch"]))
    rules.append(_IDENTITY)
    return rules


def merge_rules(rules: Iterable[Rule]) -> list[Rule]:
    """Return equal permissions as few rules, sorted: one per group, resource, names."""
    verbs: dict[tuple[str, str, tuple[str, ...]], dict[str, None]] = {}
    for rule in rules:
        for resource in rule.resources:
            known = verbs.setdefault((rule.group, resource, rule.names), {})
            known.update(dict.fromkeys(rule.verbs))
    merged: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (group, resource, names), wanted in verbs.items():
        merged.setdefault((group, tuple(wanted), names), []).append(resource)
    return sorted(
        (Rule(group, sorted(r), v, n) for (group, v, n), r in merged.items()),
        key=lambda rule: (rule.group, rule.resources),
    )


def resource_of(kind: Kind) -> Resource:
    """Return how to reach a kind, without asking a server.

    A kind that is neither typed nor built in is taken for a namespaced one with the
    plain English plural: permissions are printed before there is a server to ask.
    """
    if not isinstance(kind, GroupVersionKind):
        return kind.__resource__
    from homeostat.k8s import resources  # noqa: PLC0415 - the table costs milliseconds

    known = next((r for r in resources() if r.gvk == kind), None)
    return known or Resource(gvk=kind, plural=f"{kind.kind.lower()}s", namespaced=True)
