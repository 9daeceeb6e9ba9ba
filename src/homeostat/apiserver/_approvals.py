"""Requests for certificates: who writes which conditions.

``approval`` writes conditions, ``status`` those that are no approval, and the
certificate; the request itself never changes.

Source: kubernetes ``pkg/registry/certificates/certificates/strategy.go`` and
``pkg/apis/certificates/validation/validation.go``.
"""

import base64
from typing import Any, Final

from homeostat.apiserver._access import child, items
from homeostat.apiserver._users import User
from homeostat.schema import FieldError, duplicate, forbidden, invalid, required

__all__ = ["check_request", "keep_request", "sign_request"]

Value = dict[str, Any]

_APPROVALS: Final = ("Approved", "Denied")
_FINAL: Final = (*_APPROVALS, "Failed")
_PATH: Final = "status.conditions"
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"


def sign_request(new: Value, user: User) -> None:
    """Write into a new request who asks, in place."""
    spec = {**child(new, "spec")}
    for name in ("username", "uid", "groups", "extra"):
        spec.pop(name, None)
    said: Value = {"username": user.name, "uid": user.uid, "groups": [*user.groups]}
    said["extra"] = {key: list(values) for key, values in user.extra.items()}
    new["spec"] = spec | {name: value for name, value in said.items() if value}


def keep_request(new: Value, old: Value, subresource: str, now: str) -> None:
    """Take from a request what a write may not change, and set its times, in place."""
    new["spec"] = old["spec"]
    before, status = child(old, "status"), {**child(new, "status")}
    if subresource not in ("status", "approval"):
        status = before
    else:
        given = items(status, "conditions")
        if subresource == "approval":
            status = {**before}
        else:
            given = _with_approvals(given, items(before, "conditions"))
        status["conditions"] = [
            _timed(each, items(before, "conditions"), now) for each in given
        ]
        if not given:
            del status["conditions"]
    new["status"] = status


def _with_approvals(given: list[Value], before: list[Value]) -> list[Value]:
    """Return conditions with the approvals that there were; a change is told."""
    for kind in _APPROVALS:
        old = [each for each in before if each.get("type") == kind]
        places = [i for i, each in enumerate(given) if each.get("type") == kind]
        if len(old) == len(places):
            given = [*given]
            for place, each in zip(places, old, strict=True):
                given[place] = each
    return given


def _timed(condition: Value, before: list[Value], now: str) -> Value:
    since = next(
        (
            each["lastTransitionTime"]
            for each in before
            if (each.get("type"), each.get("status"))
            == (condition.get("type"), condition.get("status"))
            and each.get("lastTransitionTime")
        ),
        now,
    )
    times = {"lastUpdateTime": now, "lastTransitionTime": since}
    given = {name: time for name, time in condition.items() if time is not None}
    return {**given, **{name: given.get(name) or times[name] for name in times}}


def check_request(new: Value, old: Value, subresource: str) -> list[FieldError]:
    """Return what is wrong with a request that replaces another."""
    before, after = child(old, "status"), child(new, "status")
    conditions = items(after, "conditions")
    errors = _condition_errors(conditions)
    now, was = _count(conditions), _count(items(before, "conditions"))
    for kind in _FINAL:
        if now[kind] < was[kind]:
            text = f'updates may not remove a condition of type "{kind}"'
            errors.append(forbidden(_PATH, text))
    for kind in _APPROVALS:
        if subresource != "approval" and now[kind] > was[kind]:
            text = f'updates may not add a condition of type "{kind}"'
            errors.append(forbidden(_PATH, text))
    held, given = before.get("certificate"), after.get("certificate")
    if given and given != held and _BEGIN not in base64.b64decode(given):
        text = "must contain at least one CERTIFICATE PEM block"
        errors.append(invalid("status.certificate", "<certificate data>", text))
    if held and given != held:
        text = "updates may not modify existing certificate content"
        errors.append(forbidden("status.certificate", text))
    return errors


def _count(conditions: list[Value]) -> dict[str, int]:
    kinds = [each.get("type") for each in conditions]
    return {kind: kinds.count(kind) for kind in _FINAL}


def _condition_errors(conditions: list[Value]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        path = f"{_PATH}[{index}]"
        kind, status = condition.get("type", ""), condition.get("status", "")
        allowed = ("True",) if kind in _FINAL else ("False", "True", "Unknown")
        if not kind:
            errors.append(required(f"{path}.type"))
        if not status:
            errors.append(required(f"{path}.status"))
        elif status not in allowed:
            listed = ", ".join(f'"{each}"' for each in allowed)
            text = f"supported values: {listed}"
            where = f"{path}.status"
            errors.append(FieldError("FieldValueNotSupported", where, status, text))
        if kind in _APPROVALS and seen.intersection(_APPROVALS) - {kind}:
            text = "Approved and Denied conditions are mutually exclusive"
            errors.append(invalid(_PATH, kind, text))
        if kind in seen:
            errors.append(duplicate(f"{path}.type", kind))
        seen.add(kind)
    return errors
