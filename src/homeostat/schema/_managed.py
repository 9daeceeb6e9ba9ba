"""managedFields: who wrote which field last."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from homeostat.api import Schema
from homeostat.schema._atoms import Atom, root_atom
from homeostat.schema._cache import SchemaCache
from homeostat.schema._check_shape import check_shape
from homeostat.schema._compare import compare
from homeostat.schema._conflicts import FieldConflictError
from homeostat.schema._equal import equal_json
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._go import copy_json, encode_json
from homeostat.schema._items import SchemaMismatchError, Whose
from homeostat.schema._managers import (
    APPLY,
    BEFORE_FIRST_APPLY,
    UPDATE,
    Entry,
    Identity,
    Managed,
    Owned,
    cap_updaters,
    decode_managed,
    encode_managed,
    identity,
)
from homeostat.schema._typed import collect
from homeostat.schema._update import Write, apply, update
from homeostat.schema._versions import FindVersion, View, Views

__all__ = ["apply_managed", "same_but_times", "update_managed"]

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

_META_PATHS: Final = (
    "creationTimestamp",
    "clusterName",
    "generation",
    "managedFields",
    "name",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
)
# Nobody owns what names an object or what only the server writes.
_UNOWNED: Final = FieldSet(
    [
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(("f:metadata", f"f:{name}") for name in _META_PATHS),
    ]
)
# Stands for the writer of an update until it is known whether anything changed.
_CURRENT: Final = Identity("current-operation", "", "", "")


def update_managed(  # noqa: PLR0913 - the facts of one write
    live: dict[str, Any] | None,
    new: dict[str, Any],
    *,
    schema: Schema | None,
    manager: str,
    api_version: str,
    subresource: str = "",
    now: str,
    reset: FieldSet | None = None,
    versions: FindVersion | None = None,
    check: bool = False,
) -> list[Entry]:
    """Return ``metadata.managedFields`` after a create, an update or a patch.

    Args:
        live: The object as stored; None on create.
        new: The object about to be stored, defaulted. Its own managedFields count
            when the write is not to a subresource; ``[]`` and ``[{}]`` clear them.
        schema: The kind's schema; None deduces: granular maps, atomic lists.
        manager: Who writes.
        api_version: The version of ``new``, as ``apps/v1``.
        subresource: As ``status``; "" for the object itself.
        now: The time of the write as metadata has it: ``2006-01-02T15:04:05Z``.
        reset: Fields that this endpoint does not write, with all below them.
        versions: Finds the versions that others wrote in: an owner whose version is
            not known any more is forgotten. None when all versions are alike.
        check: Whether the objects may not fit the schema, which may have changed
            since the one was stored.

    Returns:
        The entries in the server's order; empty when nothing is tracked. An entry
        whose fields did not change keeps its time. Objects that do not fit the schema
        lose theirs, as on the server.
    """
    atom = root_atom(schema)
    if check and not (_fits(new, atom) and (live is None or _fits(live, atom))):
        return []
    views = Views(api_version, View(atom, reset), versions)
    if live is not None and _untouched(live, new, views):
        return cast("list[Entry]", copy_json(_metadata(live)["managedFields"]))
    managed = _before_update(live, new, subresource)
    if live is not None and not managed.owned:
        # Cleared, or never tracked: updates do not start to track, an apply does.
        return []
    before = _blank(new, schema) if live is None else _plain(live)
    who = identity(manager, UPDATE, api_version, subresource)
    write = Write(_CURRENT, View(atom, reset), views)
    try:
        after = _updated(before, _plain(new), managed, write, who, now)
    except SchemaMismatchError:
        return []
    return encode_managed(after)


def apply_managed(  # noqa: PLR0913 - the facts of one write
    live: dict[str, Any] | None,
    config: dict[str, Any],
    *,
    schema: Schema | None,
    manager: str,
    api_version: str,
    force: bool,
    subresource: str = "",
    now: str,
    reset: FieldSet | None = None,
    versions: FindVersion | None = None,
) -> tuple[dict[str, Any], list[Entry]]:
    """Return the object after a server-side apply, and its managedFields.

    Args:
        live: The object as stored, None when the apply creates it.
        config: What was applied: not defaulted, without managedFields.
        schema: The kind's schema; None deduces.
        manager: Who applies. ``kubectl`` may take over what its client-side apply
            wrote, and keeps that annotation in step, as on the server.
        api_version: The version of both objects.
        force: Take the fields of others instead of failing.
        subresource: As ``status``; "" for the object itself.
        now: The time of the write.
        reset: Fields that this endpoint does not write.
        versions: See ``update_managed``.

    Returns:
        The merged object, without managedFields and not yet defaulted, and the
        entries. When nothing changed the object equals ``live`` without its
        managedFields, and no time changed. The object shares nothing with the inputs.

    Raises:
        FieldConflictError: Another manager owns a field and its value would change.
        SchemaMismatchError: The configuration or the live object does not fit the
            schema.
        ValueError: The live object's managedFields cannot be read.
    """
    atom = root_atom(schema)
    view = View(atom, reset)
    views = Views(api_version, view, versions)
    check_shape(config, atom)
    before = _blank(config, schema) if live is None else _plain(live)
    managed = decode_managed(_metadata(live or {}).get("managedFields"))
    if live is not None:
        whose: Whose = "live" if managed.owned else "new"
        check_shape(before, atom, duplicates=True, whose=whose)
    if not managed.owned:
        first = identity(BEFORE_FIRST_APPLY, UPDATE, api_version, subresource)
        tracking = Write(_CURRENT, view, views)
        blank = _blank(config, schema)
        managed = _updated(blank, before, managed, tracking, first, now)
    who = identity(manager, APPLY, api_version, subresource)
    write = Write(who, view, views)
    try:
        merged, owners = apply(before, config, managed.owned, write, force=force)
    except FieldConflictError as conflict:
        if manager != "kubectl" or not _allowed(conflict, before, write):
            raise
        merged, owners = apply(before, config, managed.owned, write, force=True)
    _strip(owners, who)
    times = managed.times
    if not equal_json(before, merged):
        times = {**times, who: now}
    merged = cast("dict[str, Any]", copy_json(merged))
    if manager == "kubectl":
        _sync_last_applied(merged, config)
    return merged, encode_managed(Managed(owners, times))


def same_but_times(live: dict[str, Any], new: dict[str, Any]) -> bool:
    """Tell whether two objects differ in nothing but the times of managedFields.

    The API server then keeps the live object: such a write stores nothing.

    Source: apiserver ``handlers/fieldmanager/equality.go``.
    """
    if not equal_json(_plain(live), _plain(new)):
        return False
    return equal_json(_timeless(live), _timeless(new))


def _timeless(value: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = _metadata(value).get("managedFields") or []
    return [{key: each[key] for key in each if key != "time"} for each in entries]


def _fits(value: dict[str, Any], atom: Atom) -> bool:
    try:
        check_shape(_plain(value), atom, duplicates=True)
    except SchemaMismatchError:
        return False
    return True


def _untouched(live: dict[str, Any], new: dict[str, Any], views: Views) -> bool:
    """Tell whether a write changes nothing, ownership included."""
    entries: list[Entry] | None = _metadata(live).get("managedFields")
    brought = _metadata(new).get("managedFields")
    return (
        bool(entries)
        and views.knows(entries or [])
        and _told_apart(entries or [])
        and (brought is None or equal_json(brought, entries))
        and equal_json(_plain(live), _plain(new))
    )


def _told_apart(entries: list[Entry]) -> bool:
    """Tell whether no two entries are of one manager: of such only the last stays."""
    names = ("manager", "operation", "apiVersion", "subresource")
    found = {tuple(str(entry.get(name)) for name in names) for entry in entries}
    return len(found) == len(entries)


def _metadata(value: Mapping[str, Any]) -> dict[str, Any]:
    metadata = value.get("metadata")
    return cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Return the object without managedFields; the rest is shared."""
    metadata = _metadata(value)
    if "managedFields" not in metadata:
        return value
    kept = {key: item for key, item in metadata.items() if key != "managedFields"}
    return {**value, "metadata": kept}


