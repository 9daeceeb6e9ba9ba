"""The table of the built-in kinds: read once, on first use.

``tools/k8s/generate.py`` makes it from what the real API server publishes. Its shape::

    {"server": "v1.36.3",
     "modules": {"apps_v1": {"p": OpenAPI package, "gv": [group, version]}},
     "resources": [[group, version, plural, [group, version, kind], singular,
                    namespaced, verbs, short names, categories,
                    [[subresource, [group, version, kind], verbs]]]],
     "types": {"apps_v1.Deployment": {"k": [group, version, kind], "mt": map type,
                                      "un": unions, "f": [field]}}}

A field is ``[wire name, Python name, type, bits, protobuf number, extras]``. The bits
are `POINTER`, `OMITEMPTY`, `REQUIRED` and `OMITZERO`; the number is a list where Go
inlines what protobuf keeps as a message; the extras, which may be missing, hold the
default ``d``, the enum ``e`` (``ie`` of items), list type and keys ``lt`` and ``lk``,
map type ``mt``, patch strategy and merge key ``ps`` and ``pk``. A type is a word
(``str``, ``i32``, ``qty``, ...), the key of another type, ``[`` and the type of a
list's items, or ``{`` and that of a map's values.
"""

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from homeostat.api import GroupVersionKind, GroupVersionResource, Resource

__all__ = [
    "LOCK",
    "OMITEMPTY",
    "OMITZERO",
    "POINTER",
    "REQUIRED",
    "Row",
    "Subresource",
    "key_of",
    "resource_of",
    "resources",
    "server_version",
    "subresources",
    "table",
    "types",
]

POINTER, OMITEMPTY, REQUIRED, OMITZERO = 1, 2, 4, 8

Row: TypeAlias = Any
"""One entry of the table; its shape is in the module's docstring."""

# Reconcilers run in threads, too: a type must not be made twice.
LOCK = threading.RLock()


@cache
def table() -> Row:
    """Return the whole table."""
    packed = Path(__file__).with_name("table.json.z").read_bytes()
    return msgspec.json.decode(zlib.decompress(packed))


def server_version() -> str:
    """Return the version of the API server that the table was made from."""
    version: str = table()["server"]
    return version


def types() -> dict[str, Row]:
    """Return every type by its key, as ``apps_v1.Deployment``."""
    found: dict[str, Row] = table()["types"]
    return found


@cache
def _keys() -> dict[GroupVersionKind, str]:
    return {GroupVersionKind(*e["k"]): key for key, e in types().items() if "k" in e}


def key_of(gvk: GroupVersionKind) -> str | None:
    """Return the key of the type of a kind."""
    return _keys().get(gvk)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subresource:
    """One subresource of a built-in resource.

    Attributes:
        name: As ``scale``.
        gvk: The kind that it takes and gives, as ``autoscaling/v1 Scale``.
        verbs: As ``("get", "patch", "update")``.
    """

    name: str
    gvk: GroupVersionKind
    verbs: tuple[str, ...]


@cache
def resources() -> Sequence[Resource]:
    """Return every built-in resource, in the order of the server's discovery."""
    with LOCK:
        return tuple(_resource(row) for row in table()["resources"])


def _resource(row: Row) -> Resource:
    _, _, plural, kind, singular, namespaced, verbs, short, categories, subs = row
    return Resource(
        gvk=GroupVersionKind(*kind),
        plural=plural,
        namespaced=namespaced,
        singular=singular,
        short_names=tuple(short),
        categories=tuple(categories),
        subresources=frozenset(sub[0] for sub in subs),
        verbs=tuple(verbs),
    )


@cache
def _by_kind() -> dict[GroupVersionKind, Resource]:
    return {resource.gvk: resource for resource in resources()}


def resource_of(gvk: GroupVersionKind) -> Resource | None:
    """Return the resource whose objects are of a kind."""
    return _by_kind().get(gvk)


@cache
def _subresources() -> dict[GroupVersionResource, tuple[Subresource, ...]]:
    return {
        GroupVersionResource(row[0], row[1], row[2]): tuple(
            Subresource(name=name, gvk=GroupVersionKind(*kind), verbs=tuple(verbs))
            for name, kind, verbs in row[9]
        )
        for row in table()["resources"]
    }


def subresources(gvr: GroupVersionResource) -> Sequence[Subresource]:
    """Return the subresources of a built-in resource; none for an unknown one."""
    return _subresources().get(gvr, ())
