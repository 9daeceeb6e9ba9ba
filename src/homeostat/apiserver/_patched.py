"""Patched documents on their way to being objects again."""

from collections.abc import Sequence
from typing import Any

import msgspec

from homeostat.apiserver._context import Target
from homeostat.apiserver._convert import convert
from homeostat.apiserver._normal import TypeMismatchError
from homeostat.apiserver._options import WriteOptions
from homeostat.apiserver._registry import Served
from homeostat.apiserver._shape import shape
from homeostat.apiserver._status import StatusError, invalid
from homeostat.schema import FieldError

__all__ = ["tidy_merged", "tidy_patched"]

Value = dict[str, Any]


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
        raise _invalid_patch(before.decode(), str(error)) from None
    _report(target, before.decode(), options, twice, unknown)


def tidy_merged(
    target: Target,
    value: Value,
    shown: str,
    options: WriteOptions,
    twice: Sequence[str] = (),
) -> None:
    """Bring what a strategic merge made into the form of its schema, in place.

    Args:
        target: The request, about a built-in kind; it gets the warnings.
        value: The merged document.
        shown: What is left of the patch, for errors.
        options: Says what becomes of unknown fields.
        twice: Paths of the patch's duplicate fields.

    Raises:
        StatusError: 422, it does not fit, or has unknown fields when strict.
    """
    served = target.served
    if value.get("metadata") is None:
        value["metadata"] = {}
    try:
        unknown = convert(value, served.schema, served.kind) if served.schema else []
    except TypeMismatchError as error:
        raise _invalid_patch(shown, str(error)) from None
    # The type of a struct is known, whatever the document says of it.
    value["apiVersion"], value["kind"] = served.gvk.api_version, served.kind
    _report(target, shown, options, twice, unknown)


def _report(
    target: Target,
    shown: str,
    options: WriteOptions,
    twice: Sequence[str],
    unknown: Sequence[str],
) -> None:
    texts = [f'duplicate field "{path}"' for path in twice]
    texts += [f'unknown field "{path}"' for path in unknown]
    if options.validation == "Strict" and texts:
        raise _invalid_patch(shown, "strict decoding error: " + ", ".join(texts))
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
    raise _invalid_patch(before.decode(), text)


def _check_metadata(value: Value) -> None:
    metadata = value.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        text = "metadata must be an object"
        raise _invalid_patch(msgspec.json.encode(value).decode(), text)


def _invalid_patch(document: str, text: str) -> StatusError:
    error = FieldError("FieldValueInvalid", "patch", document, text)
    return invalid("", "", "", [error])
