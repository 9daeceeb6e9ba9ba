"""What a namespace that is being deleted says of what is left: pure functions.

Source: kubernetes ``pkg/controller/namespace/deletion/status_condition_utils.go``.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from homeostat.api import Time
from homeostat.k8s import core_v1

__all__ = ["Remains", "namespace_conditions"]


@dataclass(slots=True)
class Remains:
    """What an attempt to empty a namespace has left.

    Attributes:
        undiscovered: Why a group and version could not be asked for its kinds.
        failures: Why objects could not be deleted or counted.
        counts: Objects that are left, by ``plural.group``.
        finalizers: How many of them each finalizer holds.
    """

    undiscovered: Mapping[str, str] = field(default_factory=dict[str, str])
    failures: list[str] = field(default_factory=list[str])
    counts: dict[str, int] = field(default_factory=dict[str, int])
    finalizers: Counter[str] = field(default_factory=Counter[str])

    @property
    def is_nothing(self) -> bool:
        """Whether the namespace is known to be empty."""
        return not (self.undiscovered or self.failures or self.counts)


# By type: reason and message while all is well, in the order of the real controller.
_FINE = {
    "NamespaceDeletionDiscoveryFailure": (
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    "NamespaceDeletionGroupVersionParsingFailure": (
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": (
        "ContentRemoved",
        "All content successfully removed",
    ),
    "NamespaceFinalizersRemaining": (
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
}


def namespace_conditions(
    known: Sequence[core_v1.NamespaceCondition],
    remains: Remains,
    *,
    counted: bool,
    now: datetime,
) -> list[core_v1.NamespaceCondition]:
    """Return the conditions of a namespace, those of other writers as they are.

    Args:
        known: Its present conditions.
        remains: What is left in it.
        counted: Whether that is all: as long as there are pods, nothing else is looked
            at, and nothing is said of what remains.
        now: Wall time, for transitions.
    """
    troubles = _troubles(remains, counted=counted)
    conditions = {c.type: c for c in known}
    for type_, fine in _FINE.items():
        reason, message = troubles.get(type_, fine)
        status = "True" if type_ in troubles else "False"
        before = conditions.get(type_)
        since = Time.of(now)
        if before is not None and before.status == status:
            since = before.last_transition_time or since
        conditions[type_] = core_v1.NamespaceCondition(
            type=type_,
            status=status,
            reason=reason,
            message=message,
            last_transition_time=since,
        )
    return list(conditions.values())


def _troubles(remains: Remains, *, counted: bool) -> dict[str, tuple[str, str]]:
    troubles: dict[str, tuple[str, str]] = {}
    if remains.undiscovered:
        told = sorted(f"{gv}: {why}" for gv, why in remains.undiscovered.items())
        message = (
            f"Discovery failed for some groups, {len(told)} failing: unable to "
            f"retrieve the complete list of server APIs: {', '.join(told)}"
        )
        troubles["NamespaceDeletionDiscoveryFailure"] = "DiscoveryFailed", message
    if remains.failures:
        told = sorted(remains.failures)
        message = f"Failed to delete all resource types, {len(told)} remaining: "
        message += ", ".join(told)
        troubles["NamespaceDeletionContentFailure"] = "ContentDeletionFailed", message
    if remains.counts and counted:
        message = f"Some resources are remaining: {_each(remains.counts, 'has')}"
        troubles["NamespaceContentRemaining"] = "SomeResourcesRemain", message
    if remains.finalizers and counted:
        message = "Some content in the namespace has finalizers remaining: "
        message += _each(remains.finalizers, "in")
        troubles["NamespaceFinalizersRemaining"] = "SomeFinalizersRemain", message
    return troubles


def _each(counts: Mapping[str, int], verb: str) -> str:
    told = (
        f"{name} {verb} {count} resource instances" for name, count in counts.items()
    )
    return ", ".join(sorted(told))
