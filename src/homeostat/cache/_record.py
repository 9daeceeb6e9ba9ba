"""One object as the cache holds it: its own bytes, and what is asked most of it."""

import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast, final

import msgspec

from homeostat.api import (
    JSON,
    GroupVersionKind,
    NamespacedName,
    OwnerReference,
    Unstructured,
    decode,
    parse_resource_version,
)
from homeostat.cache._paths import extract
from homeostat.errors import InvalidObjectError

__all__ = ["LabelPool", "Record"]

T = TypeVar("T")

_NO_LABELS: dict[str, str] = {}
_PARTIAL = GroupVersionKind("meta.k8s.io", "v1", "PartialObjectMetadata")


class _Owner(msgspec.Struct, gc=False):
    uid: str = ""
    controller: bool | None = None


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    labels: dict[str, str] | None = None
    owner_references: list[_Owner] | None = None
    deletion_timestamp: str | None = None


class _Head(msgspec.Struct, rename="camel", gc=False):
    metadata: _Metadata
    api_version: str = ""
    kind: str = ""


class _Annotations(msgspec.Struct):
    annotations: dict[str, str] | None = None


class _AnnotatedHead(msgspec.Struct):
    metadata: _Annotations


class _Owned(msgspec.Struct, rename="camel"):
    owner_references: list[OwnerReference] | None = None


class _OwnedHead(msgspec.Struct):
    metadata: _Owned


_read_head = msgspec.json.Decoder(_Head).decode
_read_annotations = msgspec.json.Decoder(_AnnotatedHead).decode
_read_owners = msgspec.json.Decoder(_OwnedHead).decode
_parse = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


class LabelPool:
    """Shares equal label sets among records.

    Bounded: a kind with a label of its own on each object starts over, and shares less.
    """

    __slots__ = ("_limit", "_sets")

    def __init__(self, limit: int = 4096) -> None:
        self._limit = limit
        self._sets: dict[tuple[tuple[str, str], ...], dict[str, str]] = {}

    def share(self, labels: dict[str, str]) -> dict[str, str]:
        """Return the one dict of this pool that is equal to ``labels``."""
        key = tuple(labels.items())
        known = self._sets.get(key)
        if known is None:
            if len(self._sets) >= self._limit:
                self._sets.clear()
            known = {sys.intern(k): sys.intern(v) for k, v in key}
            self._sets[key] = known
        return known


