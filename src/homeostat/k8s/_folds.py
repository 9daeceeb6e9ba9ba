"""Types that are messages in protobuf and plain values in JSON.

Each is read as a message of the fields given here, and then folded into the value
that Go's JSON encoder makes of the same struct. None stands for JSON's null.
"""

import functools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from homeostat.api import JSON, Quantity
from homeostat.k8s._wire import WireError

__all__ = ["FOLDED", "Fold"]

Value = dict[str, Any]
Fold = Callable[[Value], JSON]

_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - formatted by hand, always UTC
_SCHEMA: Final = "apiextensions_v1.JSONSchemaProps"


def _moment(seconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise WireError("time: year outside of range [1,9999]") from None


def _time(message: Value) -> JSON:
    """Return a metav1.Time: whole seconds, whatever the message says of nanos."""
    if not message:
        return None
    return _moment(message.get("seconds", 0)).isoformat() + "Z"


def _micro_time(message: Value) -> JSON:
    if not message:
        return None
    # Cut towards zero as Go does it, before negative ones are carried over.
    nanos = message.get("nanos", 0)
    micros = abs(nanos) // 1_000 * (1 if nanos >= 0 else -1)
    moment = _moment(message.get("seconds", 0))
    try:
        moment += timedelta(microseconds=micros)
    except OverflowError:
        raise WireError("time: year outside of range [1,9999]") from None
    return moment.isoformat(timespec="microseconds") + "Z"


@functools.lru_cache(maxsize=1_024)
def _canonical(text: str) -> str:
    try:
        return str(Quantity(text))
    except ValueError:
        raise WireError(
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ) from None


def _quantity(message: Value) -> JSON:
    return _canonical(message["string"]) if "string" in message else "0"


def _int_or_string(message: Value) -> JSON:
    match message.get("type", 0):
        case 0:
            return message.get("intVal", 0)
        case 1:
            return message.get("strVal", "")
        case _:
            raise WireError("impossible IntOrString.Type")


def _json(message: Value) -> JSON:
    """Return the JSON that Go keeps as text."""
    raw: bytes = message.get("raw", b"")
    if not raw:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"json: error calling MarshalJSON: {error}") from None


def _schema_or_bool(message: Value) -> JSON:
    return message.get("schema", message.get("allows", False))


def _schema_or_list(message: Value) -> JSON:
    return message.get("jSONSchemas") or message.get("schema")


def _schema_or_strings(message: Value) -> JSON:
    return message.get("property") or message.get("schema")


def _items(message: Value) -> JSON:
    return message.get("items", [])


def _itself(message: Value) -> JSON:
    return message


FOLDED: Final[Mapping[str, tuple[Mapping[int, tuple[str, str]], Fold]]] = {
    "time": ({1: ("seconds", "i64"), 2: ("nanos", "i32")}, _time),
    "micro": ({1: ("seconds", "i64"), 2: ("nanos", "i32")}, _micro_time),
    "qty": ({1: ("string", "str")}, _quantity),
    "ios": (
        {1: ("type", "i64"), 2: ("intVal", "i32"), 3: ("strVal", "str")},
        _int_or_string,
    ),
    "raw": ({1: ("raw", "octets")}, _json),
    "json": ({1: ("raw", "octets")}, _json),
    "sob": ({1: ("allows", "bool"), 2: ("schema", _SCHEMA)}, _schema_or_bool),
    "soa": (
        {1: ("schema", _SCHEMA), 2: ("jSONSchemas", "[" + _SCHEMA)},
        _schema_or_list,
    ),
    "sos": ({1: ("schema", _SCHEMA), 2: ("property", "[str")}, _schema_or_strings),
    # What a map of lists has as values; the table has no word for it.
    "strings": ({1: ("items", "[str")}, _items),
    # What is around the message of a body: runtime.Unknown.
    "envelope": ({1: ("typeMeta", "typemeta"), 2: ("raw", "octets")}, _itself),
    "typemeta": ({1: ("apiVersion", "str"), 2: ("kind", "str")}, _itself),
}
"""The table's word for a type -> its fields by number, and what makes them a value."""
