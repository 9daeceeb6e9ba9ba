"""What a reconcile was handed out, so that its updates lose nothing."""

from typing import Any, final

from homeostat.api import (
    GroupVersionKind,
    NamespacedName,
    Object,
    Unstructured,
    from_dict,
    kind_of,
    overlay,
    to_dict,
)
from homeostat.cache import Record
from homeostat.client import schema_for
from homeostat.controller._status import status_patch

__all__ = ["Ledger", "identity"]


def identity(obj: Object | Unstructured) -> tuple[str, str, str, str]:
    """Return namespace, name, uid and resourceVersion of an object."""
    if isinstance(obj, Object):
        meta = obj.metadata
        return meta.namespace, meta.name, meta.uid, meta.resource_version
    wire: dict[str, Any] = obj.get("metadata") or {}
    return (
        str(wire.get("namespace") or ""),
        str(wire.get("name") or ""),
        str(wire.get("uid") or ""),
        str(wire.get("resourceVersion") or ""),
    )


@final
class Ledger:
    """Keeps every object that a reconcile was handed out, by uid and resourceVersion.

    A typed view drops the fields that its type does not know; the kept one still has
    them. Both a record and an answer of the server may be kept.
    """

    __slots__ = ("_bases",)

    def __init__(self) -> None:
        self._bases: dict[tuple[str, str], Record | Unstructured] = {}

    def keep(self, record: Record) -> None:
        """Keep a record of the cache."""
        self._bases[record.uid, record.resource_version] = record

    def keep_answer(self, answer: Unstructured) -> None:
        """Keep what the server answered to a write."""
        _, _, uid, version = identity(answer)
        self._bases[uid, version] = answer

    def base_of(self, obj: Object | Unstructured) -> Unstructured | None:
        """Return the whole object that ``obj`` was made of, None when it is unknown."""
        _, _, uid, version = identity(obj)
        base = self._bases.get((uid, version))
        return base.object if isinstance(base, Record) else base

    def uid_of(self, kind: GroupVersionKind, name: NamespacedName) -> str:
        """Return the newest uid that was handed out under a name, "" for none."""
        for base in reversed(self._bases.values()):
            if isinstance(base, Record):
                found, key, uid = base.gvk, base.key, base.uid
            else:
                namespace, plain, uid, _ = identity(base)
                found, key = kind_of(base), NamespacedName(namespace, plain)
            if (found, key) == (kind, name):
                return uid
        return ""

    def merged(self, obj: Object, base: Unstructured) -> Unstructured | None:
        """Return ``base`` with the changes of ``obj``, None when there are none."""
        before, after = to_dict(from_dict(type(obj), base)), to_dict(obj)
        if before == after:
            return None
        return overlay(base, before, after, schema_for(type(obj)))

    def status_patch(
        self, obj: Object | Unstructured, base: Unstructured
    ) -> Unstructured | None:
        """Return the merge patch for the status of ``obj``, None for no change."""
        if isinstance(obj, dict):
            before, after, schema = base, obj, None
        else:
            before, after = to_dict(from_dict(type(obj), base)), to_dict(obj)
            schema = schema_for(type(obj))
        return status_patch(
            base=base,
            before=before.get("status") or {},
            after=after.get("status") or {},
            schema=schema.properties.get("status") if schema else None,
        )
