"""Defaults of the kinds that steer others: policies, classes, webhooks, definitions.

Source: kubernetes ``pkg/apis/{admissionregistration,autoscaling,networking,rbac,...}``
and apiextensions ``pkg/apis/apiextensions/v1/defaults.go``.
"""

from collections.abc import Mapping
from typing import Any, Final

from homeostat.apiserver._defaults_access import children
from homeostat.apiserver._defaults_pod import Rule

__all__ = ["POLICY_RULES"]

Value = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"


def _binding(value: Value) -> None:
    role: Value = value.setdefault("roleRef", {})
    if not role.get("apiGroup"):
        role["apiGroup"] = _RBAC


def _subject(value: Value) -> None:
    if value.get("kind") in ("User", "Group"):
        value.setdefault("apiGroup", _RBAC)


def _network_policy_spec(value: Value) -> None:
    if not value.get("policyTypes"):
        egress = ["Egress"] if value.get("egress") else []
        value["policyTypes"] = ["Ingress", *egress]


def _network_policy_port(value: Value) -> None:
    value.setdefault("protocol", "TCP")


def _class_parameters(value: Value) -> None:
    value.setdefault("scope", "Cluster")


def _storage_class(value: Value) -> None:
    value.setdefault("reclaimPolicy", "Delete")
    value.setdefault("volumeBindingMode", "Immediate")


def _csi_driver_spec(value: Value) -> None:
    value.setdefault("attachRequired", True)
    value.setdefault("podInfoOnMount", False)
    value.setdefault("storageCapacity", False)
    value.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
    value.setdefault("requiresRepublish", False)
    value.setdefault("seLinuxMount", False)
    if not value.get("volumeLifecycleModes"):
        value["volumeLifecycleModes"] = ["Persistent"]


def _priority_class(value: Value) -> None:
    value.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _matched(value: Value) -> None:
    value.setdefault("matchPolicy", "Equivalent")
    value.setdefault("namespaceSelector", {})
    value.setdefault("objectSelector", {})


def _webhook(value: Value) -> None:
    _matched(value)
    value.setdefault("failurePolicy", "Fail")
    value.setdefault("timeoutSeconds", 10)


def _mutating_webhook(value: Value) -> None:
    _webhook(value)
    value.setdefault("reinvocationPolicy", "Never")


def _admission_policy_spec(value: Value) -> None:
    value.setdefault("failurePolicy", "Fail")


def _rule(value: Value) -> None:
    value.setdefault("scope", "*")


def _service_reference(value: Value) -> None:
    value.setdefault("port", 443)


def _autoscaler(value: Value) -> None:
    value.setdefault("minReplicas", 1)


def _autoscaler_v2(value: Value) -> None:
    _autoscaler(value)
    if not value.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        cpu = {"name": "cpu", "target": target}
        value["metrics"] = [{"type": "Resource", "resource": cpu}]
    behavior: Value | None = value.get("behavior")
    if behavior is not None:
        up: Value = behavior.setdefault("scaleUp", {})
        up.setdefault("stabilizationWindowSeconds", 0)
        up.setdefault("selectPolicy", "Max")
        up.setdefault("policies", [_scaling("Pods", 4), _scaling("Percent", 100)])
        down: Value = behavior.setdefault("scaleDown", {})
        down.setdefault("selectPolicy", "Max")
        down.setdefault("policies", [_scaling("Percent", 100)])


def _scaling(kind: str, value: int) -> Value:
    return {"type": kind, "value": value, "periodSeconds": 15}


def _definition(value: Value) -> None:
    spec: Value = value.setdefault("spec", {})
    names: Value = spec.setdefault("names", {})
    kind = names.get("kind", "")
    if not names.get("singular"):
        names["singular"] = kind.lower()
    if kind and not names.get("listKind"):
        names["listKind"] = f"{kind}List"
    spec.setdefault("conversion", {"strategy": "None"})
    status: Value = value.setdefault("status", {})
    if not status.get("storedVersions"):
        versions: list[Value] = children(spec, "versions")
        stored = [v.get("name", "") for v in versions if v.get("storage")]
        if stored:
            status["storedVersions"] = stored[:1]


def _flow_schema_spec(value: Value) -> None:
    if not value.get("matchingPrecedence"):
        value["matchingPrecedence"] = 1000


def _exempt(value: Value) -> None:
    value.setdefault("nominalConcurrencyShares", 0)
    value.setdefault("lendablePercent", 0)


def _limited(value: Value) -> None:
    value.setdefault("nominalConcurrencyShares", 30)
    value.setdefault("lendablePercent", 0)


def _queuing(value: Value) -> None:
    for name, default in (("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)):
        if not value.get(name):
            value[name] = default


POLICY_RULES: Final[Mapping[str, Rule]] = {
    "admissionregistration_v1.MatchResources": _matched,
    "admissionregistration_v1.MutatingAdmissionPolicySpec": _admission_policy_spec,
    "admissionregistration_v1.MutatingWebhook": _mutating_webhook,
    "admissionregistration_v1.NamedRuleWithOperations": _rule,
    "admissionregistration_v1.RuleWithOperations": _rule,
    "admissionregistration_v1.ServiceReference": _service_reference,
    "admissionregistration_v1.ValidatingAdmissionPolicySpec": _admission_policy_spec,
    "admissionregistration_v1.ValidatingWebhook": _webhook,
    "apiextensions_v1.CustomResourceDefinition": _definition,
    "apiextensions_v1.ServiceReference": _service_reference,
    "apiregistration_v1.ServiceReference": _service_reference,
    "autoscaling_v1.HorizontalPodAutoscalerSpec": _autoscaler,
    "autoscaling_v2.HorizontalPodAutoscalerSpec": _autoscaler_v2,
    "flowcontrol_v1.ExemptPriorityLevelConfiguration": _exempt,
    "flowcontrol_v1.FlowSchemaSpec": _flow_schema_spec,
    "flowcontrol_v1.LimitedPriorityLevelConfiguration": _limited,
    "flowcontrol_v1.QueuingConfiguration": _queuing,
    "networking_v1.IngressClassParametersReference": _class_parameters,
    "networking_v1.NetworkPolicyPort": _network_policy_port,
    "networking_v1.NetworkPolicySpec": _network_policy_spec,
    "rbac_v1.ClusterRoleBinding": _binding,
    "rbac_v1.RoleBinding": _binding,
    "rbac_v1.Subject": _subject,
    "scheduling_v1.PriorityClass": _priority_class,
    "storage_v1.CSIDriverSpec": _csi_driver_spec,
    "storage_v1.StorageClass": _storage_class,
}