def _blank(value: dict[str, Any], schema: Schema | None) -> dict[str, Any]:
    """Return the object of this kind in which nothing is set.

    Go writes the fields of a built-in type that are neither pointers nor left out when
    empty, set or not: they are there before anyone writes them.
    """
    names: dict[str, Any] = {
        key: value[key] for key in ("apiVersion", "kind") if key in value
    }
    return names if schema is None else {**_ZEROS.get(schema), **names}


def _zeros(schema: Schema) -> dict[str, Any]:
    written = cast("dict[str, Any]", schema.cache.get("zeros", {}))
    return {
        name: _ZEROS.get(schema.properties[name]) if zero == {} else zero
        for name, zero in written.items()
    }


_ZEROS: Final = SchemaCache(_zeros)


def _before_update(
    live: dict[str, Any] | None, new: dict[str, Any], subresource: str
) -> Managed:
    """Return the managers to start from; none when the writer cleared them."""
    if not subresource:
        entries = _metadata(new).get("managedFields")
        if entries in ([], [{}]):
            return Managed({}, {})
        try:
            managed = decode_managed(entries)
        except ValueError:
            managed = Managed({}, {})
        if managed.owned:
            return managed
    try:
        return decode_managed(_metadata(live or {}).get("managedFields"))
    except ValueError:
        return Managed({}, {})


