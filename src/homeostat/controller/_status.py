"""The smallest status write. Pure."""

from typing import cast

from homeostat.api import JSON, Schema, Unstructured, overlay

__all__ = ["status_patch"]


def status_patch(
    *,
    base: Unstructured,
    before: Unstructured,
    after: Unstructured,
    schema: Schema | None = None,
) -> Unstructured | None:
    """Return the merge patch that a changed status needs, None when nothing changed.

    The uid makes it fail on a successor of the same name. The resourceVersion is there
    only when a list changed: a merge patch replaces lists whole, so that the write must
    not follow a state that nobody read; other members merge without it.

    Args:
        base: The whole object as it was read.
        before: The status of the view that was handed out, as plain dicts.
        after: The same status after the reconciler changed it.
        schema: Schema of the status, for the keys of its lists.
    """
    known: Unstructured = base.get("status") or {}
    if before == after:
        return None
    from homeostat.schema import diff_merge_patch  # noqa: PLC0415 - costs 11 ms

    patch = diff_merge_patch(known, overlay(known, before, after, schema))
    if not patch:
        return None
    metadata: dict[str, JSON] = {"uid": base["metadata"]["uid"]}
    if _has_list(patch):
        metadata["resourceVersion"] = base["metadata"]["resourceVersion"]
    return {"metadata": metadata, "status": patch}


def _has_list(value: JSON) -> bool:
    if isinstance(value, dict):
        members = cast("dict[str, JSON]", value).values()
        return any(_has_list(member) for member in members)
    return isinstance(value, list)
