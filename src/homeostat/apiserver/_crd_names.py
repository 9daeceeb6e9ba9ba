"""Which names a definition gets, and the conditions that say so.

Source: apiextensions-apiserver ``pkg/controller/status/naming_controller.go``.
"""

from collections.abc import Sequence
from typing import Any

from homeostat.apiserver._access import child, items

__all__ = ["accept_names"]

Value = dict[str, Any]

APPROVED = "api-approved.kubernetes.io"


def accept_names(value: Value, others: Sequence[Value], now: str) -> bool:
    """Set the accepted names and the conditions of a definition, in place.

    Args:
        value: The definition.
        others: All other definitions.
        now: The time of a condition that flips.

    Returns:
        Whether the definition is established.
    """
    spec, status = value["spec"], value["status"]
    names, accepted = spec["names"], dict(child(status, "acceptedNames"))
    resources, kinds = _taken(spec["group"], others)
    reason, message = "", ""
    for key, used in (("plural", resources), ("singular", resources)):
        text = _conflict(names.get(key, ""), accepted.get(key, ""), used)
        if text:
            reason, message = f"{key.capitalize()}Conflict", text
        else:
            accepted[key] = names.get(key, "")
    own = items(accepted, "shortNames")
    short = items(names, "shortNames")
    texts = [_conflict(name, "", resources) for name in short if name not in own]
    if any(texts):
        reason, message = "ShortNamesConflict", ", ".join(filter(None, texts))
    else:
        accepted["shortNames"] = short
    for key in ("kind", "listKind"):
        text = _conflict(names.get(key, ""), accepted.get(key, ""), kinds)
        if text:
            reason, message = f"{key[0].upper()}{key[1:]}Conflict", text
        else:
            accepted[key] = names.get(key, "")
    accepted["categories"] = items(names, "categories")
    status["acceptedNames"] = _ordered(accepted)
    return _set_conditions(value, reason, message, now)


def _taken(group: str, others: Sequence[Value]) -> tuple[set[str], set[str]]:
    resources: set[str] = set()
    kinds: set[str] = set()
    for other in others:
        if other["spec"]["group"] == group:
            names = child(child(other, "status"), "acceptedNames")
            resources |= {names.get("plural", ""), names.get("singular", "")}
            resources |= set(items(names, "shortNames"))
            kinds |= {names.get("kind", ""), names.get("listKind", "")}
    return resources - {""}, kinds - {""}


def _conflict(name: str, accepted: str, used: set[str]) -> str:
    return f'"{name}" is already in use' if name != accepted and name in used else ""


def _ordered(names: Value) -> Value:
    order = ("plural", "singular", "shortNames", "kind", "listKind", "categories")
    required = ("plural", "kind")
    return {key: names[key] for key in order if names.get(key) or key in required}


def _set_conditions(value: Value, reason: str, message: str, now: str) -> bool:
    conditions = items(value["status"], "conditions")
    value["status"]["conditions"] = conditions
    if value["spec"]["group"].endswith((".k8s.io", ".kubernetes.io")):
        link = child(value["metadata"], "annotations").get(APPROVED, "")
        bypassed = link.startswith("unapproved")
        _set(
            conditions,
            "KubernetesAPIApprovalPolicyConformant",
            ("False", "UnapprovedAnnotation", f"not approved: {link!r}")
            if bypassed
            else ("True", "ApprovedAnnotation", f"approved in {link}"),
            now,
        )
    if reason:
        _set(conditions, "NamesAccepted", ("False", reason, message), now)
    else:
        accepted = ("True", "NoConflicts", "no conflicts found")
        _set(conditions, "NamesAccepted", accepted, now)
    established = any(
        c["type"] == "Established" and c["status"] == "True" for c in conditions
    )
    if established:
        return True
    if reason:
        no = ("False", "NotAccepted", "not all names are accepted")
        _set(conditions, "Established", no, now)
        return False
    yes = ("True", "InitialNamesAccepted", "the initial names have been accepted")
    _set(conditions, "Established", yes, now)
    return True


def _set(
    conditions: list[Value], kind: str, what: tuple[str, str, str], now: str
) -> None:
    status, reason, message = what
    for condition in conditions:
        if condition["type"] == kind:
            if condition["status"] != status:
                condition["lastTransitionTime"] = now
            condition.update(status=status, reason=reason, message=message)
            return
    conditions.append(
        {
            "type": kind,
            "status": status,
            "lastTransitionTime": now,
            "reason": reason,
            "message": message,
        }
    )
