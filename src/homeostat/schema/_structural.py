"""The rules that make a schema structural, with the texts of apiextensions.

Structure (types, fields, what is kept) is said outside of allOf, anyOf, oneOf and not;
inside of them a schema may only restrict values of fields that are specified outside.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from homeostat.schema._errors import FieldError, forbidden, invalid, required
from homeostat.schema._keywords import check_keywords
from homeostat.schema._pattern import PatternError, compile_pattern
from homeostat.schema._schema_defaults import check_defaults

__all__ = ["check_structural"]

Document = Mapping[str, Any]

_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]
_PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"
_EMBEDDED: Final = "x-kubernetes-embedded-resource"
_MIXED: Final = "x-kubernetes-int-or-string"

# What must not stand under a junctor, and what it must be instead.
_OUTSIDE: Final = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    (_PRESERVE, "must be false to be structural"),
    (_EMBEDDED, "must be false to be structural"),
    (_MIXED, "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def check_structural(
    document: Mapping[str, Any], path: str = "spec.validation.openAPIV3Schema"
) -> list[FieldError]:
    """Return what is wrong with the schema of a custom resource version.

    Args:
        document: The ``openAPIV3Schema``, decoded.
        path: Where it stands. The server names the default when all versions have
            the same schema, else ``spec.versions[0].schema.openAPIV3Schema``.

    Returns:
        The errors that kube-apiserver gives when such a definition is created, but
        for those of CEL rules' expressions, which are not compiled.

    Source: apiextensions ``schema.ValidateStructural``, ``defaulting.ValidateDefaults``
    and ``ValidateCustomResourceDefinitionOpenAPISchema``.
    """
    errors = sorted(
        [
            *_invariants(document, "root", path),
            *_complete(document, document, path, path),
        ],
        key=str,
    )
    keywords = check_keywords(document, path)
    if document.get("nullable"):
        nullable = forbidden(f"{path}.nullable", "nullable cannot be true at the root")
        errors.insert(0, nullable)
    elif not errors and not keywords:
        errors = check_defaults(document, path)
    return [*errors, *keywords]


def _invariants(node: Document, level: str, path: str) -> Iterator[FieldError]:
    yield from _children(node, level, path)
    yield from _extensions(node, path)
    yield from _values(node, level, path, skip=_int_or_string(node))
    yield from _type(node, level, path)
    if node.get(_EMBEDDED):
        yield from _embedded(node, path)
    yield from _meta_fields(node, level, path)


def _children(node: Document, level: str, path: str) -> Iterator[FieldError]:
    items = node.get("items")
    if node.get("type") == "array" and items is None:
        yield required(f"{path}.items", "must be specified")
    if isinstance(items, Mapping):
        yield from _invariants(cast("Document", items), "item", f"{path}.items")
    for name, child in _properties(node):
        yield from _invariants(child, "field", f"{path}.properties[{name}]")
    additional = node.get("additionalProperties")
    if additional is not None:
        where = f"{path}.additionalProperties"
        if level == "root":
            yield forbidden(where, "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _invariants(cast("Document", additional), "field", where)


def _extensions(node: Document, path: str) -> Iterator[FieldError]:
    if node.get(_MIXED):
        for name in (_PRESERVE, _EMBEDDED):
            if node.get(name):
                detail = f"must be false if {_MIXED} is true"
                yield invalid(f"{path}.{name}", node[name], detail)


def _type(node: Document, level: str, path: str) -> Iterator[FieldError]:
    kind = node.get("type") or ""
    where = f"{path}.type"
    if node.get(_EMBEDDED) and kind != "object":
        detail = f"must be object if {_EMBEDDED} is true"
        yield invalid(where, kind, detail) if kind else required(where, detail)
    elif not kind and not node.get(_MIXED) and not node.get(_PRESERVE):
        places = {
            "root": "at the root",
            "item": "for specified array items",
            "field": "for specified object fields",
        }
        yield required(where, f"must not be empty {places[level]}")
    if level == "root" and kind and kind != "object":
        yield invalid(where, kind, "must be object at the root")


def _embedded(node: Document, path: str) -> Iterator[FieldError]:
    if node.get("additionalProperties") is not None:
        yield forbidden(
            f"{path}.additionalProperties", f"must not be used if {_EMBEDDED} is set"
        )
    if not node.get(_PRESERVE) and not node.get("properties"):
        yield required(
            f"{path}.properties",
            f"must not be empty if {_EMBEDDED} is true without {_PRESERVE}",
        )


def _meta_fields(node: Document, level: str, path: str) -> Iterator[FieldError]:
    if level != "root" and not node.get(_EMBEDDED):
        return
    properties = dict(_properties(node))
    for name in ("kind", "apiVersion"):
        kind = properties.get(name, {"type": "string"}).get("type") or ""
        if kind != "string":
            where = f"{path}.properties[{name}].type"
            yield invalid(where, kind, "must be string")
    metadata = properties.get("metadata")
    if metadata is None:
        return
    where = f"{path}.properties[metadata]"
    kind = metadata.get("type") or ""
    if kind != "object":
        yield invalid(f"{where}.type", kind, "must be object")
    if level == "root" and not _only_names(metadata):
        yield forbidden(
            where,
            "must not specify anything other than name and generateName, but metadata "
            "is implicitly specified",
        )


def _only_names(metadata: Document) -> bool:
    said = {
        key for key, value in metadata.items() if value not in (None, "", False, {})
    }
    names = {name for name, _ in _properties(metadata)}
    return said <= {"type", "properties", "default"} and names <= {
        "name",
        "generateName",
    }


def _int_or_string(node: Document) -> tuple[bool, bool]:
    """Tell whether anyOf, or the first anyOf of allOf, spells int-or-string."""
    all_of: Sequence[Document] = node.get("allOf") or ()
    first = bool(all_of) and all_of[0].get("anyOf") == _INT_OR_STRING
    return node.get("anyOf") == _INT_OR_STRING, first


def _values(
    node: Document, level: str, path: str, *, skip: tuple[bool, bool] = (False, False)
) -> Iterator[FieldError]:
    skip_any, skip_first = skip
    for name in ("anyOf", "allOf", "oneOf"):
        if name == "anyOf" and skip_any:
            continue
        for index, child in enumerate(cast("Sequence[Document]", node.get(name) or ())):
            inner = (name == "allOf" and index == 0 and skip_first, False)
            yield from _nested(child, level, f"{path}.{name}[{index}]", skip=inner)
    if node.get("not") is not None:
        yield from _nested(node["not"], level, f"{path}.not")
    pattern = node.get("pattern")
    if pattern:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield invalid(f"{path}.pattern", pattern, detail)


def _nested(
    node: Document, level: str, path: str, *, skip: tuple[bool, bool] = (False, False)
) -> Iterator[FieldError]:
    yield from _values(node, level, path, skip=skip)
    if isinstance(node.get("items"), Mapping):
        yield from _nested(node["items"], level, f"{path}.items")
    for name, child in _properties(node):
        where = f"{path}.properties[{name}]"
        yield from _nested(child, "field", where)
        if name == "metadata":
            yield forbidden(where, "must not be specified in a nested context")
    for name, detail in _OUTSIDE:
        if node.get(name) not in (None, "", False, []):
            yield forbidden(f"{path}.{name}", detail)


def _complete(
    values: Document, node: Document | None, node_path: str, path: str
) -> Iterator[FieldError]:
    """Demand that what is restricted is specified."""
    branches: list[tuple[str, Document]] = []
    if values.get("not") is not None:
        branches.append((f"{path}.not", values["not"]))
    for name in ("allOf", "anyOf", "oneOf"):
        children: Sequence[Document] = values.get(name) or ()
        branches.extend(
            (f"{path}.{name}[{index}]", child) for index, child in enumerate(children)
        )
    for where, child in branches:
        yield from _complete_nested(child, node, node_path, where)


def _complete_nested(
    values: Document, node: Document | None, node_path: str, path: str
) -> Iterator[FieldError]:
    if node is None:
        yield required(node_path, f"because it is defined in {path}")
        return
    yield from _complete(values, node, node_path, path)
    items = values.get("items")
    if isinstance(items, Mapping):
        yield from _complete_nested(
            cast("Document", items),
            node.get("items"),
            f"{node_path}.items",
            f"{path}.items",
        )
    known = dict(_properties(node))
    for name, child in _properties(values):
        where, there = f"{path}.properties[{name}]", f"{node_path}.properties[{name}]"
        yield from _complete_nested(child, known.get(name), there, where)


def _properties(node: Document) -> list[tuple[str, Document]]:
    properties: Document = node.get("properties") or {}
    return [(name, properties[name] or {}) for name in sorted(properties)]
