"""What is wrong with a question about access.

Source: kubernetes ``pkg/apis/authorization/validation``.
"""

from collections.abc import Callable
from typing import Any

from homeostat.api import FieldSelector, Selector
from homeostat.apiserver._access import as_struct, child, items, text_at
from homeostat.apiserver._builtin_validation_common import of_struct
from homeostat.apiserver._meta import qualified_name_errors
from homeostat.schema import FieldError

__all__ = ["check_access", "ignored_selectors"]

Value = dict[str, Any]
Errors = list[FieldError]

_BOTH = "cannot be specified in combination with resourceAttributes"
_NEITHER = (
    "exactly one of nonResourceAttributes or resourceAttributes must be specified"
)
_RESOURCE = "spec.resourceAttributes"
_PATH = "spec.nonResourceAttributes"


def check_access(value: Value, *, names_user: bool, local: bool) -> Errors:
    """Return what is wrong with an access review.

    Args:
        value: The review.
        names_user: It asks about a user that it names.
        local: It asks about one namespace.
    """
    spec = child(value, "spec")
    resource = as_struct(spec.get("resourceAttributes"))
    path = as_struct(spec.get("nonResourceAttributes"))
    errors: Errors = []
    if resource is not None and path is not None:
        errors.append(_path_error(path, _BOTH))
    if resource is None and path is None:
        errors.append(FieldError("FieldValueInvalid", _RESOURCE, None, _NEITHER))
    if names_user and not (text_at(spec, "user") or items(spec, "groups")):
        text = "at least one of user or group must be specified"
        errors.append(FieldError("FieldValueInvalid", "spec.user", "", text))
    if resource is not None:
        errors += _check_selector(resource, "fieldSelector", labels=False)
        errors += _check_selector(resource, "labelSelector", labels=True)
    errors += _check_metadata(value["metadata"], local=local)
    if local and resource is not None:
        errors += _check_place(resource, value["metadata"])
    if local and path is not None:
        errors.append(_path_error(path, "disallowed on this kind of request"))
    return errors


def _path_error(path: Value, text: str) -> FieldError:
    # As Go shows its internal type, which has no names for the wire.
    shown = {"Path": text_at(path, "path"), "Verb": text_at(path, "verb")}
    return of_struct("FieldValueInvalid", _PATH, shown, text)


def _check_metadata(metadata: Value, *, local: bool) -> Errors:
    allowed = {"managedFields", "namespace"} if local else {"managedFields"}
    shown = {key: item for key, item in metadata.items() if item}
    if shown.keys() <= allowed:
        return []
    text = "must be empty except for namespace" if local else "must be empty"
    return [of_struct("FieldValueInvalid", "metadata", shown, text)]


def _check_place(resource: Value, metadata: Value) -> Errors:
    namespace = text_at(resource, "namespace")
    if namespace == metadata.get("namespace", ""):
        return []
    where, text = f"{_RESOURCE}.namespace", "must match metadata.namespace"
    return [FieldError("FieldValueInvalid", where, namespace, text)]


def _check_selector(resource: Value, name: str, *, labels: bool) -> Errors:
    selector = as_struct(resource.get(name))
    if selector is None:
        return []
    path = f"{_RESOURCE}.{name}"
    raw, requirements = (
        text_at(selector, "rawSelector"),
        items(selector, "requirements"),
    )
    errors: Errors = []
    if raw and requirements:
        text = "may not specified at the same time as requirements"
        errors.append(FieldError("FieldValueInvalid", f"{path}.rawSelector", raw, text))
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        where = f"{path}.requirements"
        errors.append(FieldError("FieldValueRequired", where, "", text))
    for index, each in enumerate(requirements):
        errors += _check_requirement(each, f"{path}.requirements[{index}]", labels)
    return errors


def _check_requirement(given: Value, path: str, labels: bool) -> Errors:  # noqa: FBT001
    """Check a requirement; operators that nobody knows are let pass."""
    operator, key = text_at(given, "operator"), text_at(given, "key")
    values = items(given, "values")
    faults: Errors = []
    if operator in ("In", "NotIn") and not values:
        text = "must be specified when `operator` is 'In' or 'NotIn'"
        faults.append(FieldError("FieldValueRequired", f"{path}.values", "", text))
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        faults.append(FieldError("FieldValueForbidden", f"{path}.values", "", text))
    where = f"{path}.key"
    if labels:
        texts = qualified_name_errors(key)
        wrong = [FieldError("FieldValueInvalid", where, key, text) for text in texts]
        return [*faults, *wrong]
    if not key:
        return [
            FieldError("FieldValueRequired", where, "", "must be specified"),
            *faults,
        ]
    return faults


_LABEL_OPERATORS = frozenset({"In", "NotIn", "Exists", "DoesNotExist"})


def ignored_selectors(resource: Value) -> list[str]:
    """Return what is said about selectors that cannot be used."""
    texts: list[str] = []
    for name, good in (
        ("fieldSelector", _good_fields(child(resource, "fieldSelector"))),
        ("labelSelector", _good_labels(child(resource, "labelSelector"))),
    ):
        if all(good):
            continue
        part = "partially ignored" if any(good) else "ignored"
        texts.append(f"{_RESOURCE}.{name} {part} due to parse error")
    return texts


def _good_fields(selector: Value) -> list[bool]:
    raw = text_at(selector, "rawSelector")
    if raw:
        return [_parses(FieldSelector.parse, raw)]
    return [
        text_at(each, "operator") in ("In", "NotIn") and len(items(each, "values")) == 1
        for each in items(selector, "requirements")
    ]


def _good_labels(selector: Value) -> list[bool]:
    raw = text_at(selector, "rawSelector")
    if raw:
        return [_parses(Selector.parse, raw)]
    requirements = items(selector, "requirements")
    return [text_at(each, "operator") in _LABEL_OPERATORS for each in requirements]


def _parses(parse: Callable[[str], object], text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