def _updated(
    before: dict[str, Any],
    new: dict[str, Any],
    managed: Managed,
    write: Write,
    who: Identity,
    now: str,
) -> Managed:
    owners = update(before, new, managed.owned, write)
    _strip(owners, _CURRENT)
    times = dict(managed.times)
    written = owners.pop(_CURRENT, None)
    if written is not None:
        previous = owners.get(who)
        fields = written.fields
        if previous is not None:
            fields = fields.union(previous.fields)
        owners[who] = Owned(fields, written.api_version)
        times[who] = now
    after = Managed(owners, times)
    cap_updaters(after)
    return after


def _strip(owners: dict[Identity, Owned], who: Identity) -> None:
    owned = owners.get(who)
    if owned is None:
        return
    fields = owned.fields.difference(_UNOWNED)
    if fields:
        owners[who] = Owned(fields, owned.api_version)
    else:
        del owners[who]


def _allowed(conflict: FieldConflictError, live: dict[str, Any], write: Write) -> bool:
    """Tell whether all conflicts are with what kubectl's client-side apply wrote.

    Source: apimachinery ``managedfields/internal/lastappliedmanager.go``.
    """
    applied = _last_applied(live)
    if applied is None or applied.get("apiVersion") != write.api_version:
        return False
    atom: Atom = write.view.atom
    try:
        owned = collect(applied, atom)
        changes = compare(applied, live, atom)
    except SchemaMismatchError:
        return False
    for each in changes:
        owned = owned.difference(each)
    return all(owned.has(path) for _, path in conflict.conflicts)


def _last_applied(value: dict[str, Any]) -> dict[str, Any] | None:
    annotations = _metadata(value).get("annotations")
    if not isinstance(annotations, dict):
        return None
    text = cast("dict[str, Any]", annotations).get(LAST_APPLIED)
    if not text or not isinstance(text, str):
        return None
    try:
        applied = json.loads(text)
    except ValueError:
        return None
    return cast("dict[str, Any]", applied) if isinstance(applied, dict) else None


def _sync_last_applied(merged: dict[str, Any], config: dict[str, Any]) -> None:
    if _last_applied(merged) is None:
        return
    applied = cast("dict[str, Any]", copy_json(config))
    annotations = _metadata(applied).get("annotations")
    if isinstance(annotations, dict):
        cast("dict[str, Any]", annotations).pop(LAST_APPLIED, None)
    merged["metadata"]["annotations"][LAST_APPLIED] = encode_json(applied) + "\n"
