"""Server-side apply: what a manager wants, merged into what there is."""

from dataclasses import replace
from typing import Any, cast

from homeostat.api import Schema
from homeostat.apiserver._access import as_struct
from homeostat.apiserver._context import Cluster, Target
from homeostat.apiserver._convert import convert
from homeostat.apiserver._decode import decode_applied
from homeostat.apiserver._decode_json import duplicates
from homeostat.apiserver._managed import reset_fields, timeless_scale, versions_of
from homeostat.apiserver._normal import TypeMismatchError
from homeostat.apiserver._options import WriteOptions
from homeostat.apiserver._patched import tidy_patched
from homeostat.apiserver._registry import Served
from homeostat.apiserver._shape import check_target
from homeostat.apiserver._status import (
    StatusError,
    bad_request,
    conflict,
    not_found,
    server_error,
)
from homeostat.apiserver._write import Change, commit_new, commit_update
from homeostat.schema import (
    FieldConflictError,
    SchemaMismatchError,
    apply_managed,
)

__all__ = ["apply_body", "apply_config", "field_conflict"]

Value = dict[str, Any]


def apply_body(
    cluster: Cluster, target: Target, options: WriteOptions
) -> tuple[bytes, int]:
    """Apply the configuration in the body; see ``apply_config``."""
    config = _decode_config(target, options)
    try:
        return apply_config(cluster, target, options, config)
    except FieldConflictError as error:
        raise field_conflict(str(error), error.causes()) from None


def apply_config(
    cluster: Cluster, target: Target, options: WriteOptions, config: Value
) -> tuple[bytes, int]:
    """Apply a configuration to the object that the path names.

    Returns:
        The object's bytes, in the stored version, and the status code.

    Raises:
        FieldConflictError: Others own what would change.
        StatusError: 400, 404, 409 or 422.
    """
    served, route = target.served, target.route
    live = target.live
    if live is None:
        _refuse_absent(target, config["metadata"])
    current = None if live is None else served.view(live.value)
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
            versions=versions_of(served, route.subresource),
        )
    except SchemaMismatchError as error:
        raise _untyped(target, config, current, error) from None
    # Fields that the schema does not declare were refused; of what else it does not
    # know nothing is said.
    try:
        tidy_patched(target, merged, replace(options, validation="Ignore"))
    except StatusError:
        if served.custom or served.schema is None:
            raise
        _convert_applied(target, config, merged)
    change = Change(
        value=merged,
        options=options,
        subresource=route.subresource,
        managed=timeless_scale(managed),
        patched=True,
    )
    if live is None:
        merged["metadata"].pop("resourceVersion", None)
        return commit_new(cluster, target, change), 201
    return commit_update(cluster, target, live, change), 200


def _convert_applied(target: Target, config: Value, merged: Value) -> None:
    """Make what was merged an object as the real server does: of what is no JSON.

    Raises:
        StatusError: 500, its values do not fit.
    """
    served = target.served
    schema = cast("Schema", served.schema)
    try:
        convert(merged, schema, served.kind)
    except TypeMismatchError as error:
        kind = _version_and_kind(served)
        which = _described(target, config)
        text = f"failed to convert new {which} to proper version: unable to convert"
        text += f" unstructured object to {kind}: {error}"
        raise server_error(text) from None


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
        # With a reader of YAML, which takes 15 ms to load.
        from homeostat.apiserver._decode_yaml import yaml_duplicates  # noqa: PLC0415

        texts = [f'key "{key}" already set in map' for key in yaml_duplicates(body)]
    if texts and options.validation == "Strict":
        raise bad_request("error strict decoding YAML: " + ", ".join(texts))
    target.warnings.extend(texts)


def _untyped(
    target: Target, config: Value, live: Value | None, error: SchemaMismatchError
) -> StatusError:
    value = config if live is None or error.whose == "patch" else live
    which = _described(target, value)
    if error.whose != "new":
        return server_error(f"failed to create typed {error.whose} {which}: {error}")
    return server_error(
        "failed to create manager for existing fields: failed to convert new "
        f"{which} to smd typed: {error}"
    )


def _described(target: Target, value: Value) -> str:
    namespace = value["metadata"].get("namespace", "")
    kind = _version_and_kind(target.served)
    return f"object ({namespace}/{target.route.name}; {kind})"


def _version_and_kind(served: Served) -> str:
    gvk = served.gvk
    api = gvk.api_version if gvk.group else f"/{gvk.version}"
    return f"{api}, Kind={gvk.kind}"


def field_conflict(message: str, causes: list[dict[str, str]]) -> StatusError:
    """409: others own what an apply would change."""
    return StatusError(409, "Conflict", message, details={"causes": causes})
