"""Bodies in JSON, with the server's complaints.

Duplicate keys are found only by a decoder that reports pairs; it runs when the caller
wants to know of them.
"""

import json
from typing import Any

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._access import as_list
from homeostat.apiserver._encode import go_numbers, has_odd_numbers
from homeostat.apiserver._nesting import (
    DEEPEST,
    MAX_DEPTH,
    MalformedError,
    TooDeepError,
    cut,
    depth_of,
    is_deep,
    make_room,
)
from homeostat.apiserver._syntax import complaint, decode_huge, whole_surrogates

__all__ = ["decode_json", "duplicates"]

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


def decode_json(
    kind: str, body: bytes, *, custom: bool = False, huge: bool = False
) -> JSON:
    """Decode JSON that is an object of a kind, or a patch of one.

    Args:
        kind: Of a built-in kind what no type has is left out, being too deep.
        body: The bytes.
        custom: The kind is a custom resource: numbers become what Go's maps hold.
        huge: A number that no float holds is a ``HugeNumber`` in the value.

    Raises:
        HugeNumberError: There is one, and it may not be.
        MalformedError: It is none.
    """
    if not custom:
        if kind in _BOTTOMLESS:
            return _decode_whole(body, huge=False)
        return _decode_cut(body, huge=huge)
    value = _decode_whole(body, huge=huge, levels=DEEPEST)
    return go_numbers(value) if has_odd_numbers(body) else value


def _decode_cut(body: bytes, *, huge: bool) -> JSON:
    try:
        return _decode_whole(body, huge=huge)
    except TooDeepError:
        return _decode_whole(cut(body), huge=huge)


def _decode_whole(body: bytes, *, huge: bool, levels: int = MAX_DEPTH) -> JSON:
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
    return decode_huge(mended, keep=huge)


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
