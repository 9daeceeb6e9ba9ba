"""Patches: JSON patch, merge patch, strategic merge patch and server-side apply."""

from typing import Any

from homeostat._transport import HttpResponse
from homeostat.api import JSON
from homeostat.apiserver._access import as_struct
from homeostat.apiserver._apply import apply_body
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._decode import check_size
from homeostat.apiserver._decode_json import decode_json, duplicates
from homeostat.apiserver._negotiate import form_of, media_type
from homeostat.apiserver._nesting import (
    DEEPEST,
    MAX_DEPTH,
    MalformedError,
    is_deep,
)
from homeostat.apiserver._options import WriteOptions, write_options
from homeostat.apiserver._patched import tidy_merged, tidy_patched
from homeostat.apiserver._render import object_bytes, respond
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    server_error,
    unsupported_media,
)
from homeostat.apiserver._syntax import go_type
from homeostat.apiserver._write import Change, commit_update
from homeostat.schema import (
    PatchError,
    json_patch,
    merge_patch,
    show_value,
    strategic_merge,
)

__all__ = ["APPLY_PATCH", "patch_object", "patch_options", "patched_value"]

Value = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)
# Of custom resources nobody knows the merge keys.
ACCEPTED_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
REJECTED = "the server rejected our request due to an error in our request"


def patch_object(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a patch of an object or of its status."""
    form = form_of(cluster.clock, target.request)
    kind, options = patch_options(target)
    if kind == APPLY_PATCH:
        data, status = apply_body(cluster, target, options)
    else:
        data, status = _patch(cluster, target, options, kind), 200
    body = object_bytes(target.served, data, form) + b"\n"
    return respond(body, status=status, warnings=target.warnings)


def patch_options(target: Target) -> tuple[str, WriteOptions]:
    """Return the media type of a patch and the request's parameters.

    Raises:
        StatusError: 400 or 422, 413, or 415 for a type that is not accepted.
    """
    check_size(target.request.body)
    kind = media_type(target.request.headers.get("content-type", "")).name
    accepted = ACCEPTED_CUSTOM if target.served.custom else ACCEPTED
    if kind == STRATEGIC_PATCH and kind not in accepted:
        raise unsupported_media(accepted)
    if kind not in accepted:
        raise StatusError(
            415,
            "UnsupportedMediaType",
            "415: Unsupported Media Type",
            details={},
        )
    return kind, write_options(
        target.request, "PatchOptions", apply=kind == APPLY_PATCH
    )


def _patch(cluster: Cluster, target: Target, options: WriteOptions, kind: str) -> bytes:
    served, route = target.served, target.route
    live = target.existing()
    value = patched_value(target, served.view(live.value), kind, options)
    change = Change(
        value=value, options=options, subresource=route.subresource, patched=True
    )
    return commit_update(cluster, target, live, change)


def patched_value(
    target: Target, current: Value, kind: str, options: WriteOptions
) -> Value:
    """Apply the patch in the body to a document of the target's kind.

    Raises:
        StatusError: 400, 413, 422 or 500.
    """
    served, body = target.served, target.request.body
    patch = _decode(target, kind)
    twice = duplicates(body) if options.validation != "Ignore" else []
    try:
        if kind == STRATEGIC_PATCH and served.schema is not None:
            merged = strategic_merge(current, patch, served.schema)
            tidy_merged(target, merged, show_value(patch), options, twice)
            return merged
        change = merge_patch if kind == MERGE_PATCH else json_patch
        value = as_struct(change(current, patch))
    except PatchError as error:
        raise _refusal(error) from None
    if kind == JSON_PATCH and is_deep(value, DEEPEST if served.custom else MAX_DEPTH):
        # A few operations that copy make a document deeper than its patch.
        value = None
    if value is None:
        raise StatusError(422, "Invalid", REJECTED, details={})
    tidy_patched(target, value, options, twice)
    return value


def _decode(target: Target, kind: str) -> JSON:
    """Decode the body of a patch.

    Raises:
        StatusError: 400.
    """
    strategic = kind == STRATEGIC_PATCH
    head = "" if strategic else "error decoding patch: "
    try:
        served = target.served
        patch = decode_json(served.kind, target.request.body, custom=served.custom)
    except MalformedError as error:
        raise bad_request(f"{head}{error}") from None
    if kind == JSON_PATCH:
        return patch
    if patch is None and strategic:
        return {}
    if patch is None:
        raise bad_request("Invalid JSON Patch")
    if as_struct(patch) is None:
        found = go_type(patch)
        raise bad_request(
            f"{head}json: cannot unmarshal {found} into Go value of type "
            "map[string]interface {}"
        )
    return patch


def _refusal(error: PatchError) -> StatusError:
    if error.reason == "Invalid":
        return StatusError(422, "Invalid", REJECTED, details={})
    if not error.reason:
        return server_error(error.message)
    code = 413 if error.reason == "RequestEntityTooLarge" else 400
    return StatusError(code, error.reason, error.message)
