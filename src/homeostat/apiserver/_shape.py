"""From a body to an object in the form of its schema."""

import functools
from dataclasses import replace
from typing import Any

from homeostat.api import GroupVersionKind, Resource
from homeostat.apiserver._access import as_struct, text_at
from homeostat.apiserver._context import Target
from homeostat.apiserver._crd_serve import object_meta
from homeostat.apiserver._decode import JSON_TYPE, decode_object, shown
from homeostat.apiserver._decode_json import duplicates
from homeostat.apiserver._negotiate import media_type
from homeostat.apiserver._normal import TypeMismatchError, mismatch, normalise
from homeostat.apiserver._options import WriteOptions
from homeostat.apiserver._protobuf import PROTOBUF_TYPE
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import StatusError, bad_request, invalid
from homeostat.apiserver._syntax import HugeNumberError, go_type
from homeostat.apiserver._warnings import MAX_STRICT
from homeostat.k8s import schema_of
from homeostat.schema import FieldError, prune

__all__ = ["about", "check_namespace", "check_target", "read_body", "shape"]

Value = dict[str, Any]


def about(
    target: Target, kind: GroupVersionKind, *, like: GroupVersionKind | None = None
) -> Target:
    """Return a request as one about a built-in kind that its path does not name.

    For subresources, whose bodies are no objects of the resource.

    Args:
        target: The request.
        kind: The kind.
        like: Where another version has the same schema: that version.
    """
    resource = Resource(gvk=kind, plural="", namespaced=target.served.namespaced)
    served = Served(
        resource=resource,
        table=target.served.table,
        load_schema=functools.partial(schema_of, like or kind),
        storage=kind,
    )
    return replace(target, served=served)


def read_body(target: Target, options: WriteOptions) -> Value:
    """Decode, check and tidy the object in the body of a create or an update.

    Returns:
        The object in the version of the request.

    Raises:
        StatusError: 400, 413 or 415.
    """
    request, served = target.request, target.served
    content_type = request.headers.get("content-type", "")
    body = request.body
    try:
        value = decode_object(body, content_type, served.gvk, custom=served.custom)
    except HugeNumberError as error:
        raise mismatch(served.kind, served.gvk.version, error) from None
    _check_kind(served, value, body)
    if media_type(content_type).name == PROTOBUF_TYPE:
        # It has the form of its type, and Go tells nobody of what that lacks.
        value.setdefault("metadata", {})
        return value
    twice: list[str] = []
    if options.validation != "Ignore" and _is_json(content_type):
        twice = duplicates(body)
    _tidy(target, value, options, twice)
    return value


def _is_json(content_type: str) -> bool:
    return not content_type or media_type(content_type).name == JSON_TYPE


def _check_kind(served: Served, value: Value, body: bytes) -> None:
    version, kind = value.get("apiVersion"), value.get("kind")
    if served.custom and not kind:
        whole = body.decode(errors="replace")
        raise bad_request(
            f"the object provided is unrecognized (must be of type {served.kind}): "
            f"Object 'Kind' is missing in '{whole}' ({shown(body)})"
        )
    expected = served.gvk
    if not served.custom:
        version, kind = version or expected.api_version, kind or expected.kind
    given = GroupVersionKind.of(version or "", kind or "")
    if given != expected:
        raise _wrong_kind(served, value, given)
    value["apiVersion"], value["kind"] = expected.api_version, expected.kind


def _wrong_kind(served: Served, value: Value, given: GroupVersionKind) -> StatusError:
    expected = served.gvk
    if served.custom:
        if given.api_version != expected.api_version:
            return bad_request(
                f"the API version in the data ({given.api_version}) does not match the "
                f"expected API version ({expected.api_version})"
            )
        text = f"must be {expected.kind}"
        error = FieldError("FieldValueInvalid", "kind", given.kind, text)
        name = text_at(as_struct(value.get("metadata")) or {}, "name")
        return invalid(expected.group, given.kind, name, [error])
    head = (
        f'{given.kind} in version "{given.version}" cannot be handled as a '
        f"{expected.kind}: "
    )
    if schema_of(given) is None:
        return bad_request(
            f'{head}no kind "{given.kind}" is registered for version '
            f'"{given.api_version}" in scheme "pkg/runtime/scheme.go:111"'
        )
    group = expected.group.partition(".")[0] or "core"
    return bad_request(
        f"{head}converting ({given.version}.{given.kind}) to "
        f"({group}.{expected.kind}): unknown conversion"
    )


def _tidy(
    target: Target, value: Value, options: WriteOptions, twice: list[str]
) -> None:
    """Bring an object into the form of its schema, in place.

    Args:
        target: The request; it gets the warnings.
        value: The object, in the version of the request.
        options: Says what becomes of unknown fields.
        twice: Paths of duplicate fields.

    Raises:
        StatusError: 400, a value of the wrong type, or an unknown field when strict.
    """
    served = target.served
    try:
        unknown = shape(served, value)
    except TypeMismatchError as error:
        raise mismatch(served.kind, served.gvk.version, error) from None
    if options.validation == "Ignore" or not (unknown or twice):
        return
    texts = [f'duplicate field "{path}"' for path in twice]
    texts += [f'unknown field "{path}"' for path in unknown]
    if not served.custom:
        del texts[MAX_STRICT:]
    if options.validation == "Strict":
        strict = ValueError("strict decoding error: " + ", ".join(texts))
        raise mismatch(served.kind, served.gvk.version, strict)
    target.warnings.extend(texts)


def shape(served: Served, value: Value) -> list[str]:
    """Bring an object into the form of its schema, in place.

    Returns:
        Paths of the fields that the schema does not know; they are gone.

    Raises:
        TypeMismatchError: A value has the wrong JSON type.
    """
    if value.get("metadata") is None:
        value["metadata"] = {}
    schema = served.schema
    if not served.custom:
        return normalise(value, schema, served.kind) if schema else []
    metadata = as_struct(value["metadata"])
    if metadata is None:
        raise TypeMismatchError(
            f"json: cannot unmarshal {go_type(value['metadata'])} into Go value of "
            "type v1.ObjectMeta"
        )
    # Go writes it once more before it reads it: in the order of the names.
    ordered = dict(sorted(metadata.items()))
    found = normalise(ordered, object_meta(), "ObjectMeta")
    value["metadata"] = ordered
    unknown = [f"metadata.{path}" for path in found]
    if schema is None:
        return unknown
    return sorted({*unknown, *prune(value, schema)})


def check_target(target: Target, value: Value) -> None:
    """Compare the object's name and namespace with those of the path.

    Raises:
        StatusError: 400, they differ.
    """
    route = target.route
    metadata = value["metadata"]
    check_namespace(target, metadata)
    name = metadata.get("name")
    if route.name and not name:
        raise bad_request(
            f"the name of the object ({route.name} based on URL) was undeterminable: "
            "name must be provided"
        )
    if route.name and name != route.name:
        raise bad_request(
            f"the name of the object ({name}) does not match the name on the URL "
            f"({route.name})"
        )


def check_namespace(target: Target, metadata: Value) -> None:
    """Compare the object's namespace with that of the path, or fill it in.

    Raises:
        StatusError: 400, they differ.
    """
    if not target.served.namespaced:
        return
    if metadata.get("namespace", "") not in ("", target.route.namespace):
        raise bad_request(
            "the namespace of the provided object does not match the namespace sent on "
            "the request"
        )
    metadata["namespace"] = target.route.namespace
