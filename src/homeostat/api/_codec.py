"""Bytes to objects and back."""

from collections.abc import Callable, Hashable, Iterable
from functools import cache, lru_cache
from threading import RLock
from typing import Any, Final, TypeAlias, TypeVar, cast

import msgspec

from homeostat.api._empty import plan_of
from homeostat.api._kinds import JSON, GroupVersionKind, Unstructured
from homeostat.api._metadata import Object
from homeostat.api._quantity import Quantity
from homeostat.api._time import MicroTime, Time
from homeostat.errors import InvalidObjectError

__all__ = ["Kind", "decode", "encode", "from_dict", "kind_of", "to_dict"]

T = TypeVar("T")

Kind: TypeAlias = type[Object] | GroupVersionKind
"""A kind as callers name it: a class gives typed objects, a GroupVersionKind dicts."""

_FAULTS = (msgspec.MsgspecError, ValueError, TypeError, RecursionError)


# Most timestamps repeat, in managedFields, in conditions, among like objects, and most
# quantities do; all that is made here is immutable. By type, for 1 equals true.
@lru_cache(maxsize=4096, typed=True)
def _remembered(wanted: type[Any], value: JSON) -> object:
    if wanted is Time:
        return Time.parse(value)
    if wanted is Quantity:
        return Quantity.of(value)
    if wanted is MicroTime:
        return MicroTime.parse(value)
    raise NotImplementedError(f"no decoder for {wanted!r}")


# Makes the types that msgspec does not know from JSON values. The cache itself is given
# to msgspec: any function around it would cost more than what it does.
_read: Final = cast("Callable[[type[Any], JSON], object]", _remembered)


def _write(value: object) -> JSON:
    if isinstance(value, _TEXTS):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


_TEXTS = (Time, Quantity, MicroTime)
_encoder = msgspec.json.Encoder(enc_hook=_write)
_encode = _encoder.encode
_parse = msgspec.json.Decoder().decode


# msgspec publishes what it learns of a type before it has learned all: another thread
# that reads with the same type meanwhile follows null pointers. One learns at a time.
_learning = RLock()


@cache
def _decoder(kind: Hashable) -> Callable[[JSON], JSON]:
    with _learning:
        return msgspec.json.Decoder(cast("type[Any]", kind), dec_hook=_read).decode


def decode(kind: type[T], data: bytes | bytearray | memoryview | str) -> T:
    """Read a typed object from its JSON bytes.

    Servers send ``null`` for lists and maps that a type does not allow to be null: when
    reading fails, nulls are taken for absent fields, and reading is tried once more.

    Args:
        kind: A typed kind; any type that msgspec reads will do.
        data: One JSON document.

    Raises:
        InvalidObjectError: The type cannot hold the object. The message names the kind,
            the object and the field.
    """
    try:
        return cast("T", _decoder(cast("Hashable", kind))(data))
    except _FAULTS:
        return _repair(kind, data)


def from_dict(kind: type[T], value: JSON) -> T:
    """Read a typed object from plain dicts, as ``decode`` does from bytes.

    Raises:
        InvalidObjectError: The type cannot hold the object.
    """
    try:
        _decoder(cast("Hashable", kind))  # the type is learned there, under its lock
        return msgspec.convert(_sealed(value), kind, dec_hook=_read)
    except _FAULTS:
        return _convert(kind, value)


def encode(value: object) -> bytes:
    """Return the JSON bytes of a typed object, or of plain dicts.

    Structs of built-in kinds that nobody set are left out; see ``to_dict``.
    """
    if isinstance(value, msgspec.Struct) and plan_of(type(value)) is not None:
        return _encode(to_dict(value))
    return _encode(value)


def to_dict(value: Object | msgspec.Struct | Unstructured) -> Unstructured:
    """Return an object as plain dicts, the caller's own, all its values JSON.

    Structs of built-in kinds that nobody set are left out, as ``strategy: {}``, for
    server-side apply owns what is sent. One that is None until it is set, as
    ``empty_dir``, is kept when it is set and empty.
    """
    document = cast("Unstructured", _parse(_encode(value)))
    if isinstance(value, msgspec.Struct):
        plan = plan_of(type(value))
        if plan is not None:
            plan(document)
    return document


