"""Patches: JSON patch, merge patch and server-side apply."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from homeostat._transport import HttpResponse
from homeostat.api import JSON
from homeostat.apiserver._access import as_struct
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._decode import check_size, decode_applied
from homeostat.apiserver._decode_json import decode_json, duplicates
from homeostat.apiserver._decode_yaml import yaml_duplicates
from homeostat.apiserver._managed import blank_foreign, reset_fields, without_foreign
from homeostat.apiserver._negotiate import accept, media_type
from homeostat.apiserver._nesting import (
    DEEPEST,
    MAX_DEPTH,
    MalformedError,
    is_deep,
)
from homeostat.apiserver._normal import TypeMismatchError
from homeostat.apiserver._options import WriteOptions, write_options
from homeostat.apiserver._registry import Served
from homeostat.apiserver._render import object_bytes, respond
from homeostat.apiserver._shape import check_target, shape
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    conflict,
    invalid,
    not_found,
    server_error,
    unsupported_media,
)
from homeostat.apiserver._syntax import go_type
from homeostat.apiserver._write import Change, commit_new, commit_update
from homeostat.schema import (
    FieldConflictError,
    FieldError,
    PatchError,
    SchemaMismatchError,
    apply_managed,
    json_patch,
    merge_patch,
    path_text,
)

__all__ = [
    "APPLY_PATCH",
    "REJECTED",
    "apply_config",
    "decode_patch",
    "patch_object",
    "patch_type",
    "patched",
    "tidy_patched",
]

Value = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
ACCEPTED = (JSON_PATCH, MERGE_PATCH, APPLY_PATCH)
STRATEGIC = "application/strategic-merge-patch+json"
STRATEGIC_HINT = (
    "the embedded server reads no strategic merge patches, which some kubectl commands "
    "send: use kubectl apply --server-side, or kubectl patch --type merge"
)


def patch_object(cluster: Cluster, target: Target) -> HttpResponse:
    """Answer a patch of an object or of its status."""
    form = accept(target.request.headers.get("accept", ""))
    kind = patch_type(target)
    options = write_options(target.request, "PatchOptions", apply=kind == APPLY_PATCH)
    if kind == APPLY_PATCH:
        data, status = _apply(cluster, target, options)
    else:
        data, status = _patch(cluster, target, options, kind), 200
    body = object_bytes(target.served, data, form) + b"\n"
    return respond(body, status=status, warnings=target.warnings)


def patch_type(target: Target) -> str:
    """Return the media type of a patch.

    Raises:
        StatusError: 413, or 415 for a type that is not accepted.
    """
    check_size(target.request.body)
    kind = media_type(target.request.headers.get("content-type", "")).name
    if kind == STRATEGIC:
        # The real server refuses those of custom resources alone.
        hint = "" if target.served.custom else STRATEGIC_HINT
        raise unsupported_media(ACCEPTED, hint=hint)
    if kind not in ACCEPTED:
        raise StatusError(
            415,
            "UnsupportedMediaType",
            "415: Unsupported Media Type",
            details={},
        )
    return kind


def _patch(cluster: Cluster, target: Target, options: WriteOptions, kind: str) -> bytes:
    served, route = target.served, target.route
    live = target.existing()
    patch = decode_patch(target, kind)
    current = live.value
    if served.from_storage is not None:
        current = served.from_storage(current)
    value = as_struct(patched(current, patch, kind))
    if kind == JSON_PATCH and is_deep(value, DEEPEST if served.custom else MAX_DEPTH):
        # A few operations that copy make a document deeper than its patch.
        raise StatusError(422, "Invalid", REJECTED, details={})
    if value is None:
        raise StatusError(422, "Invalid", REJECTED, details={})
    strict = options.validation != "Ignore"
    tidy_patched(
        target, value, options, duplicates(target.request.body) if strict else ()
    )
    change = Change(
        value=value, options=options, subresource=route.subresource, patched=True
    )
    return commit_update(cluster, target, live, change)


REJECTED = "the server rejected our request due to an error in our request"


def decode_patch(target: Target, kind: str) -> JSON:
    """Decode the body of a JSON or merge patch.

    Raises:
        StatusError: 400.
    """
    try:
        served = target.served
        patch = decode_json(served.kind, target.request.body, custom=served.custom)
    except MalformedError as error:
        raise bad_request(f"error decoding patch: {error}") from None
    if kind == MERGE_PATCH and patch is None:
        raise bad_request("Invalid JSON Patch")
    if kind == MERGE_PATCH and as_struct(patch) is None:
        found = go_type(patch)
        raise bad_request(
            f"error decoding patch: json: cannot unmarshal {found} into Go value of "
            "type map[string]interface {}"
        )
    return patch


def patched(current: Value, patch: JSON, kind: str) -> JSON:
    """Apply a decoded patch.

    Raises:
        StatusError: 400, 413 or 422.
    """
    try:
        if kind == MERGE_PATCH:
            return merge_patch(current, patch)
        return json_patch(current, patch)
    except PatchError as error:
        if error.reason == "Invalid":
            raise StatusError(422, "Invalid", REJECTED, details={}) from None
        code = 413 if error.reason == "RequestEntityTooLarge" else 400
        raise StatusError(code, error.reason, error.message) from None


def tidy_patched(
    target: Target, value: Value, options: WriteOptions, twice: Sequence[str] = ()
) -> None:
    """Bring a patched object into the form of its schema, in place.

    Raises:
        StatusError: 422, it does not fit, or has unknown fields when strict.
    """
    served = target.served
    # Go's maps are written with their keys in order.
    before = msgspec.json.encode(value, order="sorted")
    _check_metadata(value)
    _check_kind(served, value, before)
    try:
        unknown = _shape_in_order(served, value)
    except TypeMismatchError as error:
        raise _invalid_patch(before, str(error)) from None
    texts = [f'duplicate field "{path}"' for path in twice]
    texts += [f'unknown field "{path}"' for path in unknown]
    if options.validation == "Strict" and texts:
        text = "strict decoding error: " + ", ".join(texts)
        raise _invalid_patch(before, text)
    if options.validation == "Warn":
        target.warnings.extend(texts)


def _shape_in_order(served: Served, value: Value) -> list[str]:
    """Shape an object field by field as Go writes a patched one: in order."""
    ordered = dict(sorted(value.items()))
    unknown = shape(served, ordered)
    names = [*(key for key in value if key in ordered), *ordered]
    value.clear()
    value.update({name: ordered[name] for name in names})
    return unknown


def _check_kind(served: Served, value: Value, before: bytes) -> None:
    given = (value.get("apiVersion"), value.get("kind"))
    if given in ((served.gvk.api_version, served.kind), (None, None)):
        return
    text = (
        f'no kind "{given[1] or ""}" is registered for version "{given[0] or ""}" in '
        'scheme "pkg/runtime/scheme.go:111"'
    )
    raise _invalid_patch(before, text)


def _check_metadata(value: Value) -> None:
    metadata = value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        text = "metadata must be an object"
        raise _invalid_patch(msgspec.json.encode(value), text)


def _invalid_patch(document: bytes, text: str) -> StatusError:
    error = FieldError("FieldValueInvalid", "patch", document.decode(), text)
    return invalid("", "", "", [error])


def _apply(
    cluster: Cluster, target: Target, options: WriteOptions
) -> tuple[bytes, int]:
    return apply_config(cluster, target, options, _decode_config(target, options))


def apply_config(
    cluster: Cluster, target: Target, options: WriteOptions, config: Value
) -> tuple[bytes, int]:
    """Apply a configuration to the object that the path names.

    Returns:
        The object's bytes, in the stored version, and the status code.

    Raises:
        StatusError: 400, 404, 409 or 422.
    """
    served, route = target.served, target.route
    live = target.live
    if live is None:
        _refuse_absent(target, config["metadata"])
    current = None if live is None else live.value
    if current is not None and served.from_storage is not None:
        current = served.from_storage(current)
    if current is not None:
        blank_foreign(served, current)
    try:
        merged, managed = apply_managed(
            current,
            config,
            schema=served.schema,
            manager=options.manager,
            api_version=served.gvk.api_version,
            force=bool(options.force),
            subresource=route.subresource,
            now=cluster.now(),
            reset=reset_fields(served, route.subresource),
        )
    except FieldConflictError as error:
        raise _field_conflict(error) from None
    except SchemaMismatchError as error:
        raise _untyped(target, config, current, error) from None
    # Fields that the schema does not declare were refused; of what else it does not
    # know nothing is said.
    tidy_patched(target, merged, replace(options, validation="Ignore"))
    change = Change(
        value=merged,
        options=options,
        subresource=route.subresource,
        managed=without_foreign(served, managed),
        patched=True,
    )
    if live is None:
        merged["metadata"].pop("resourceVersion", None)
        return commit_new(cluster, target, change), 201
    return commit_update(cluster, target, live, change), 200


def _refuse_absent(target: Target, metadata: Value) -> None:
    """Refuse to apply to an object that is not there where none may be made."""
    served, route = target.served, target.route
    if metadata.get("uid"):
        raise conflict(
            served.group,
            served.plural,
            route.name,
            f"uid mismatch: the provided object specified uid {metadata['uid']}, and "
            "no existing object was found",
        )
    if route.subresource:
        raise not_found(served.group, served.plural, route.name)


def _decode_config(target: Target, options: WriteOptions) -> Value:
    served, body = target.served, target.request.body
    config = decode_applied(served.kind, body, custom=served.custom)
    _refuse_duplicates(target, options)
    gvk = served.gvk
    given = (config.get("apiVersion"), config.get("kind"))
    if given != (gvk.api_version, gvk.kind):
        version = str(given[0] or "")
        group, _, short = version.rpartition("/")
        raise bad_request(
            f"invalid object type: {group}/{short}, Kind={given[1] or ''}"
        )
    metadata = as_struct(config.setdefault("metadata", {}))
    if metadata is None:
        raise bad_request("error decoding YAML: metadata must be an object")
    if metadata.get("managedFields") is not None:
        raise bad_request("metadata.managedFields must be nil")
    if metadata.get("name") or target.live is None:
        # A copy: the check would fill in the namespace, which nobody applied.
        check_target(target, {"metadata": {**metadata}})
    return config


def _refuse_duplicates(target: Target, options: WriteOptions) -> None:
    body = target.request.body
    if options.validation == "Ignore":
        return
    if body[:1] == b"{":
        texts = [f'duplicate field "{path}"' for path in duplicates(body)]
    else:
        texts = [f'key "{key}" already set in map' for key in yaml_duplicates(body)]
    if texts and options.validation == "Strict":
        raise bad_request("error strict decoding YAML: " + ", ".join(texts))
    target.warnings.extend(texts)


def _untyped(
    target: Target, config: Value, live: Value | None, error: SchemaMismatchError
) -> StatusError:
    served, route = target.served, target.route
    value = config if live is None or error.whose == "patch" else live
    namespace = value["metadata"].get("namespace", "")
    gvk = served.gvk
    api = gvk.api_version if gvk.group else f"/{gvk.version}"
    which = f"object ({namespace}/{route.name}; {api}, Kind={gvk.kind})"
    if error.whose != "new":
        return server_error(f"failed to create typed {error.whose} {which}: {error}")
    return server_error(
        "failed to create manager for existing fields: failed to convert new "
        f"{which} to smd typed: {error}"
    )


def _field_conflict(error: FieldConflictError) -> StatusError:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {owner}",
            "field": path_text(path),
        }
        for owner, path in error.conflicts
    ]
    return StatusError(409, "Conflict", str(error), details={"causes": causes})
