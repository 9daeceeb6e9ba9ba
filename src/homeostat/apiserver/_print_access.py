"""How roles, certificates, policies and claims of devices are shown.

Source: kubernetes ``pkg/printers/internalversion/printers.go``.
"""

from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import (
    AGE,
    NAME,
    Cells,
    Printer,
    integers,
    texts,
    wide,
)
from homeostat.apiserver._print_text import (
    NONE,
    UNSET,
    Ages,
    duration,
    name_of,
    some,
)

__all__ = ["PRINTERS"]

Value = dict[str, Any]


def _role_binding(value: Value, ages: Ages) -> list[JSON]:
    role = child(value, "roleRef")
    subjects = items(value, "subjects")

    def named(kind: str) -> str:
        return ", ".join(each["name"] for each in subjects if each["kind"] == kind)

    accounts = ", ".join(
        f"{each.get('namespace', '')}/{each['name']}"
        for each in subjects
        if each["kind"] == "ServiceAccount"
    )
    return [
        name_of(value),
        f"{role.get('kind', '')}/{role.get('name', '')}",
        ages.of(value),
        named("User"),
        named("Group"),
        accounts,
    ]


def _signing_request(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    seconds = spec.get("expirationSeconds")
    return [
        name_of(value),
        ages.of(value),
        some(spec.get("signerName")),
        spec.get("username", ""),
        NONE if seconds is None else duration(seconds),
        _signing_status(child(value, "status")),
    ]


def _signing_status(status: Value) -> str:
    types = {each["type"] for each in items(status, "conditions")}
    shown = next((each for each in ("Denied", "Approved") if each in types), "Pending")
    if "Failed" in types:
        shown += ",Failed"
    return f"{shown},Issued" if status.get("certificate") else shown


def _webhooks(value: Value, ages: Ages) -> list[JSON]:
    return [name_of(value), len(items(value, "webhooks")), ages.of(value)]


def _policy(rules: str) -> Cells:
    def cells(value: Value, ages: Ages) -> list[JSON]:
        spec = child(value, "spec")
        kind = spec.get("paramKind")
        shown = UNSET
        if kind is not None:
            shown = f"{kind.get('apiVersion', '')}/{kind.get('kind', '')}"
        return [name_of(value), len(items(spec, rules)), shown, ages.of(value)]

    return cells


def _policy_binding(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    return [
        name_of(value),
        spec.get("policyName", ""),
        _parameters(spec.get("paramRef")),
        ages.of(value),
    ]


def _parameters(reference: Value | None) -> str:
    if reference is None:
        return UNSET
    if reference.get("name"):
        return f"{reference.get('namespace') or '*'}/{reference['name']}"
    chosen = reference.get("selector")
    return UNSET if chosen is None else _go_selector(chosen)


def _go_selector(chosen: Value) -> str:
    """Return a selector as Go prints the struct: nobody has written it a printer."""
    labels = "".join(
        f"{key}: {value},"
        for key, value in sorted(child(chosen, "matchLabels").items())
    )
    expressions = "".join(
        "LabelSelectorRequirement{"
        f"Key:{each['key']},Operator:{each['operator']},"
        f"Values:[{' '.join(items(each, 'values'))}],}},"
        for each in items(chosen, "matchExpressions")
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def _flow_schema(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    conditions = items(child(value, "status"), "conditions")
    dangling = next((c["status"] for c in conditions if c["type"] == "Dangling"), "?")
    method = spec.get("distinguisherMethod")
    return [
        name_of(value),
        child(spec, "priorityLevelConfiguration").get("name", ""),
        spec.get("matchingPrecedence", 0),
        NONE if method is None else method.get("type", ""),
        ages.of(value),
        dangling,
    ]


def _priority_level(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    limited = spec.get("limited")
    shares: JSON = NONE
    queuing = None
    if limited is not None:
        shares = limited.get("nominalConcurrencyShares", 0)
        queuing = child(limited, "limitResponse").get("queuing")
    queues: list[JSON] = [NONE, NONE, NONE]
    if queuing is not None:
        queues = [queuing.get(n, 0) for n in ("queues", "handSize", "queueLengthLimit")]
    return [name_of(value), spec.get("type", ""), shares, *queues, ages.of(value)]


def _resource_claim(value: Value, ages: Ages) -> list[JSON]:
    status = child(value, "status")
    states = ["deleted"] if value["metadata"].get("deletionTimestamp") else []
    if status.get("allocation") is not None:
        states.append("allocated")
        if items(status, "reservedFor"):
            states.append("reserved")
    return [name_of(value), ",".join(states or ["pending"]), ages.of(value)]


def _resource_slice(value: Value, ages: Ages) -> list[JSON]:
    spec = child(value, "spec")
    return [
        name_of(value),
        spec.get("nodeName", ""),
        spec.get("driver", ""),
        child(spec, "pool").get("name", ""),
        ages.of(value),
    ]


_BINDING = Printer(
    (NAME, *texts("Role"), AGE, *wide("Users", "Groups", "ServiceAccounts")),
    _role_binding,
)
_WEBHOOKS = Printer((NAME, *integers("Webhooks"), AGE), _webhooks)
_POLICY_BINDING = Printer(
    (NAME, *texts("PolicyName", "ParamRef"), AGE), _policy_binding
)

PRINTERS = {
    ("rbac.authorization.k8s.io", "rolebindings"): _BINDING,
    ("rbac.authorization.k8s.io", "clusterrolebindings"): _BINDING,
    ("certificates.k8s.io", "certificatesigningrequests"): Printer(
        (
            NAME,
            AGE,
            *texts("SignerName", "Requestor", "RequestedDuration", "Condition"),
        ),
        _signing_request,
    ),
    ("admissionregistration.k8s.io", "mutatingwebhookconfigurations"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "validatingwebhookconfigurations"): _WEBHOOKS,
    ("admissionregistration.k8s.io", "validatingadmissionpolicies"): Printer(
        (NAME, *integers("Validations"), *texts("ParamKind"), AGE),
        _policy("validations"),
    ),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicies"): Printer(
        (NAME, *integers("Mutations"), *texts("ParamKind"), AGE), _policy("mutations")
    ),
    ("admissionregistration.k8s.io", "validatingadmissionpolicybindings"): (
        _POLICY_BINDING
    ),
    ("admissionregistration.k8s.io", "mutatingadmissionpolicybindings"): (
        _POLICY_BINDING
    ),
    ("flowcontrol.apiserver.k8s.io", "flowschemas"): Printer(
        (
            NAME,
            *texts("PriorityLevel", "MatchingPrecedence", "DistinguisherMethod"),
            AGE,
            *texts("MissingPL"),
        ),
        _flow_schema,
    ),
    ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations"): Printer(
        (
            NAME,
            *texts("Type", "NominalConcurrencyShares", "Queues", "HandSize"),
            *texts("QueueLengthLimit"),
            AGE,
        ),
        _priority_level,
    ),
    ("resource.k8s.io", "resourceclaims"): Printer(
        (NAME, *texts("State"), AGE), _resource_claim
    ),
    ("resource.k8s.io", "resourceslices"): Printer(
        (NAME, *texts("Node", "Driver", "Pool"), AGE), _resource_slice
    ),
}