def kind_of(kind: Kind | Object | Unstructured) -> GroupVersionKind:
    """Return the kind that a class, an object or plain dicts stand for.

    Raises:
        ValueError: Dicts without ``apiVersion`` or ``kind``; a class that no
            ``__resource__`` was set for.
    """
    if isinstance(kind, GroupVersionKind):
        return kind
    if isinstance(kind, dict):
        api_version, name = kind.get("apiVersion"), kind.get("kind")
        if not isinstance(api_version, str) or not isinstance(name, str):
            raise ValueError(  # noqa: TRY004 - a wrong document, not a wrong type
                "an object as a dict needs apiVersion and kind"
            )
        return GroupVersionKind.of(api_version, name)
    resource = getattr(kind, "__resource__", None)
    if resource is None:
        if isinstance(cast("Any", kind), str):
            raise ValueError(f"{kind!r} is no kind: name a class or a GroupVersionKind")
        cls = kind if isinstance(kind, type) else type(kind)
        raise ValueError(
            f"{cls.__name__} has no kind: decorate it with @custom_resource(...)"
        )
    return cast("GroupVersionKind", resource.gvk)


def _repair(kind: type[T], data: bytes | bytearray | memoryview | str) -> T:
    try:
        value = _parse(data)
    except _FAULTS as error:
        fault = _located(str(error))
        raise InvalidObjectError(f"cannot read {_name(kind)}: {fault}") from error
    return _convert(kind, value)


def _convert(kind: type[T], value: JSON) -> T:
    try:
        document = _encode(_without_nulls(value))
        return cast("T", _decoder(cast("Hashable", kind))(document))
    except _FAULTS as error:
        raise InvalidObjectError(
            f"cannot read {_name(kind, value)}: {_located(str(error))}"
        ) from error


def _sealed(value: JSON) -> JSON:
    """Return an object with the fields of its managers as types keep them, as bytes."""
    document = _dict(value)
    metadata = _dict(document.get("metadata"))
    entries = metadata.get("managedFields")
    if not isinstance(entries, list):
        return value
    sealed: list[JSON] = []
    for entry in cast("Iterable[JSON]", entries):
        found = _dict(entry)
        if "fieldsV1" in found:
            raw = msgspec.Raw(_encode(found["fieldsV1"]))
            sealed.append({**found, "fieldsV1": raw})
        else:
            sealed.append(entry)
    return {**document, "metadata": {**metadata, "managedFields": sealed}}


def _dict(value: JSON) -> dict[str, JSON]:
    return cast("dict[str, JSON]", value) if isinstance(value, dict) else {}


def _without_nulls(value: JSON) -> JSON:
    if isinstance(value, dict):
        fields = cast("dict[str, JSON]", value).items()
        return {name: _without_nulls(item) for name, item in fields if item is not None}
    if isinstance(value, list):
        items = cast("Iterable[JSON]", value)
        return [_without_nulls(item) for item in items if item is not None]
    return value


def _name(kind: type[Any], value: JSON = None) -> str:
    resource = getattr(kind, "__resource__", None)
    name = str(resource.gvk) if resource else kind.__name__
    metadata = _dict(_dict(value).get("metadata"))
    parts = [str(metadata.get(part) or "") for part in ("namespace", "name")]
    return f"{name} {'/'.join(filter(None, parts))}".rstrip()


def _located(message: str) -> str:
    """Put the path in front: ``Expected X - at `$.a.b``` is ``a.b: expected X``."""
    text, separator, path = message.rpartition(" - at `")
    if not separator:
        return message[:1].lower() + message[1:]
    path = path.rstrip("`").removeprefix("$").lstrip(".")
    text = text[:1].lower() + text[1:]
    return f"{path}: {text}" if path else text
