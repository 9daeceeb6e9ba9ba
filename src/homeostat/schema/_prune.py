"""Dropping the fields that a schema does not know."""

from collections.abc import Sequence
from typing import Any, Final, cast

from homeostat.api import JSON, UNSET, Schema

__all__ = ["drop_nulls", "has_default", "has_unknown", "prune", "unknown_fields"]

_TYPE_META: Final = frozenset({"apiVersion", "kind", "metadata"})

# What metav1.ObjectMeta holds. None: any value; otherwise the members of its objects.
_OBJECT_META: Final[dict[str, frozenset[str] | None]] = {
    "name": None,
    "generateName": None,
    "namespace": None,
    "selfLink": None,
    "uid": None,
    "resourceVersion": None,
    "generation": None,
    "creationTimestamp": None,
    "deletionTimestamp": None,
    "deletionGracePeriodSeconds": None,
    "labels": None,
    "annotations": None,
    "ownerReferences": frozenset(
        {"apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"}
    ),
    "finalizers": None,
    "managedFields": frozenset(
        {
            "manager",
            "operation",
            "apiVersion",
            "time",
            "fieldsType",
            "fieldsV1",
            "subresource",
        }
    ),
}


def prune(value: JSON, schema: Schema) -> list[str]:
    """Drop, in place, every field that the schema does not specify.

    Args:
        value: A whole object. Its ``apiVersion``, ``kind`` and the fields of
            ObjectMeta stay, whatever the schema says; so they do in an embedded
            resource. Nothing is dropped under ``preserve_unknown``, except below a
            field that is specified there.
        schema: The schema of the object.

    Returns:
        The paths that were dropped, as ``spec.ports[0].nmae``, sorted.

    Source: apiextensions ``pkg/apiserver/schema/pruning``, ``objectmeta.Coerce``.
    """
    return sorted(_Pruner(drop=True).resource(value, schema) or ())


def unknown_fields(value: JSON, schema: Schema) -> list[str]:
    """Return what ``prune`` would drop; changes nothing."""
    return sorted(_Pruner(drop=False).resource(value, schema) or ())


class _Pruner:
    """One walk. Paths are put together on the way back, only where there are any."""

    __slots__ = ("_drop",)

    def __init__(self, *, drop: bool) -> None:
        self._drop = drop

    def resource(self, value: JSON, schema: Schema) -> list[str] | None:
        """Walk a whole object, whose type and metadata are known to all."""
        if not isinstance(value, dict):
            return None
        found = self._fields(cast("dict[str, Any]", value), schema, embedded=True)
        return [path[1:] for path in found] if found else None

    def value(self, value: JSON, schema: Schema | None) -> list[str] | None:
        """Walk any value; None or empty when nothing is unknown."""
        if isinstance(value, dict):
            if schema is None:
                return self._all(cast("dict[str, Any]", value))
            fields = cast("dict[str, Any]", value)
            return self._fields(fields, schema, embedded=schema.embedded_resource)
        if isinstance(value, list):
            keep = schema is not None and schema.preserve_unknown
            return self._items(cast("Sequence[Any]", value), schema, keep=keep)
        return None

    def _items(
        self, values: Sequence[Any], schema: Schema | None, *, keep: bool
    ) -> list[str] | None:
        items = schema.items if schema is not None else None
        if keep and items is None:
            return None
        found: list[str] | None = None
        for index, item in enumerate(values):
            if isinstance(item, dict | list):
                inner = self._item(cast("Any", item), items, keep=keep)
                if inner:
                    found = found or []
                    found.extend(f"[{index}]{path}" for path in inner)
        return found

    def _item(
        self, item: JSON, schema: Schema | None, *, keep: bool
    ) -> list[str] | None:
        # A list that keeps unknown fields keeps those of its items too.
        if not keep or schema is None:
            return self.value(item, schema)
        if isinstance(item, dict):
            fields = cast("dict[str, Any]", item)
            embedded = schema.embedded_resource
            return self._fields(fields, schema, embedded=embedded, keep=True)
        return self._items(item, schema, keep=True)

    def _fields(
        self,
        fields: dict[str, Any],
        schema: Schema,
        *,
        embedded: bool,
        keep: bool = False,
    ) -> list[str] | None:
        found: list[str] = []
        dropped: list[str] = []
        properties, additional = schema.properties, schema.additional
        keep = keep or schema.preserve_unknown
        for key, value in fields.items():
            if embedded and key in _TYPE_META:
                if key == "metadata" and isinstance(value, dict):
                    found.extend(self._metadata(cast("dict[str, Any]", value)))
                continue
            child = properties.get(key, additional)
            if child is None:
                if not keep:
                    dropped.append(key)
            elif isinstance(value, dict | list):
                inner = self.value(cast("Any", value), child)
                if inner:
                    found.extend(f".{key}{path}" for path in inner)
        return found + self._dropped(fields, dropped) if dropped else found

    def _all(self, fields: dict[str, Any]) -> list[str]:
        return self._dropped(fields, list(fields))

    def _dropped(self, fields: dict[str, Any], names: list[str]) -> list[str]:
        if self._drop:
            for name in names:
                del fields[name]
        return [f".{name}" for name in names]

    def _metadata(self, metadata: dict[str, Any]) -> list[str]:
        found: list[str] = []
        unknown = [key for key in metadata if key not in _OBJECT_META]
        if unknown:
            found = [f".metadata{path}" for path in self._dropped(metadata, unknown)]
        for name in ("ownerReferences", "managedFields"):
            items = metadata.get(name)
            if isinstance(items, list):
                found.extend(self._references(name, cast("Sequence[Any]", items)))
        return found

    def _references(self, name: str, items: Sequence[Any]) -> list[str]:
        found: list[str] = []
        members = _OBJECT_META[name] or frozenset()
        for index, item in enumerate(items):
            if isinstance(item, dict) and not members.issuperset(cast("Any", item)):
                fields = cast("dict[str, Any]", item)
                unknown = [key for key in fields if key not in members]
                found.extend(
                    f".metadata.{name}[{index}]{path}"
                    for path in self._dropped(fields, unknown)
                )
        return found


def drop_nulls(value: JSON, schema: Schema | None) -> None:
    """Drop, in place, the nulls of fields that are neither nullable nor defaulted.

    A null where a default stands is left for ``apply_defaults`` to replace; a null in
    a list stays, for a list has no field to drop.

    Source: apiextensions ``defaulting.PruneNonNullableNullsWithoutDefaults``.
    """
    if schema is None:
        return
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        for key in [key for key, item in fields.items() if item is None]:
            child = schema.properties.get(key, schema.additional)
            if child is not None and not child.nullable and not has_default(child):
                del fields[key]
        for key, item in fields.items():
            if isinstance(item, dict | list):
                drop_nulls(item, schema.properties.get(key, schema.additional))
    elif isinstance(value, list):
        for item in cast("Sequence[Any]", value):
            if isinstance(item, dict | list):
                drop_nulls(item, schema.items)


def has_default(schema: Schema) -> bool:
    """Tell whether the schema has a default; ``default: null`` is none."""
    return schema.default is not UNSET and schema.default is not None


def has_unknown(value: JSON, schema: Schema) -> bool:
    """Tell whether a value that is no whole object has fields beyond its schema."""
    return bool(_Pruner(drop=False).value(value, schema))
