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
from homeostat.cache._shelf import Owners, Shelf
from homeostat.errors import InvalidObjectError

__all__ = ["Head", "Record", "make_record", "read_head"]

T = TypeVar("T")

_NO_LABELS: dict[str, str] = {}
_NO_OWNERS: Owners = ((), "")
_PARTIAL = GroupVersionKind("meta.k8s.io", "v1", "PartialObjectMetadata")


class _Metadata(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    namespace: str | None = None
    uid: str | None = None
    resource_version: str | None = None
    generation: int | None = None
    labels: msgspec.Raw = msgspec.Raw()
    owner_references: msgspec.Raw = msgspec.Raw()
    deletion_timestamp: str | None = None


class Head(msgspec.Struct, rename="camel", gc=False):
    """What is read of an object; the rest is skipped."""

    metadata: _Metadata
    api_version: str = ""
    kind: str = ""


class _Version(msgspec.Struct, rename="camel", gc=False):
    resource_version: str | None = None


class _VersionedHead(msgspec.Struct, gc=False):
    metadata: _Version


class _Annotations(msgspec.Struct):
    annotations: dict[str, str] | None = None


class _AnnotatedHead(msgspec.Struct):
    metadata: _Annotations


class _Owned(msgspec.Struct, rename="camel"):
    owner_references: list[OwnerReference] | None = None


class _OwnedHead(msgspec.Struct):
    metadata: _Owned


_decode_head = msgspec.json.Decoder(Head).decode
_read_version = msgspec.json.Decoder(_VersionedHead).decode
_read_annotations = msgspec.json.Decoder(_AnnotatedHead).decode
_read_owners = msgspec.json.Decoder(_OwnedHead).decode
_parse = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


# Without a place in the garbage collector's lists: a cache of a million records would
# be walked again and again while it fills, and none of them can be part of a cycle.
@final
class Record(msgspec.Struct, frozen=True, eq=False, gc=False):
    """One object: the server's own bytes, and what is asked most, ready to read.

    Immutable, and shared: what it hands out is either immutable or made anew for the
    reader, so nobody can change the cache. Two records are equal only if they are the
    same one; compare ``uid`` and ``resource_version``. ``Record.read`` makes them.

    Attributes:
        namespace: "" for a cluster-scoped object.
        name: Its name.
        uid: Tells it from others of its name, before and after it.
        version: Its resource version as a number, None when it does not compare.
        generation: Counts changes of the spec; None for kinds that have none.
        owner_uids: Uids of all owners.
        controller_uid: Uid of the controlling owner, "" without one.
        deleting: It carries a deletionTimestamp.
        shared_labels: ``labels`` for the library's own reads: other records have the
            same dict.
    """

    namespace: str
    name: str
    uid: str
    version: int | None
    generation: int | None
    owner_uids: tuple[str, ...]
    controller_uid: str
    deleting: bool
    shared_labels: dict[str, str]
    _shelf: Shelf
    _packed: bytes

    @classmethod
    def read(cls, data: bytes, *, gvk: GroupVersionKind | None = None) -> "Record":
        """Read the envelope of an object that stands alone.

        Args:
            data: The object's JSON.
            gvk: Its kind, where the bytes do not say: items of a list, metadata alone.

        Raises:
            InvalidObjectError: Not an object with metadata.
        """
        head = read_head(data, gvk)
        kind = gvk or GroupVersionKind.of(head.api_version, head.kind)
        return make_record(head, data, Shelf(kind, packed=False))

    @property
    def gvk(self) -> GroupVersionKind:
        """The object's kind, also where its bytes do not name one."""
        return self._shelf.gvk

    @property
    def resource_version(self) -> str:
        """Its version as text."""
        if self.version is not None:
            return str(self.version)
        return _read_version(self.data).metadata.resource_version or ""

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return NamespacedName(self.namespace, self.name)

    @property
    def data(self) -> bytes:
        """The object's own JSON, byte for byte as the server sent it."""
        return self._shelf.packer.unpack(self._packed)

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels, read-only."""
        return MappingProxyType(self.shared_labels)

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
        return Record.read(data, gvk=self.gvk)

    def on(self, shelf: Shelf) -> "Record":
        """Return the same object as a record of another shelf, packed as its others."""
        return make_record(read_head(self.data, self.gvk), self.data, shelf)

    def repack(self) -> None:
        """Pack the object's bytes with the dictionary of now."""
        packed = self._shelf.packer.repack(self._packed)
        msgspec.structs.force_setattr(self, "_packed", packed)

    def share_texts(self, before: "Record") -> None:
        """Hold what names the object as the record before this one does: once.

        Indexes and queues keep a text as they first met it, beside the record's own.
        """
        if before.name == self.name:
            msgspec.structs.force_setattr(self, "name", before.name)
        if before.uid == self.uid:
            msgspec.structs.force_setattr(self, "uid", before.uid)

    def __repr__(self) -> str:
        # Without the bytes: they may be a Secret's.
        return f"<Record {self.gvk} {self.key} at {self.resource_version}>"


class _RawHead(msgspec.Struct):
    metadata: msgspec.Raw


def read_head(data: bytes, gvk: GroupVersionKind | None) -> Head:
    """Read what a record is made of.

    Raises:
        InvalidObjectError: Not an object with metadata.
    """
    try:
        return _decode_head(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidObjectError(
            f"cannot read the metadata of {_describe(data, gvk)}: {error}"
        ) from error


def make_record(head: Head, data: bytes | memoryview, shelf: Shelf) -> Record:
    """Return the record of an object whose head is read.

    Raises:
        InvalidObjectError: Its labels or its owners are none.
    """
    meta = head.metadata
    try:
        labels = shelf.labels(meta.labels) if meta.labels else _NO_LABELS
        owners = meta.owner_references
        owner_uids, controller = shelf.owners(owners) if owners else _NO_OWNERS
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidObjectError(
            f"cannot read the metadata of {_describe(bytes(data), shelf.gvk)}: {error}"
        ) from error
    return Record(
        sys.intern(meta.namespace or ""),
        meta.name,
        meta.uid or "",
        parse_resource_version(meta.resource_version or ""),
        meta.generation,
        owner_uids,
        controller,
        meta.deletion_timestamp is not None,
        labels,
        shelf,
        shelf.packer.pack(data),
    )


def _describe(data: bytes, gvk: GroupVersionKind | None) -> str:
    """Name what can be named of an object whose metadata cannot be read."""
    try:
        name = extract(data, "metadata.name")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        name = None
    kind = str(gvk) if gvk else "an object"
    return f"{kind} {name}" if isinstance(name, str) else kind
