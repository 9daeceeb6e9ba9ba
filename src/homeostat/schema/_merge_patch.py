"""Merge patch (RFC 7386): apply one, and make the smallest one."""

from collections.abc import Sequence
from typing import Any, cast

from homeostat.api import JSON
from homeostat.schema._equal import equal_json
from homeostat.schema._go import copy_json
from homeostat.schema._json_patch import PatchError, go_kind

__all__ = ["diff_merge_patch", "merge_patch"]


def merge_patch(document: JSON, patch: JSON) -> JSON:
    """Return ``document`` with a merge patch applied.

    Args:
        document: The object as it is; never changed.
        patch: The decoded patch: null removes a member, lists replace whole.

    Returns:
        A new document; unchanged parts are shared with the old one.

    Raises:
        PatchError: The patch is no object (``BadRequest``).

    Source: evanphx/json-patch v4 ``MergePatch``, which also removes nulls from objects
    inside of lists that are new.
    """
    if patch is None:
        raise PatchError("Invalid JSON Patch", reason="BadRequest")
    if not isinstance(patch, dict):
        raise PatchError(
            f"error decoding patch: json: cannot unmarshal {go_kind(patch)} into Go "
            "value of type map[string]interface {}",
            reason="BadRequest",
        )
    if not isinstance(document, dict):
        return _without_nulls(patch)
    return _merged(cast("dict[str, Any]", document), cast("dict[str, Any]", patch))


def _merged(document: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    merged = dict(document)
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
            continue
        current = merged.get(key)
        if not isinstance(current, dict):
            merged[key] = _without_nulls(value)
        elif isinstance(value, dict):
            merged[key] = _merged(
                cast("dict[str, Any]", current), cast("dict[str, Any]", value)
            )
        else:
            merged[key] = copy_json(value)
    return merged


def _without_nulls(value: JSON) -> JSON:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value).items()
        return {key: _without_nulls(item) for key, item in members if item is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in cast("Sequence[Any]", value)]
    return value


def diff_merge_patch(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest merge patch that turns ``old`` into ``new``.

    Empty when they are equal. A member of ``new`` whose value is null cannot be
    expressed in a merge patch: it is removed.
    """
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            if value is not None:
                patch[key] = copy_json(value)
            continue
        before = old[key]
        if isinstance(before, dict) and isinstance(value, dict):
            inner = diff_merge_patch(
                cast("dict[str, Any]", before), cast("dict[str, Any]", value)
            )
            if inner:
                patch[key] = inner
        elif not equal_json(before, value):
            patch[key] = copy_json(value)
    return patch
