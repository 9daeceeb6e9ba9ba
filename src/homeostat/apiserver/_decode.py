"""Bodies: bytes to one object, with the server's complaints.

The body of a write is JSON or YAML. Duplicate keys are found only by a decoder that
reports pairs; it runs when the caller wants to know of them.
"""

import json
from typing import Any

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._decode_yaml import decode_yaml, refuse_halves, utf8_text
from homeostat.apiserver._encode import go_numbers, has_odd_numbers
from homeostat.apiserver._negotiate import media_type
from homeostat.apiserver._nesting import (
    DEEPEST,
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    cut,
    depth_of,
    make_room,
)
from homeostat.apiserver._status import StatusError, bad_request, unsupported_media
from homeostat.apiserver._syntax import (
    NESTING,
    complaint,
    decode_huge,
    whole_surrogates,
)

__all__ = [
    "MAX_BODY_BYTES",
    "MalformedError",
    "check_size",
    "decode_applied",
    "decode_for",
    "decode_object",
    "duplicates",
    "is_deep",
    "shown",
    "with_type_meta",
]

MAX_BODY_BYTES = 3 * 1024 * 1024
# Types that hold themselves, or what their users like: depth may be meant there.
_BOTTOMLESS = frozenset(
    {
        "ControllerRevision",
        "CustomResourceDefinition",
        "DeviceClass",
        "ResourceClaim",
        "ResourceClaimTemplate",
        "ResourceSlice",
    }
)

JSON_TYPE = "application/json"
YAML_TYPE = "application/yaml"
PROTOBUF_TYPE = "application/vnd.kubernetes.protobuf"
PROTOBUF_HINT = (
    "the embedded server reads no protobuf, which some kubectl commands send: add "
    "--dry-run=client -o yaml and pipe that to kubectl apply -f -"
)


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


def decode_for(
    kind: str, body: bytes, *, custom: bool = False, huge: bool = False
) -> JSON:
    """Decode JSON that is an object of a kind, or a patch of one.

    Args:
        kind: Of a built-in kind what no type has is left out, being too deep.
        body: The bytes.
        custom: The kind is a custom resource: numbers become what Go's maps hold.
        huge: A number that no float holds is a ``HugeNumber`` in the value.

    Raises:
        MalformedError: It is none.
    """
    if not custom:
        if kind in _BOTTOMLESS:
            return _decode_json(body, huge=False)
        return _decode_cut(body, huge=huge)
    value = _decode_json(body, huge=huge, levels=DEEPEST)
    return go_numbers(value) if has_odd_numbers(body) else value


def _decode_json(body: bytes, *, huge: bool, levels: int = MAX_DEPTH) -> JSON:
    try:
        value = _decode_text(body, huge=huge)
    except RecursionError:
        if depth_of(body) > levels:
            raise _too_deep(body, levels) from None
        make_room()
        value = _decode_text(body, huge=huge)
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and is_deep(value, levels):
        raise _too_deep(body, levels)
    return value


def _too_deep(body: bytes, levels: int) -> MalformedError:
    # Something else may be wrong with it, or it is too deep for Go, too.
    text = complaint(body)
    return MalformedError(text) if text else TooDeepError(levels)


def _decode_text(body: bytes, *, huge: bool) -> JSON:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _decode_as_go(body, huge=huge)


def _decode_as_go(body: bytes, *, huge: bool) -> JSON:
    """Decode what msgspec refuses, if Go does not."""
    if text := complaint(body):
        raise MalformedError(text)
    # Go replaces what is no UTF-8, and what no UTF-8 can hold, and goes on.
    mended = whole_surrogates(body.decode(errors="replace").encode())
    try:
        return msgspec.json.decode(mended)
    except msgspec.DecodeError:
        pass
    found: list[str] = []
    value = decode_huge(mended, found)
    if not huge:
        text = f"number {found[0]} into Go value of type float64"
        raise MalformedError(f"json: cannot unmarshal {text}")
    return value


def is_deep(value: JSON, levels: int) -> bool:
    """Tell whether a value has more levels; make room for those that it has."""
    level = [value]
    for depth in range(levels):
        if depth == MAX_DEPTH:
            make_room()
        deeper: list[Any] = []
        for item in level:
            struct = as_struct(item)
            inner = as_list(item) or () if struct is None else struct.values()
            deeper += [each for each in inner if isinstance(each, dict | list)]
        level = deeper
        if not level:
            return False
    return True


def decode_applied(kind: str, body: bytes, *, custom: bool) -> JSON:
    """Decode what is applied: YAML, of which JSON is a part, for the most part.

    Raises:
        MalformedError: It is none, as Go's reader of YAML words it.
    """
    if body[:2] == b'{"':
        text = utf8_text(body)
        refuse_halves(body)
        try:
            # YAML has its own words for what is no JSON, and texts for huge numbers.
            return decode_for(kind, text.encode(), custom=custom)
        except TooDeepError:
            raise
        except MalformedError as error:
            if "exceeded max depth" in str(error):
                raise MalformedError(f"exceeded max depth of {NESTING}") from None
    value = decode_yaml(body)
    return go_numbers(value) if custom else value