@final
class Record:
    """One object: the server's own bytes, and what is asked most, ready to read.

    Immutable, and shared: what it hands out is either immutable or made anew for the
    reader, so nobody can change the cache. Two records are equal only if they are the
    same one; compare ``uid`` and ``resource_version``.

    Attributes:
        gvk: The object's kind, also where its bytes do not name one.
        namespace: "" for a cluster-scoped object.
        name: Its name.
        uid: Tells it from others of its name, before and after it.
        resource_version: Its version as text.
        version: The same as a number, None when it does not compare.
        generation: Counts changes of the spec; None for kinds that have none.
        owner_uids: Uids of all owners.
        controller_uid: Uid of the controlling owner, "" without one.
        deleting: It carries a deletionTimestamp.
    """

    __slots__ = (
        "_labels",
        "_packed",
        "controller_uid",
        "deleting",
        "generation",
        "gvk",
        "name",
        "namespace",
        "owner_uids",
        "resource_version",
        "uid",
        "version",
    )

    def __init__(
        self,
        data: bytes,
        *,
        gvk: GroupVersionKind | None = None,
        pool: LabelPool | None = None,
    ) -> None:
        """Read the envelope of an object.

        Args:
            data: The object's JSON, in a bytes object of its own: a slice of a larger
                buffer would pin it.
            gvk: Its kind, where the bytes do not say: items of a list, metadata alone.
            pool: Where to share label sets.

        Raises:
            InvalidObjectError: Not an object with metadata.
        """
        try:
            head = _read_head(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise InvalidObjectError(
                f"cannot read the metadata of {_describe(data, gvk)}: {error}"
            ) from error
        meta = head.metadata
        self._packed = data
        self.gvk: GroupVersionKind = gvk or GroupVersionKind.of(
            head.api_version, head.kind
        )
        self.namespace: str = sys.intern(meta.namespace or "")
        self.name: str = meta.name
        self.uid: str = meta.uid or ""
        self.resource_version: str = meta.resource_version or ""
        self.version: int | None = parse_resource_version(self.resource_version)
        self.generation: int | None = meta.generation
        labels = meta.labels
        if labels and pool is not None:
            labels = pool.share(labels)
        self._labels: dict[str, str] = labels or _NO_LABELS
        owners = meta.owner_references
        self.owner_uids: tuple[str, ...] = ()
        self.controller_uid: str = ""
        if owners:
            self.owner_uids = tuple(sys.intern(owner.uid) for owner in owners)
            self.controller_uid = next((o.uid for o in owners if o.controller), "")
        self.deleting: bool = meta.deletion_timestamp is not None

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return NamespacedName(self.namespace, self.name)

    @property
    def data(self) -> bytes:
        """The object's own JSON, byte for byte as the server sent it."""
        # The one place that knows how the bytes are kept: a packed form unpacks here.
        return self._packed

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, read-only."""
        return MappingProxyType(self._labels)

    @property
    def annotations(self) -> dict[str, str]:
        """Its annotations, scanned from the bytes at each read."""
        return _read_annotations(self.data).metadata.annotations or {}

    @property
    def owners(self) -> tuple[OwnerReference, ...]:
        """Its owner references, scanned from the bytes at each read."""
        if not self.owner_uids:
            return ()
        return tuple(_read_owners(self.data).metadata.owner_references or ())

    @property
    def controller(self) -> OwnerReference | None:
        """The controlling owner, scanned from the bytes at each read."""
        return next((owner for owner in self.owners if owner.controller), None)

    @property
    def object(self) -> Unstructured:
        """The whole object as plain dicts, decoded anew at each read.

        apiVersion and kind are always there, and are the kind's
        own for metadata alone.
        """
        value = cast("Unstructured", _parse(self.data))
        if value.get("kind") == self.gvk.kind and value.get("apiVersion"):
            return value
        named: Unstructured = {
            "apiVersion": self.gvk.api_version,
            "kind": self.gvk.kind,
        }
        return {**value, **named} if "kind" in value else {**named, **value}

    def decode(self, kind: type[T]) -> T:
        """Return the object as a typed one, the caller's own.

        Raises:
            InvalidObjectError: The type cannot hold it.
        """
        return decode(kind, self.data)

    def path(self, path: str) -> JSON:
        r"""Return the value at a path as ``spec.nodeName``, None when it is absent.

        The rest of the object is skipped, not decoded.

        Args:
            path: Field names joined by dots, ``\.`` for a dot inside a name, a number
                for a place in a list.

        Raises:
            ValueError: The path is empty or has an empty step.
        """
        return extract(self.data, path)

    def metadata_only(self) -> "Record":
        """Return a record that keeps of the bytes what a metadata-only watch sends."""
        head: Any = msgspec.json.decode(self.data, type=_RawHead)
        data = _encode(
            {
                "kind": _PARTIAL.kind,
                "apiVersion": _PARTIAL.api_version,
                "metadata": head.metadata,
            }
        )
        return Record(data, gvk=self.gvk)

    def __repr__(self) -> str:
        # Without the bytes: they may be a Secret's.
        return f"<Record {self.gvk} {self.key} at {self.resource_version}>"


class _RawHead(msgspec.Struct):
    metadata: msgspec.Raw


def _describe(data: bytes, gvk: GroupVersionKind | None) -> str:
    """Name what can be named of an object whose metadata cannot be read."""
    try:
        name = extract(data, "metadata.name")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        name = None
    kind = str(gvk) if gvk else "an object"
    return f"{kind} {name}" if isinstance(name, str) else kind
