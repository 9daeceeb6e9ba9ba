"""How nodes, namespaces, events and plain data are shown.

Source: kubernetes ``pkg/printers/internalversion/printers.go``, and kube-aggregator
``pkg/registry/apiservice/etcd`` for API services.
"""

from typing import Any

from homeostat.api import JSON
from homeostat.apiserver._access import child, items
from homeostat.apiserver._print_columns import (
    AGE,
    NAME,
    Column,
    Printer,
    integers,
    texts,
    wide,
)
from homeostat.apiserver._print_text import NONE, Ages, name_of, some

__all__ = ["PRINTERS"]

Value = dict[str, Any]

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE = "kubernetes.io/role"
_UNKNOWN = "<unknown>"


def _node(value: Value, ages: Ages) -> list[JSON]:
    status = child(value, "status")
    info = child(status, "nodeInfo")
    addresses = items(status, "addresses")
    kernel = info.get("kernelVersion") or _UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    return [
        name_of(value),
        _node_status(value),
        some(",".join(_roles(child(value["metadata"], "labels")))),
        ages.of(value),
        info.get("kubeletVersion", ""),
        _address(addresses, "InternalIP"),
        _address(addresses, "ExternalIP"),
        info.get("osImage") or _UNKNOWN,
        kernel,
        info.get("containerRuntimeVersion") or _UNKNOWN,
    ]


def _node_status(value: Value) -> str:
    conditions = items(child(value, "status"), "conditions")
    ready = {each["type"]: each["status"] for each in conditions}.get("Ready")
    shown = "Unknown"
    if ready is not None:
        shown = "Ready" if ready == "True" else "NotReady"
    cordoned = child(value, "spec").get("unschedulable")
    return f"{shown},SchedulingDisabled" if cordoned else shown


def _roles(labels: dict[str, str]) -> list[str]:
    found = {
        key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)
    }
    return sorted((found | {labels.get(_ROLE, "")}) - {""})


def _address(addresses: list[Value], kind: str) -> str:
    return next((each["address"] for each in addresses if each["type"] == kind), NONE)


def _namespace(value: Value, ages: Ages) -> list[JSON]:
    return [name_of(value), child(value, "status").get("phase", ""), ages.of(value)]


def _event(value: Value, ages: Ages) -> list[JSON]:
    regarding = child(value, "involvedObject")
    kind: str = regarding.get("kind", "").lower()
    first = ages.since(value.get("firstTimestamp") or value.get("eventTime"))
    last = value.get("lastTimestamp")
    series = value.get("series")
    if series is not None:
        seen, count = ages.since(series.get("lastObservedTime")), series.get("count", 0)
    else:
        seen, count = ages.since(last) if last else first, value.get("count") or 1
    name = regarding.get("name")
    return [
        seen,
        value.get("type", ""),
        value.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        regarding.get("fieldPath", ""),
        _event_source(value),
        value.get("message", "").strip(),
        first,
        count,
        name_of(value),
    ]


def _event_source(value: Value) -> str:
    source = child(value, "source")
    component = source.get("component") or value.get("reportingComponent") or ""
    instance = source.get("host") or value.get("reportingInstance")
    return f"{component}, {instance}" if instance else component


def _secret(value: Value, ages: Ages) -> list[JSON]:
    data = child(value, "data")
    return [name_of(value), value.get("type", ""), len(data), ages.of(value)]


def _config_map(value: Value, ages: Ages) -> list[JSON]:
    count = len(child(value, "data")) + len(child(value, "binaryData"))
    return [name_of(value), count, ages.of(value)]


def _plain(value: Value, ages: Ages) -> list[JSON]:
    return [name_of(value), ages.of(value)]


def _quota(value: Value, ages: Ages) -> list[JSON]:
    status = child(value, "status")
    used = child(status, "used")
    requests: list[str] = []
    limits: list[str] = []
    for name, hard in sorted(child(status, "hard").items()):
        column = limits if name.startswith("limits.") else requests
        column.append(f"{name}: {used.get(name, 0)}/{hard}")
    return [name_of(value), ", ".join(requests), ", ".join(limits), ages.of(value)]


def _priority_class(value: Value, ages: Ages) -> list[JSON]:
    return [
        name_of(value),
        value.get("value", 0),
        bool(value.get("globalDefault")),
        ages.of(value),
        value.get("preemptionPolicy", ""),
    ]


def _runtime_class(value: Value, ages: Ages) -> list[JSON]:
    return [name_of(value), value.get("handler", ""), ages.of(value)]


def _lease(value: Value, ages: Ages) -> list[JSON]:
    holder = child(value, "spec").get("holderIdentity", "")
    return [name_of(value), holder, ages.of(value)]


def _api_service(value: Value, ages: Ages) -> list[JSON]:
    service = child(value, "spec").get("service")
    where = f"{service['namespace']}/{service['name']}" if service else "Local"
    conditions = items(child(value, "status"), "conditions")
    found = next((each for each in conditions if each["type"] == "Available"), None)
    shown = "Unknown"
    if found is not None:
        shown = found["status"]
        if shown != "True" and found.get("reason"):
            shown += f" ({found['reason']})"
    return [name_of(value), where, shown, ages.of(value)]


def _component_status(value: Value, _: Ages) -> list[JSON]:
    conditions = items(value, "conditions")
    found = next((each for each in conditions if each["type"] == "Healthy"), None)
    if found is None:
        return [name_of(value), "Unknown", "", ""]
    shown = "Healthy" if found["status"] == "True" else "Unhealthy"
    return [name_of(value), shown, found.get("message", ""), found.get("error", "")]


PRINTERS = {
    ("", "componentstatuses"): Printer(
        (NAME, *texts("Status", "Message", "Error")), _component_status
    ),
    ("", "nodes"): Printer(
        (
            NAME,
            *texts("Status", "Roles"),
            AGE,
            *texts("Version"),
            *wide("Internal-IP", "External-IP", "OS-Image", "Kernel-Version"),
            *wide("Container-Runtime"),
        ),
        _node,
    ),
    ("", "namespaces"): Printer((NAME, *texts("Status"), AGE), _namespace),
    ("", "events"): Printer(
        (
            *texts("Last Seen", "Type", "Reason", "Object"),
            *wide("Subobject", "Source"),
            *texts("Message"),
            *wide("First Seen", "Count"),
            Column("Name", format="name", priority=1),
        ),
        _event,
    ),
    ("", "secrets"): Printer((NAME, *texts("Type", "Data"), AGE), _secret),
    ("", "configmaps"): Printer((NAME, *texts("Data"), AGE), _config_map),
    ("", "serviceaccounts"): Printer((NAME, AGE), _plain),
    ("", "resourcequotas"): Printer((NAME, *texts("Request", "Limit"), AGE), _quota),
    ("scheduling.k8s.io", "priorityclasses"): Printer(
        (
            NAME,
            *integers("Value"),
            Column("Global-Default", "boolean"),
            AGE,
            *texts("PreemptionPolicy"),
        ),
        _priority_class,
    ),
    ("node.k8s.io", "runtimeclasses"): Printer(
        (NAME, *texts("Handler"), AGE), _runtime_class
    ),
    ("coordination.k8s.io", "leases"): Printer((NAME, *texts("Holder"), AGE), _lease),
    ("apiregistration.k8s.io", "apiservices"): Printer(
        (NAME, *texts("Service", "Available"), AGE), _api_service
    ),
    ("resource.k8s.io", "deviceclasses"): Printer((NAME, AGE), _plain),
    ("resource.k8s.io", "resourceclaimtemplates"): Printer((NAME, AGE), _plain),
}
