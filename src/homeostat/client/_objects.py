"""Objects, typed or plain, to the wire and back."""

from typing import Any, TypeVar, cast

import msgspec

from homeostat.api import (
    FieldSelector,
    GroupVersionKind,
    Object,
    Resource,
    Selector,
    Unstructured,
    decode,
)
from homeostat.client._types import (
    AllNamespaces,
    FieldsLike,
    LabelsLike,
    NamespaceLike,
    Scale,
)
from homeostat.errors import ConflictError, TransportError

__all__ = [
    "complete",
    "conflict",
    "decode_as",
    "field_text",
    "identity",
    "label_text",
    "object_path",
    "one_namespace",
    "parse_document",
    "resource_text",
    "scale_of",
    "selected_namespace",
]

T = TypeVar("T")


def parse_document(body: bytes, attempted: str) -> Unstructured:
    """Return the object that an answer holds.

    Raises:
        TransportError: The answer is not a JSON object.
    """
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TransportError(
            f"{attempted}: the answer is no JSON object: {error}"
        ) from error


def decode_as(kind: type[T] | GroupVersionKind, body: bytes, attempted: str) -> Any:  # noqa: ANN401  # overloads type it
    """Return the object that an answer holds: a T, or dicts for a GroupVersionKind."""
    if isinstance(kind, GroupVersionKind):
        return complete(parse_document(body, attempted), kind)
    return decode(kind, body)


def complete(document: Unstructured, gvk: GroupVersionKind) -> Unstructured:
    """Return ``document`` with apiVersion and kind, which items of lists lack."""
    if "kind" in document and "apiVersion" in document:
        return document
    return {"apiVersion": gvk.api_version, "kind": gvk.kind, **document}


def identity(obj: Object | Unstructured) -> tuple[str, str, str, str]:
    """Return an object's namespace, name, uid and resourceVersion, "" when absent."""
    if isinstance(obj, dict):
        found = obj.get("metadata")
        metadata = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
        keys = ("namespace", "name", "uid", "resourceVersion")
        namespace, name, uid, version = (str(metadata.get(key) or "") for key in keys)
        return namespace, name, uid, version
    meta = obj.metadata
    return (
        meta.namespace or "",
        meta.name or "",
        meta.uid or "",
        meta.resource_version or "",
    )


def object_path(
    resource: Resource, namespace: str, name: str, subresource: str = ""
) -> str:
    """Return the path of one object.

    Raises:
        ValueError: The name is none, or would lead to another path.

    Source: apimachinery ``validation/path.IsValidPathSegmentName``.
    """
    if not name:
        raise ValueError(f"{resource.gvk}: the object has no name")
    if name in {".", ".."} or "/" in name or "%" in name:
        raise ValueError(f"{resource.gvk}: {name!r} is no name: '/' and '%' are not")
    return resource.path(namespace, name, subresource)


def resource_text(resource: Resource) -> str:
    """Return ``apps/v1 deployments``: as ``str(resource.gvr)`` does."""
    # Without the object in between: every request is named, just in case.
    gvk = resource.gvk
    api = f"{gvk.group}/{gvk.version}" if gvk.group else gvk.version
    return f"{api} {resource.plural}"


def one_namespace(
    resource: Resource, namespace: str | None, own: str, default: str
) -> str:
    """Return the namespace of one object's path.

    Args:
        resource: The object's resource.
        namespace: What the caller asked for, None for nothing.
        own: What the object says, "" for nothing.
        default: The client's namespace.

    Raises:
        ValueError: The caller and the object disagree, or no namespace is possible.
    """
    if not resource.namespaced:
        if namespace or own:
            raise ValueError(
                f"{resource.gvk} is cluster-scoped and takes no namespace, "
                f"{namespace or own!r} was given"
            )
        return ""
    if namespace is not None and own and namespace != own:
        raise ValueError(
            f"namespace={namespace!r} does not match the object's own, {own!r}"
        )
    chosen = own or (default if namespace is None else namespace)
    if not chosen:
        raise ValueError(f"{resource.gvk} lives in namespaces: give one")
    return chosen


def selected_namespace(
    resource: Resource, namespace: NamespaceLike, default: str
) -> str:
    """Return the namespace of a collection's path, "" for all of them."""
    if isinstance(namespace, AllNamespaces) or not resource.namespaced:
        return ""
    return one_namespace(resource, namespace, "", default)


def label_text(labels: LabelsLike) -> str:
    """Return the wire form of a label selector, checked.

    Raises:
        ValueError: The text is no selector.
    """
    if not labels:
        return ""
    if isinstance(labels, str):
        return str(Selector.parse(labels))
    if isinstance(labels, Selector):
        return str(labels)
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))


def field_text(fields: FieldsLike) -> str:
    """Return the wire form of a field selector, checked.

    Raises:
        ValueError: The text is no selector.
    """
    if not fields:
        return ""
    if isinstance(fields, str):
        return str(FieldSelector.parse(fields))
    if isinstance(fields, FieldSelector):
        return str(fields)
    return ",".join(f"{key}={_escaped(v)}" for key, v in sorted(fields.items()))


def _escaped(value: str) -> str:
    for character in "\\,=":
        value = value.replace(character, f"\\{character}")
    return value


def conflict(resource: Resource, name: str, attempted: str) -> ConflictError:
    """Return the error of an update whose object has changed, in the server's words."""
    group = resource.gvk.group
    return ConflictError(
        "Operation cannot be fulfilled on "
        f'{resource.plural}{"." if group else ""}{group} "{name}": the object has been '
        "modified; please apply your changes to the latest version and try again",
        code=409,
        reason="Conflict",
        details={"name": name, "group": group, "kind": resource.plural},
        attempted=attempted,
    )


class _ScaleSpec(msgspec.Struct):
    replicas: int = 0


class _ScaleStatus(msgspec.Struct):
    replicas: int = 0
    selector: str = ""


class _ScaleMeta(msgspec.Struct, rename="camel"):
    resource_version: str = ""


class _Scale(msgspec.Struct):
    metadata: _ScaleMeta
    spec: _ScaleSpec = msgspec.field(default_factory=_ScaleSpec)
    status: _ScaleStatus = msgspec.field(default_factory=_ScaleStatus)


def scale_of(document: Unstructured, attempted: str) -> Scale:
    """Return the Scale that an ``autoscaling/v1 Scale`` holds.

    Raises:
        TransportError: The document is none.
    """
    try:
        wire = msgspec.convert(document, _Scale)
    except msgspec.ValidationError as error:
        raise TransportError(f"{attempted}: the answer is no Scale: {error}") from error
    return Scale(
        replicas=wire.spec.replicas,
        observed=wire.status.replicas,
        selector=wire.status.selector,
        resource_version=wire.metadata.resource_version,
    )
