"""Checks that many kinds share, with the real server's texts.

Source: apimachinery ``pkg/util/validation``, ``pkg/apis/meta/v1/validation``.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._meta import qualified_name_errors, subdomain_errors
from homeostat.schema import (
    OMITTED,
    FieldError,
    forbidden,
    invalid,
    not_supported,
    required,
)

__all__ = [
    "IMMUTABLE",
    "Errors",
    "Value",
    "annotations",
    "at_least_zero",
    "immutable",
    "label_text",
    "label_value_texts",
    "labels",
    "of_struct",
    "one_of",
    "port_name_texts",
    "port_number",
    "port_or_name",
    "selector",
    "selector_matches",
    "shown_selector",
    "subdomain",
]

Value = dict[str, Any]
Errors = list[FieldError]

IMMUTABLE: Final = "field is immutable"
_PORT_CHARACTERS: Final = (
    "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"
)
_PORT_RANGE: Final = "must be between 1 and 65535, inclusive"
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_LABEL_TEXT: Final = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters "
    "or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  "
    "or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z")
_VALUE_TEXT: Final = (
    "a valid label must be an empty string or consist of alphanumeric characters, "
    "'-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
    "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def at_least_zero(value: Value, path: str, *names: str) -> Errors:
    """Check that numbers, where they are given, are not negative."""
    return [
        invalid(f"{path}.{name}", value[name], "must be greater than or equal to 0")
        for name in names
        if isinstance(value.get(name), int) and value[name] < 0
    ]


def one_of(value: JSON, path: str, supported: Sequence[str]) -> Errors:
    """Check that a text is one of a few."""
    return [] if value in supported else [not_supported(path, value, supported)]


def label_text(text: str, path: str) -> Errors:
    """Check that a text is a DNS-1123 label."""
    errors: Errors = []
    if len(text) > 63:
        errors.append(invalid(path, text, "must be no more than 63 characters"))
    if not _LABEL.match(text):
        errors.append(invalid(path, text, _LABEL_TEXT))
    return errors


def subdomain(text: str, path: str) -> Errors:
    """Check that a text is a DNS-1123 subdomain."""
    return [invalid(path, text, fault) for fault in subdomain_errors(text)]


def labels(given: Mapping[str, str], path: str) -> Errors:
    """Check the keys and values of labels."""
    errors: Errors = []
    for key, text in given.items():
        errors += [invalid(path, key, fault) for fault in qualified_name_errors(key)]
        errors += _label_value(text, path)
    return errors


def _label_value(text: str, path: str) -> Errors:
    return [invalid(path, text, fault) for fault in label_value_texts(text)]


def label_value_texts(text: str) -> list[str]:
    """Return what keeps a text from being the value of a label."""
    texts = ["must be no more than 63 bytes"] if len(text) > 63 else []
    return texts if _VALUE.match(text) else [*texts, _VALUE_TEXT]


def annotations(given: Mapping[str, str], path: str) -> Errors:
    """Check the keys of annotations."""
    return [
        invalid(path, key, fault)
        for key in given
        for fault in qualified_name_errors(key.lower())
    ]


def selector(given: Value | None, path: str) -> Errors:
    """Check a label selector; an absent one is right."""
    if not given:
        return []
    errors = labels(child(given, "matchLabels"), f"{path}.matchLabels")
    for index, requirement in enumerate(children(given, "matchExpressions")):
        here = f"{path}.matchExpressions[{index}]"
        errors += _requirement(requirement, here)
    return errors


def _requirement(given: Value, path: str) -> Errors:
    errors: Errors = []
    operator: str = given.get("operator", "")
    values: list[str] = given.get("values") or []
    if operator in ("In", "NotIn"):
        if not values:
            text = "must be specified when `operator` is 'In' or 'NotIn'"
            errors.append(required(f"{path}.values", text))
    elif operator in ("Exists", "DoesNotExist"):
        if values:
            text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            errors.append(forbidden(f"{path}.values", text))
    else:
        text = "not a valid selector operator"
        errors.append(invalid(f"{path}.operator", operator, text))
    key = given.get("key", "")
    errors += [invalid(f"{path}.key", key, t) for t in qualified_name_errors(key)]
    for index, value in enumerate(values):
        errors += _label_value(value, f"{path}.values[{index}]")
    return errors


def selector_matches(given: Value | None, found: Mapping[str, str]) -> bool:
    """Tell whether labels match a selector; an absent one matches none."""
    if given is None:
        return False
    for key, value in child(given, "matchLabels").items():
        if found.get(key) != value:
            return False
    return all(_matches(r, found) for r in children(given, "matchExpressions"))


def _matches(requirement: Value, found: Mapping[str, str]) -> bool:
    value = found.get(requirement.get("key", ""))
    values: Iterable[str] = requirement.get("values") or ()
    match requirement.get("operator"):
        case "In":
            return value is not None and value in values
        case "NotIn":
            return value is None or value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def immutable(new: JSON, old: JSON, path: str) -> Errors:
    """Check that a field has not changed."""
    return [] if new == old else [invalid(path, new, IMMUTABLE)]


def of_struct(kind: str, path: str, value: Value, detail: str = "") -> FieldError:
    """Return an error that shows a struct: its fields in Go's order, not sorted."""
    text = msgspec.json.encode(value).decode()
    return FieldError(kind, path, OMITTED, f"{text}: {detail}" if detail else text)


def shown_selector(given: Value) -> Value:
    """Return a selector with its fields in Go's order."""
    made: Value = {}
    if given.get("matchLabels"):
        made["matchLabels"] = dict(sorted(child(given, "matchLabels").items()))
    if given.get("matchExpressions"):
        made["matchExpressions"] = [
            {name: each[name] for name in ("key", "operator", "values") if name in each}
            for each in children(given, "matchExpressions")
        ]
    return made


def port_number(value: JSON, path: str) -> Errors:
    """Check that a number is a port."""
    return [] if 1 <= value <= 65535 else [invalid(path, value, _PORT_RANGE)]


def port_or_name(value: JSON, path: str) -> Errors:
    """Check a port that is given by number or by name."""
    if isinstance(value, str):
        return [invalid(path, value, text) for text in port_name_texts(value)]
    return port_number(value or 0, path)


def port_name_texts(name: str) -> list[str]:
    """Return what is wrong with the name of a port."""
    texts: list[str] = []
    if len(name) > 15:
        texts.append("must be no more than 15 characters")
    if not re.fullmatch(r"[-a-z0-9]+", name):
        texts.append(_PORT_CHARACTERS)
    if not re.search(r"[a-z]", name):
        texts.append("must contain at least one letter (a-z)")
    if "--" in name:
        texts.append("must not contain consecutive hyphens")
    if name and "-" in (name[0], name[-1]):
        texts.append("must not begin or end with a hyphen")
    return texts
