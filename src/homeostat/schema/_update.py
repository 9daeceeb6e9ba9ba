"""The two decisions of structured merge: who owns what after a write."""

from typing import NamedTuple

from homeostat.api import JSON
from homeostat.schema._atoms import Atom
from homeostat.schema._compare import Comparison, compare
from homeostat.schema._conflicts import FieldConflictError
from homeostat.schema._elements import Path
from homeostat.schema._fieldset import EMPTY, FieldSet
from homeostat.schema._managers import Identity, Owned
from homeostat.schema._merge import merge, named_members, remove
from homeostat.schema._typed import collect

__all__ = ["Write", "apply", "update"]

Owners = dict[Identity, Owned]


class Write(NamedTuple):
    """What a decision needs to know of the write.

    Attributes:
        who: The writer; of an update the stand-in that is merged into it later.
        api_version: The version of the objects.
        atom: Of the kind's schema.
        reset: Fields that the endpoint does not write.
    """

    who: Identity
    api_version: str
    atom: Atom
    reset: FieldSet | None


def update(live: JSON, new: JSON, owners: Owners, write: Write) -> Owners:
    """Return who owns what after ``live`` became ``new``; ``owners`` is not changed.

    The writer owns what it modified and added, everyone else loses that.

    Source: structured-merge-diff ``merge.Updater.Update``.
    """
    owners = _settled(owners, write.atom)
    changes = _changes(live, new, write)
    left, _ = _taken(owners, changes, write.who)
    before = left[write.who].fields if write.who in left else EMPTY
    fields = before.difference(changes.removed).union(changes.written)
    if write.reset:
        fields = fields.without(write.reset)
    left.pop(write.who, None)
    if fields:
        left[write.who] = Owned(fields, write.api_version)
    return left


def apply(
    live: JSON, config: JSON, owners: Owners, write: Write, *, force: bool
) -> tuple[JSON, Owners]:
    """Return the merged object, and who owns what after ``config`` was applied.

    Raises:
        FieldConflictError: Without ``force``, others own what would change.

    Source: structured-merge-diff ``merge.Updater.Apply``.
    """
    owners = _settled(owners, write.atom)
    merged = merge(live, config, write.atom)
    last = owners.get(write.who)
    fields = collect(config, write.atom)
    if write.reset:
        fields = fields.without(write.reset)
    owners = {**owners, write.who: Owned(fields, write.api_version)}
    if last is not None:
        merged = _prune(merged, last.fields, owners, write)
    left, conflicts = _taken(owners, _changes(live, merged, write), write.who)
    if conflicts and not force:
        raise FieldConflictError(conflicts)
    if not left[write.who].fields:
        del left[write.who]
    return merged, left


def _settled(owners: Owners, atom: Atom) -> Owners:
    """Return owners whose field sets fit the schema as it is now.

    Source: structured-merge-diff ``typed.ReconcileFieldSetWithSchema``.
    """
    return {
        who: Owned(_collapsed(owned.fields, atom), owned.api_version)
        for who, owned in owners.items()
    }


def _collapsed(fields: FieldSet, atom: Atom) -> FieldSet:
    """Turn the parts of what has become atomic since into the whole."""
    changed: dict[str, FieldSet] = {}
    whole: list[str] = []
    for element, below in fields.children.items():
        child = atom.step(element)
        if child is None:
            continue
        if child.is_leaf:
            whole.append(element)
            changed[element] = EMPTY
            continue
        inner = _collapsed(below, child)
        if inner is not below:
            changed[element] = inner
    if not changed:
        return fields
    return fields.with_children({**fields.children, **changed}).with_members(whole)


def _changes(live: JSON, new: JSON, write: Write) -> Comparison:
    return compare(live, new, write.atom).without(write.reset)


def _taken(
    owners: Owners, changes: Comparison, writer: Identity
) -> tuple[Owners, list[tuple[Identity, Path]]]:
    """Take from everyone but the writer what was written or removed."""
    written = changes.written
    gone = written.union(changes.removed)
    left: Owners = {}
    conflicts: list[tuple[Identity, Path]] = []
    for who, owned in owners.items():
        if who == writer:
            left[who] = owned
            continue
        lost = owned.fields.intersection(written)
        conflicts.extend((who, path) for path in lost)
        kept = owned.fields.difference(gone)
        if kept:
            left[who] = Owned(kept, owned.api_version)
    return left, conflicts


def _prune(merged: JSON, last: FieldSet, owners: Owners, write: Write) -> JSON:
    """Remove what the writer applied last time, not now, and nobody else owns."""
    atom = write.atom
    if last.difference(owners[write.who].fields).empty:
        return merged
    managed = EMPTY
    for owned in owners.values():
        managed = managed.union(owned.fields)
    last = named_members(last, atom)
    present = named_members(collect(merged, atom), atom)
    without_last = remove(merged, last, atom)
    # Removing an item removed what others own in it: put that back.
    kept = named_members(collect(without_last, atom), atom)
    kept = kept.union(named_members(managed, atom))
    pruned = remove(merged, present.difference(kept), atom)
    # It also removed what nobody owns, as defaults: only what was applied goes.
    left = named_members(collect(pruned, atom), atom)
    return remove(merged, present.difference(left).intersection(last), atom)