def duplicates(body: bytes) -> list[str]:
    """Return the paths of keys that occur twice in one object of a JSON text."""
    # The hook sees inner objects first: paths are put together on the way out.
    found: list[str] = []

    def hook(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    found.append(key)
                seen.add(key)
        return value

    text = body.decode(errors="replace")
    if "\\u" in text:
        text = whole_surrogates(text.encode()).decode()
    try:
        json.loads(text, object_pairs_hook=hook)
        return _paths_of_duplicates(text) if found else []
    except RecursionError:
        return duplicates(cut(body))
    except ValueError:
        return []  # YAML in flow style begins as JSON does


class _Pairs(list[tuple[str, Any]]):
    """An object whose pairs are kept apart."""


def _paths_of_duplicates(text: str) -> list[str]:
    paths: dict[str, None] = {}

    # Paths are joined only where one is told: of a deep object they are long.
    def walk(value: JSON, path: tuple[Any, ...]) -> None:
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for key, item in value:
                here = (path, f".{key}")
                if key in seen:
                    paths[_joined(here)] = None
                seen.add(key)
                walk(item, here)
        else:
            for index, item in enumerate(as_list(value) or ()):
                if isinstance(item, list):
                    walk(item, (path, f"[{index}]"))

    walk(json.loads(text, object_pairs_hook=_Pairs), ())
    return list(paths)


def _joined(path: tuple[Any, ...]) -> str:
    parts: list[str] = []
    while path:
        path, part = path
        parts.append(part)
    return "".join(reversed(parts)).removeprefix(".")


def decode_object(
    body: bytes, content_type: str, kind: str, *, custom: bool = False
) -> dict[str, Any]:
    """Decode the body of a create or an update.

    Args:
        body: The bytes.
        content_type: The Content-Type header; a missing one is JSON.
        kind: The kind that the URL calls for, for messages.
        custom: The kind is a custom resource.

    Raises:
        StatusError: 400, 413 or 415, as the server words it.
    """
    name = media_type(content_type).name if content_type else JSON_TYPE
    check_size(body)
    if name not in (JSON_TYPE, YAML_TYPE):
        # Unlike the real server, this one reads no protobuf, so it names none.
        hint = PROTOBUF_HINT if name == PROTOBUF_TYPE and not custom else ""
        raise unsupported_media((JSON_TYPE, YAML_TYPE), hint=hint)
    try:
        if name == YAML_TYPE:
            value = decode_yaml(body)
        else:
            value = decode_for(kind, body, custom=custom, huge=not custom)
    except MalformedError as error:
        raise _unrecognised(kind, body, f"json parse error: {error}") from None
    if value is None and not custom:
        value = {}
    try:
        return with_type_meta(value)
    except MalformedError as error:
        raise _unrecognised(kind, body, f"json parse error: {error}") from None


def with_type_meta(value: JSON) -> dict[str, Any]:
    """Return a body as what it is when its kind can be read from it.

    Raises:
        MalformedError: It is no object, or its version and kind are no texts.
    """
    struct = as_struct(value)
    if struct is None:
        raise MalformedError(
            f"json: cannot unmarshal {go_type(value)} into Go value of type "
            'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; '
            'Kind string "json:\\"kind,omitempty\\"" }'
        )
    for name in ("apiVersion", "kind"):
        item = struct.get(name)
        if item is not None and not isinstance(item, str):
            raise MalformedError(
                f"json: cannot unmarshal {go_type(item)} into Go struct field .{name} "
                "of type string"
            )
    return struct


def _decode_cut(body: bytes, *, huge: bool) -> JSON:
    try:
        return _decode_json(body, huge=huge)
    except TooDeepError:
        return _decode_json(cut(body), huge=huge)


def go_type(value: JSON) -> str:
    """Return what Go's decoder calls a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, dict):
        return "object"
    return "string" if isinstance(value, str) else "array"


def _unrecognised(kind: str, body: bytes, why: str) -> StatusError:
    return bad_request(
        f"the object provided is unrecognized (must be of type {kind}): couldn't get "
        f"version/kind; {why} ({shown(body)})"
    )


def shown(body: bytes) -> str:
    """Return the start of a body as error messages show it."""
    if not body:
        return "<empty>"
    if body[:1] == b"{":
        text = body.decode(errors="replace")
        return text if len(body) <= 30 else body[:30].decode(errors="replace") + " ..."
    return body.hex() if len(body) <= 30 else body[:30].hex() + " ..."
