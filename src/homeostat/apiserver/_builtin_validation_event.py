"""Validation of Events: what both APIs ask, and what only the newer one does.

Source: kubernetes ``pkg/apis/core/validation/events.go``.
"""

from collections.abc import Mapping
from typing import Final

from homeostat.api import JSON
from homeostat.apiserver._access import as_struct
from homeostat.apiserver._builtin_validation_common import (
    IMMUTABLE,
    Errors,
    Value,
    of_struct,
)
from homeostat.apiserver._defaults_access import child
from homeostat.apiserver._meta import qualified_name_errors
from homeostat.schema import invalid, required

__all__ = ["event"]

NAME_MAX: Final = 128  # of what names the reporter, the action and the reason
MESSAGE_MAX: Final = 1024

_DEFAULT_PLACES: Final = ("default", "kube-system")
# As the internal type has them: errors show that type.
_REFERENCE: Final = {
    "Kind": "kind",
    "Namespace": "namespace",
    "Name": "name",
    "UID": "uid",
    "APIVersion": "apiVersion",
    "ResourceVersion": "resourceVersion",
    "FieldPath": "fieldPath",
}
_SOURCE: Final = {"Component": "component", "Host": "host"}


def event(new: Value, old: Value | None, *, newer: bool) -> Errors:
    """Validate an Event in its stored form.

    Args:
        new: The Event.
        old: What it replaces, None when it is created.
        newer: The request is one of ``events.k8s.io``, which lets little change.
    """
    errors = _common(new, newer=newer)
    if not newer:
        return errors
    if old is None:
        return errors + _series(new) + _fresh(new)
    if new.get("series") != old.get("series"):
        errors += _series(new)
    return errors + _unchanged(new, old)


def _common(new: Value, *, newer: bool) -> Errors:
    where = child(new, "metadata").get("namespace", "")
    involved = child(new, "involvedObject").get("namespace", "")
    timed = bool(new.get("eventTime"))
    right = involved == where or (not involved and where in _DEFAULT_PLACES)
    if timed and involved:
        right = True
    errors: Errors = []
    if not right:
        text = "does not match event.namespace"
        errors.append(invalid("involvedObject.namespace", involved, text))
    return errors + _details(new, newer=newer) if timed else errors


def _details(new: Value, *, newer: bool) -> Errors:
    errors: Errors = []
    path = "reportingController" if newer else "reportingComponent"
    name = new.get("reportingComponent", "")
    if not name:
        errors.append(required(path))
    errors += [invalid(path, name, text) for text in qualified_name_errors(name)]
    for key in ("reportingInstance", "action", "reason"):
        text = new.get(key, "")
        if not text:
            errors.append(required(key))
        errors += _at_most(key, text, NAME_MAX)
    return errors + _at_most("message", new.get("message", ""), MESSAGE_MAX)


def _at_most(path: str, text: str, limit: int) -> Errors:
    if len(text.encode()) <= limit:
        return []
    return [invalid(path, "", f"can have at most {limit} characters")]


def _series(new: Value) -> Errors:
    series = new.get("series")
    if series is None:
        return []
    errors: Errors = []
    if (series.get("count") or 0) < 2:
        errors.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errors.append(required("series.lastObservedTime"))
    return errors


def _fresh(new: Value) -> Errors:
    errors: Errors = []
    if not new.get("eventTime"):
        errors.append(required("eventTime"))
    kind = new.get("type", "")
    if kind not in ("Normal", "Warning"):
        errors.append(invalid("type", "", f"has invalid value: {kind}"))
    for key in ("firstTimestamp", "lastTimestamp", "count", "source"):
        if new.get(key):
            errors.append(invalid(key, "", "needs to be unset"))
    return errors


def _unchanged(new: Value, old: Value) -> Errors:
    errors: Errors = []
    for path, key in _FIXED:
        shown = _shown(new, key)
        if shown == _shown(old, key):
            continue
        struct = as_struct(shown)
        if struct is not None:
            errors.append(of_struct("FieldValueInvalid", path, struct, IMMUTABLE))
        else:
            errors.append(invalid(path, shown, IMMUTABLE))
    return errors


_FIXED: Final = (
    ("involvedObject", "involvedObject"),
    ("reason", "reason"),
    ("message", "message"),
    ("source", "source"),
    ("firstTimestamp", "firstTimestamp"),
    ("lastTimestamp", "lastTimestamp"),
    ("count", "count"),
    # The real server looks at it twice, too, and names both causes.
    ("reason", "reason"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reportingComponent"),
    ("reportingInstance", "reportingInstance"),
)


def _shown(value: Value, key: str) -> JSON:
    """Return a field as the internal type has it: nothing is left out."""
    found: JSON = value.get(key)
    match key:
        case "involvedObject":
            return _struct(child(value, key), _REFERENCE)
        case "related":
            return None if found is None else _struct(child(value, key), _REFERENCE)
        case "source":
            return _struct(child(value, key), _SOURCE)
        case "count":
            return found or 0
        case "firstTimestamp" | "lastTimestamp" | "eventTime":
            return found
        case _:
            return found or ""


def _struct(value: Value, fields: Mapping[str, str]) -> Value:
    return {name: value.get(own, "") for name, own in fields.items()}
