"""Bodies: bytes to one object, with the server's complaints.

The body of a write is JSON or YAML. Duplicate keys are found only by a decoder that
reports pairs; it runs when the caller wants to know of them.
"""

import json
import re
from typing import Any

import msgspec

from homeostat import _yaml
from homeostat.api import JSON
from homeostat.apiserver._access import as_list, as_struct
from homeostat.apiserver._negotiate import media_type
from homeostat.apiserver._nesting import (
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    cut,
)
from homeostat.apiserver._status import StatusError, bad_request, unsupported_media
from homeostat.apiserver._syntax import complaint, decode_huge, whole_surrogates

__all__ = [
    "MAX_BODY_BYTES",
    "MalformedError",
    "check_size",
    "decode_deep",
    "decode_json",
    "decode_object",
    "duplicates",
    "is_bottomless",
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


def decode_json(body: bytes, *, huge: bool = False) -> JSON:
    """Decode JSON.

    Args:
        body: The bytes.
        huge: A number that no float holds is a ``HugeNumber`` in the value.

    Raises:
        MalformedError: It is none.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        value = _decode_as_go(body, huge=huge)
    except RecursionError:
        raise TooDeepError from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH:
        _check_depth(value)
    return value


def _decode_as_go(body: bytes, *, huge: bool) -> JSON:
    """Decode what msgspec refuses, if Go does not."""
    if text := complaint(body):
        raise MalformedError(text)
    # Go replaces what is no UTF-8, and what no UTF-8 can hold, and goes on.
    mended = whole_surrogates(body.decode(errors="replace").encode())
    try:
        return msgspec.json.decode(mended)
    except RecursionError:
        raise TooDeepError from None
    except msgspec.DecodeError:
        pass
    found: list[str] = []
    try:
        value = decode_huge(mended, found)
    except RecursionError:
        raise TooDeepError from None
    if not huge:
        text = f"number {found[0]} into Go value of type float64"
        raise MalformedError(f"json: cannot unmarshal {text}")
    return value


def _check_depth(value: JSON) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        deeper: list[Any] = []
        for item in level:
            struct = as_struct(item)
            inner = as_list(item) or () if struct is None else struct.values()
            deeper += [each for each in inner if isinstance(each, dict | list)]
        level = deeper
        if not level:
            return
    raise TooDeepError


def decode_yaml(body: bytes) -> JSON:
    """Decode one YAML document to what JSON can hold.

    Raises:
        MalformedError: It is none, or it grows by aliases.
    """
    try:
        documents = _yaml.load_all(body.decode())
        value = documents[0] if documents else None
        # Without aliases each node takes a byte of text at least.
        return _plain(value, [len(body) + 1], 0)
    except MalformedError:
        raise
    except RecursionError:
        raise TooDeepError from None
    except ValueError as error:
        text = str(error).partition("\n")[0]
        raise MalformedError(f"error converting YAML to JSON: yaml: {text}") from None


def _plain(value: JSON, budget: list[int], depth: int) -> JSON:
    budget[0] -= 1
    if budget[0] < 0 or depth > MAX_DEPTH:
        raise MalformedError("document contains excessive aliasing or nesting")
    struct, array = as_struct(value), as_list(value)
    if struct is not None:
        pairs = struct.items()
        return {_name(key): _plain(item, budget, depth + 1) for key, item in pairs}
    if array is not None:
        return [_plain(each, budget, depth + 1) for each in array]
    if value is None or isinstance(value, str | int | float):
        return value
    raise MalformedError(f"a {type(value).__name__} has no form in JSON")


def _name(key: JSON) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if isinstance(key, str | int | float):
        return str(key)
    raise MalformedError("a key is neither text nor a number")


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

    def walk(value: JSON, path: str) -> None:
        if isinstance(value, _Pairs):
            seen: set[str] = set()
            for key, item in value:
                here = f"{path}.{key}" if path else key
                if key in seen:
                    paths[here] = None
                seen.add(key)
                walk(item, here)
        else:
            for index, item in enumerate(as_list(value) or ()):
                walk(item, f"{path}[{index}]")

    walk(json.loads(text, object_pairs_hook=_Pairs), "")
    return list(paths)


def yaml_duplicates(body: bytes) -> list[str]:
    """Return keys that stand twice in the same mapping of a YAML text's top levels."""
    found: list[str] = []
    open_maps: list[tuple[int, set[str]]] = []
    for line in body.decode(errors="replace").splitlines():
        match = _YAML_KEY.match(line)
        if match is None:
            continue
        indent, key = len(match[1]), match[2]
        while open_maps and open_maps[-1][0] > indent:
            open_maps.pop()
        if not open_maps or open_maps[-1][0] < indent:
            open_maps.append((indent, set()))
        elif "-" in match[1]:
            open_maps[-1][1].clear()
        seen = open_maps[-1][1]
        if key in seen:
            found.append(key)
        seen.add(key)
    return found


# Block style alone: what flow style repeats is JSON, and found as such.
_YAML_KEY = re.compile(r"([ -]*)([A-Za-z0-9_./-]+):(?:\s|$)")


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
            bottomless = is_bottomless(kind, custom=custom)
            value = decode_json(body) if bottomless else decode_deep(body, huge=True)
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


def decode_deep(body: bytes, *, huge: bool = False) -> JSON:
    """Decode JSON, without what lies too deep in it for any built-in type.

    Args:
        body: The bytes.
        huge: A number that no float holds is a ``HugeNumber`` in the value.

    Raises:
        MalformedError: It is none.
    """
    try:
        return decode_json(body, huge=huge)
    except TooDeepError:
        if text := complaint(body):
            raise MalformedError(text) from None
        return decode_json(cut(body), huge=huge)


def is_bottomless(kind: str, *, custom: bool) -> bool:
    """Tell whether what lies deep in objects of a kind is kept."""
    return custom or kind in _BOTTOMLESS


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
