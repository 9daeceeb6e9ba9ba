"""What the garbage collector does with one object: a pure decision.

An object lives as long as one of its owners does. Two finalizers steer what happens to
its own dependents when it is deleted: ``orphan`` cuts them loose, and
``foregroundDeletion`` keeps the owner until those that block it are gone.

Source: kubernetes ``pkg/controller/garbagecollector`` (garbagecollector.go).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

__all__ = [
    "FOREGROUND",
    "ORPHAN",
    "Action",
    "Delete",
    "Dependent",
    "DropFinalizer",
    "DropOwners",
    "Graph",
    "Owner",
    "OwnerState",
    "Propagation",
    "decide_deleting",
    "decide_living",
]

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"

OwnerState = Literal["absent", "living", "waiting"]
Propagation = Literal["Background", "Foreground", "Orphan"]


@dataclass(frozen=True, slots=True)
class Owner:
    """One owner reference of an object."""

    uid: str
    api_version: str
    kind: str
    name: str
    blocks: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependent:
    """One object, as the collector sees it.

    Attributes:
        api_version: As ``apps/v1``.
        kind: As ``ReplicaSet``.
        namespace: "" for cluster-scoped objects.
        name: Name of the object.
        uid: Uid of the object.
        owners: Its owner references, in order.
        deleting: Whether it has a deletion timestamp.
        finalizers: Its finalizers, in order.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    owners: tuple[Owner, ...] = ()
    deleting: bool = False
    finalizers: tuple[str, ...] = ()

    @property
    def waits_for_dependents(self) -> bool:
        """Whether a foreground deletion is under way."""
        return self.deleting and FOREGROUND in self.finalizers

    def is_meant_by(self, owner: Owner, namespace: str) -> bool:
        """Tell whether an owner reference, found in ``namespace``, names this object.

        The uid alone does not do: a reference of another kind, name or namespace names
        nothing that exists, or another version of the same object.
        """
        named = (owner.uid, owner.api_version, owner.kind, owner.name)
        return named == (self.uid, self.api_version, self.kind, self.name) and (
            self.namespace in {"", namespace}
        )

    @classmethod
    def of(
        cls, api_version: str, kind: str, metadata: Mapping[str, Any]
    ) -> "Dependent":
        """Return the collector's view of an object with this metadata."""
        references: Sequence[Mapping[str, Any]] = metadata.get("ownerReferences") or ()
        return cls(
            api_version=api_version,
            kind=kind,
            namespace=metadata.get("namespace", ""),
            name=metadata["name"],
            uid=metadata["uid"],
            owners=tuple(
                Owner(
                    uid=r["uid"],
                    api_version=r["apiVersion"],
                    kind=r["kind"],
                    name=r["name"],
                    blocks=bool(r.get("blockOwnerDeletion")),
                )
                for r in references
            ),
            deleting=bool(metadata.get("deletionTimestamp")),
            finalizers=tuple(metadata.get("finalizers") or ()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Delete the object, with its uid as precondition.

    Attributes:
        propagation: What becomes of its dependents.
        unblock: Make its owner references non-blocking first: owner and dependent wait
            for each other.
    """

    propagation: Propagation
    unblock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOwners:
    """Take the owner references with these uids out of the object."""

    uids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DropFinalizer:
    """Take this finalizer out of the object."""

    finalizer: str


Action = Delete | DropOwners | DropFinalizer


def decide_living(
    item: Dependent,
    states: Mapping[str, OwnerState],
    *,
    dependents: Sequence[Dependent] = (),
) -> Action | None:
    """Return what to do with an object that is not being deleted.

    Args:
        item: The object.
        states: State of each of its owners, by uid.
        dependents: The objects that name it as their owner.
    """
    by_state: dict[OwnerState, set[str]] = {}
    for owner in item.owners:
        by_state.setdefault(states[owner.uid], set()).add(owner.uid)
    gone = by_state.get("absent", set()) | by_state.get("waiting", set())
    if "living" in by_state:
        return DropOwners(uids=frozenset(gone)) if gone else None
    if not item.owners:
        return None
    if "waiting" in by_state and dependents:
        circle = any(d.waits_for_dependents for d in dependents)
        return Delete(propagation="Foreground", unblock=circle)
    return Delete(propagation=_own_propagation(item.finalizers))


def _own_propagation(finalizers: Sequence[str]) -> Propagation:
    if ORPHAN in finalizers:
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers else "Background"


def decide_deleting(
    item: Dependent, dependents: Iterable[Dependent]
) -> tuple[Action | None, list[tuple[Dependent, DropOwners]], list[str]]:
    """Return what to do about an object that is being deleted.

    Args:
        item: The object, with a deletion timestamp.
        dependents: The objects that name it as their owner.

    Returns:
        The action on the object itself; references to cut in its dependents first;
        uids of dependents that must be looked at, since they block the deletion.
    """
    if ORPHAN in item.finalizers:
        cut = [(d, DropOwners(uids=frozenset({item.uid}))) for d in dependents]
        return DropFinalizer(finalizer=ORPHAN), cut, []
    if FOREGROUND in item.finalizers:
        blocking = [
            d.uid
            for d in dependents
            if any(o.uid == item.uid and o.blocks for o in d.owners)
        ]
        if not blocking:
            return DropFinalizer(finalizer=FOREGROUND), [], []
        return None, [], blocking
    return None, [], []


@dataclass(slots=True)
class Graph:
    """Every object that is known, and who owns whom.

    Invariant: ``uid in dependents_of(o)`` exactly if the known object ``uid`` names
    ``o`` as an owner. An owner need not be known to have dependents.
    """

    _items: dict[str, Dependent] = field(default_factory=dict[str, Dependent])
    _dependents: dict[str, dict[str, None]] = field(
        default_factory=dict[str, dict[str, None]]
    )

    def __len__(self) -> int:
        """Return the number of known objects."""
        return len(self._items)

    def get(self, uid: str) -> Dependent | None:
        """Return the object with this uid, None when it is not known."""
        return self._items.get(uid)

    def dependents_of(self, uid: str) -> list[Dependent]:
        """Return the objects that name ``uid`` as an owner, oldest known first."""
        return [self._items[d] for d in self._dependents.get(uid, ())]

    def misplaced(self, item: Dependent) -> list[tuple[Dependent, Owner]]:
        """Return the references across namespaces that come to light with an object.

        Ask before ``observe``. Of the references that it has and had not before, only
        the first one counts.
        """
        before = self._items.get(item.uid)
        former = {o.uid for o in before.owners} if before else set[str]()
        own = (
            (item, o)
            for o in item.owners
            if o.uid not in former and _is_elsewhere(self._items.get(o.uid), item)
        )
        found = list(islice(own, 1))
        if before is None:
            found += [
                (d, o)
                for d in self.dependents_of(item.uid)
                for o in d.owners
                if o.uid == item.uid and _is_elsewhere(item, d)
            ]
        return found

    def observe(self, item: Dependent) -> list[str]:
        """Take a new state of an object; return the uids to look at because of it."""
        before = self._items.get(item.uid)
        self._unlink(before)
        self._items[item.uid] = item
        for owner in item.owners:
            self._dependents.setdefault(owner.uid, {})[item.uid] = None
        due = [item.uid] if item.owners or item.deleting else []
        # An owner that begins to wait for its dependents puts them in question.
        if item.waits_for_dependents and not (before and before.waits_for_dependents):
            due += [d.uid for d in self.dependents_of(item.uid)]
        due += self._released(before, item)
        return due

    def forget(self, uid: str) -> list[str]:
        """Take the end of an object; return the uids to look at because of it."""
        item = self._items.pop(uid, None)
        self._unlink(item)
        due = [d.uid for d in self.dependents_of(uid)]
        if item:
            due += [o.uid for o in item.owners if self._is_waiting(o.uid)]
        return due

    def _released(self, before: Dependent | None, item: Dependent) -> list[str]:
        if before is None:
            return []
        now = {o.uid for o in item.owners if o.blocks}
        return [
            o.uid
            for o in before.owners
            if o.blocks and o.uid not in now and self._is_waiting(o.uid)
        ]

    def _is_waiting(self, uid: str) -> bool:
        owner = self._items.get(uid)
        return bool(owner and owner.waits_for_dependents)

    def _unlink(self, item: Dependent | None) -> None:
        if item is None:
            return
        for owner in item.owners:
            known = self._dependents.get(owner.uid, {})
            known.pop(item.uid, None)
            if not known:
                self._dependents.pop(owner.uid, None)


def _is_elsewhere(owner: Dependent | None, item: Dependent) -> bool:
    return owner is not None and owner.namespace not in {"", item.namespace}
