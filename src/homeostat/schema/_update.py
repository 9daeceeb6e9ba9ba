"""The two decisions of structured merge: who owns what after a write."""

from typing import NamedTuple

from homeostat.api import JSON
from homeostat.schema._atoms import Atom
from homeostat.schema._compare import Comparison, compare
from homeostat.schema._conflicts import FieldConflictError
from homeostat.schema._elements import Path
from homeostat.schema._equal import equal_json
from homeostat.schema._fieldset import EMPTY, FieldSet
from homeostat.schema._managers import Identity, Owned
from homeostat.schema._merge import merge, named_members, remove
from homeostat.schema._typed import collect
from homeostat.schema._versions import View, Views

__all__ = ["Write", "apply", "update"]

Owners = dict[Identity, Owned]


class Write(NamedTuple):
    """What a decision needs to know of the write.

    Attributes:
        who: The writer; of an update the stand-in that is merged into it later.
        view: How objects look in the version of the write.
        views: How they look in that of each owner.
    """

    who: Identity
    view: View
    views: Views

    @property
    def api_version(self) -> str:
        """The version of the objects."""
        return self.views.api_version


def update(live: JSON, new: JSON, owners: Owners, write: Write) -> Owners:
    """Return who owns what after ``live`` became ``new``; ``owners`` is not changed.

    The writer owns what it modified and added, everyone else loses that.

    Raises:
        SchemaMismatchError: An object does not fit the schema of an owner's version.

    Source: structured-merge-diff ``merge.Updater.Update``.
    """
    owners = _settled(owners, live, write)
    changes = _changes(live, new, write)
    left, _ = _taken(live, new, owners, changes, write)
    before = left[write.who].fields if write.who in left else EMPTY
    fields = before.difference(changes.removed).union(changes.written)
    if write.view.reset:
        fields = fields.without(write.view.reset)
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
        SchemaMismatchError: An object does not fit the schema of an owner's version.

    Source: structured-merge-diff ``merge.Updater.Apply``.
    """
    owners = _settled(owners, live, write)
    merged = merge(live, config, write.view.atom)
    last = owners.get(write.who)
    fields = collect(config, write.view.atom)
    if write.view.reset:
        fields = fields.without(write.view.reset)
    owners = {**owners, write.who: Owned(fields, write.api_version)}
    if last is not None:
        merged = _pruned(merged, last, owners, write)
    changes = _changes(live, merged, write)
    left, conflicts = _taken(live, merged, owners, changes, write)
    if conflicts and not force:
        raise FieldConflictError(conflicts)
    if not left[write.who].fields:
        del left[write.who]
    return merged, left


def _settled(owners: Owners, live: JSON, write: Write) -> Owners:
    """Return owners whose field sets fit the schemas as they are now.

    Source: structured-merge-diff ``typed.ReconcileFieldSetWithSchema``.
    """
    settled = dict(owners)
    for who, owned in owners.items():
        view = write.views.at(owned.api_version)
        if view is not None:
            write.views.convert(live, write.api_version, owned.api_version)
            fields = _collapsed(owned.fields, view.atom)
            settled[who] = Owned(fields, owned.api_version)
    return settled


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
    return compare(live, new, write.view.atom).without(write.view.reset)


def _taken(
    live: JSON, new: JSON, owners: Owners, changes: Comparison, write: Write
) -> tuple[Owners, list[tuple[Identity, Path]]]:
    """Take from everyone but the writer what was written or removed.

    Those who wrote in a version that is not known any more lose everything.
    """
    seen: dict[str, Comparison | None] = {write.api_version: changes}
    left: Owners = {}
    conflicts: list[tuple[Identity, Path]] = []
    for who, owned in owners.items():
        if who == write.who:
            left[who] = owned
            continue
        version = owned.api_version
        if version not in seen:
            seen[version] = write.views.changes(live, new, version)
        told = seen[version]
        if told is None:
            continue
        lost = owned.fields.intersection(told.written)
        conflicts.extend((who, path) for path in lost)
        kept = owned.fields.difference(told.written.union(told.removed))
        if kept:
            left[who] = Owned(kept, version)
    return left, conflicts


def _pruned(merged: JSON, last: Owned, owners: Owners, write: Write) -> JSON:
    """Remove what the writer applied last time, not now, and nobody else owns."""
    own, before = write.api_version, last.api_version
    if own != before:
        if write.views.at(before) is None:
            return merged
        if _converts(merged, own, before, write.views):
            there = write.views.convert(merged, own, before)
            pruned = _prune(there, last.fields, owners, before, write.views)
            return write.views.convert(pruned, before, own)
    elif last.fields.difference(owners[write.who].fields).empty:
        return merged
    return _prune(merged, last.fields, owners, own, write.views)


def _converts(value: JSON, own: str, other: str, views: Views) -> bool:
    """Tell whether an object is the same after a way through another version."""
    there = views.convert(value, own, other)
    return equal_json(views.convert(there, other, own), value)


def _prune(merged: JSON, last: FieldSet, owners: Owners, at: str, views: Views) -> JSON:
    view = views.at(at)
    if view is None:
        return merged
    atom = view.atom
    last = named_members(last, atom)
    present = named_members(collect(merged, atom), atom)
    pruned = remove(merged, last, atom)
    # Removing an item removed what others own in it: put that back.
    for version, managed in _by_version(owners, at).items():
        pruned = _put_back(merged, pruned, managed, (at, version), views)
    # It also removed what nobody owns, as defaults: only what was applied goes.
    left = named_members(collect(pruned, atom), atom)
    return remove(merged, present.difference(left).intersection(last), atom)


def _by_version(owners: Owners, first: str) -> dict[str, FieldSet]:
    """Return what is owned in each version; one of them comes first."""
    managed: dict[str, FieldSet] = {first: EMPTY}
    for owned in owners.values():
        version = owned.api_version
        managed[version] = managed.get(version, EMPTY).union(owned.fields)
    return managed


def _put_back(
    merged: JSON,
    pruned: JSON,
    managed: FieldSet,
    versions: tuple[str, str],
    views: Views,
) -> JSON:
    """Return the pruned object with what is owned in a version.

    Args:
        merged: The object before.
        pruned: What is left of it.
        managed: What is owned.
        versions: That of the objects, and that of the owners.
        views: Knows the versions.
    """
    at, version = versions
    view = views.at(version)
    if view is None:
        return pruned
    if not _converts(merged, at, version, views):
        # What the other version cannot say would be lost: take its names for ours.
        return _put_back(merged, pruned, managed, (at, at), views)
    atom = view.atom
    whole, part = views.convert(merged, at, version), views.convert(pruned, at, version)
    kept = named_members(collect(part, atom), atom)
    kept = kept.union(named_members(managed, atom))
    present = named_members(collect(whole, atom), atom)
    return views.convert(remove(whole, present.difference(kept), atom), version, at)
