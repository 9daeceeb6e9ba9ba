"""Bodies of requests: bytes to one object, with the server's complaints."""

import re
from typing import Any

from homeostat.api import JSON, GroupVersionKind
from homeostat.apiserver._access import as_struct
from homeostat.apiserver._decode_json import decode_json
from homeostat.apiserver._negotiate import media_type
from homeostat.apiserver._nesting import MalformedError, TooDeepError
from homeostat.apiserver._protobuf import (
    PROTOBUF_TYPE,
    MalformedMessageError,
    decode_protobuf,
)
from homeostat.apiserver._status import StatusError, bad_request, unsupported_media
from homeostat.apiserver._syntax import NESTING, HugeNumberError, go_type

__all__ = [
    "JSON_TYPE",
    "MAX_BODY_BYTES",
    "MEDIA_TYPES",
    "YAML_TYPE",
    "check_size",
    "decode_applied",
    "decode_object",
    "decode_typed",
    "shown",
]

MAX_BODY_BYTES = 3 * 1024 * 1024
JSON_TYPE = "application/json"
YAML_TYPE = "application/yaml"
MEDIA_TYPES = (JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE)
# In YAML an escaped surrogate is no character, be it half of a pair or not.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def check_size(body: bytes) -> None:
    """Refuse a body over the limit.

    Raises:
        StatusError: 413.
    """
    if len(body) > MAX_BODY_BYTES:
        raise StatusError(
            413,
            "RequestEntityTooLarge",
            f"Request entity too large: limit is {MAX_BODY_BYTES}",
        )


def decode_applied(kind: str, body: bytes, *, custom: bool = False) -> dict[str, Any]:
    """Decode what is applied: YAML, of which JSON is a part, for the most part.

    Raises:
        StatusError: 400, it is none, or no object.
    """
    try:
        value = _as_yaml(kind, body, custom=custom)
    except MalformedError as error:
        text = f"error decoding YAML: error converting YAML to JSON: {error}"
        raise bad_request(text) from None
    struct = {} if value is None else as_struct(value)
    if struct is None:
        raise bad_request(
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: "
            f"cannot unmarshal {go_type(value)} into Go value of type "
            "map[string]interface {}"
        )
    return struct


def _as_yaml(kind: str, body: bytes, *, custom: bool) -> JSON:
    if body[:2] == b'{"' and _is_utf8(body) and not _SURROGATE.search(body):
        try:
            return decode_json(kind, body, custom=custom)
        except TooDeepError:
            raise
        except MalformedError as error:
            if "exceeded max depth" in str(error):
                text = f"yaml: exceeded max depth of {NESTING}"
                raise MalformedError(text) from None
    # YAML has its own words for what is no JSON, and texts for huge numbers.
    return _yaml_of(body, custom=custom)


def _yaml_of(body: bytes, *, custom: bool) -> JSON:
    # Its reader takes 15 ms to load.
    from homeostat.apiserver._decode_yaml import decode_yaml  # noqa: PLC0415

    return decode_yaml(body, custom=custom)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def decode_object(
    body: bytes, content_type: str, gvk: GroupVersionKind, *, custom: bool = False
) -> dict[str, Any]:
    """Decode the body of a create or an update.

    Args:
        body: The bytes.
        content_type: The Content-Type header; a missing one is JSON.
        gvk: The kind that the URL calls for.
        custom: The kind is a custom resource.

    Raises:
        HugeNumberError: There is one, and the kind has no place for it.
        StatusError: 400, 413 or 415, as the server words it.
    """
    name = media_type(content_type).name if content_type else JSON_TYPE
    check_size(body)
    if custom and name == PROTOBUF_TYPE:
        # The real server names it among what it accepts, and panics when it comes.
        raise unsupported_media((JSON_TYPE, YAML_TYPE))
    if name not in MEDIA_TYPES:
        raise unsupported_media(MEDIA_TYPES)
    try:
        return decode_typed(gvk, body, name, custom=custom)
    except HugeNumberError:
        raise
    except MalformedError as error:
        read = error.gvk if isinstance(error, MalformedMessageError) else None
        if read is not None:
            raise bad_request(
                f'{read.kind} in version "{read.version}" cannot be handled as a '
                f"{gvk.kind}: {error}"
            ) from None
        raise bad_request(
            f"the object provided is unrecognized (must be of type {gvk.kind}): "
            f"{error} ({shown(body)})"
        ) from None


def decode_typed(
    gvk: GroupVersionKind, body: bytes, media: str, *, custom: bool = False
) -> dict[str, Any]:
    """Decode a body that may say of which version and kind it is.

    Raises:
        HugeNumberError: There is one, and the kind has no place for it.
        MalformedError: It cannot be read, or its version and kind are no texts.
    """
    if media == PROTOBUF_TYPE:
        return decode_protobuf(body, gvk)
    if media == YAML_TYPE:
        value = _yaml_of(body, custom=custom)
    else:
        try:
            value = decode_json(gvk.kind, body, custom=custom, huge=not custom)
        except HugeNumberError:
            raise
        except MalformedError as error:
            raise _no_type_meta(str(error)) from None
    if value is None:
        return {}
    struct = as_struct(value)
    if struct is None:
        raise _no_type_meta(
            f"json: cannot unmarshal {go_type(value)} into Go value of type "
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    for name in ("apiVersion", "kind"):
        item = struct.get(name)
        if item is not None and not isinstance(item, str):
            raise _no_type_meta(
                f"json: cannot unmarshal {go_type(item)} into Go struct field .{name} "
                "of type string"
            )
    return struct


def _no_type_meta(why: str) -> MalformedError:
    return MalformedError(f"couldn't get version/kind; json parse error: {why}")


def shown(body: bytes) -> str:
    """Return the start of a body as error messages show it."""
    if not body:
        return "<empty>"
    if body[:1] == b"{":
        text = body.decode(errors="replace")
        return text if len(body) <= 30 else body[:30].decode(errors="replace") + " ..."
    return body.hex() if len(body) <= 30 else body[:30].hex() + " ..."
