"""Defaults of the built-in kinds other than pods.

Source: kubernetes ``pkg/apis/{apps,batch,core,networking,...}/v1/defaults.go``.
"""

import base64
from collections.abc import Mapping
from typing import Any, Final

from homeostat.apiserver._defaults_access import child, children
from homeostat.apiserver._defaults_pod import Rule
from homeostat.apiserver._defaults_policy import POLICY_RULES

__all__ = ["KIND_RULES", "TEMPLATE_GENERATION"]

Value = dict[str, Any]

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
_MAX_INT32 = 2**31 - 1


def _deployment_spec(value: Value) -> None:
    value.setdefault("replicas", 1)
    value.setdefault("revisionHistoryLimit", 10)
    value.setdefault("progressDeadlineSeconds", 600)
    strategy: Value = value.setdefault("strategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling: Value = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", "25%")
        rolling.setdefault("maxSurge", "25%")


def _replica_set_spec(value: Value) -> None:
    value.setdefault("replicas", 1)


def _daemon_set(value: Value) -> None:
    # A field of the server's own type, which travels as an annotation.
    annotations: Value = value["metadata"].setdefault("annotations", {})
    annotations.setdefault(TEMPLATE_GENERATION, "0")


def _daemon_set_spec(value: Value) -> None:
    value.setdefault("revisionHistoryLimit", 10)
    strategy: Value = value.setdefault("updateStrategy", {})
    strategy.setdefault("type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling: Value = strategy.setdefault("rollingUpdate", {})
        rolling.setdefault("maxUnavailable", 1)
        rolling.setdefault("maxSurge", 0)


def _stateful_set_spec(value: Value) -> None:
    value.setdefault("podManagementPolicy", "OrderedReady")
    value.setdefault("replicas", 1)
    value.setdefault("revisionHistoryLimit", 10)
    strategy: Value = value.setdefault("updateStrategy", {})
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        strategy.setdefault("rollingUpdate", {})
    rolling: Value | None = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and rolling is not None:
        rolling.setdefault("partition", 0)
    retention: Value = value.setdefault("persistentVolumeClaimRetentionPolicy", {})
    retention.setdefault("whenDeleted", "Retain")
    retention.setdefault("whenScaled", "Retain")
    for claim in children(value, "volumeClaimTemplates"):
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")


def _replication_controller(value: Value) -> None:
    _labels_of_template(value)
    spec: Value = child(value, "spec")
    labels = _template_labels(value)
    if labels and not spec.get("selector"):
        spec["selector"] = dict(labels)


def _job(value: Value) -> None:
    _labels_of_template(value)
    spec: Value = value.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    spec.setdefault("parallelism", 1)
    per_index = "backoffLimitPerIndex" in spec
    spec.setdefault("backoffLimit", _MAX_INT32 if per_index else 6)
    spec.setdefault("completionMode", "NonIndexed")
    spec.setdefault("suspend", False)
    replaced = "Failed" if "podFailurePolicy" in spec else "TerminatingOrFailed"
    spec.setdefault("podReplacementPolicy", replaced)
    spec.setdefault("manualSelector", False)


def _template_labels(value: Value) -> Value:
    template: Value = child(child(value, "spec"), "template")
    labels: Value = child(child(template, "metadata"), "labels")
    return labels


def _labels_of_template(value: Value) -> None:
    metadata: Value = value["metadata"]
    labels = _template_labels(value)
    if labels and not metadata.get("labels"):
        metadata["labels"] = dict(labels)


def _cron_job_spec(value: Value) -> None:
    value.setdefault("concurrencyPolicy", "Allow")
    value.setdefault("suspend", False)
    value.setdefault("successfulJobsHistoryLimit", 3)
    value.setdefault("failedJobsHistoryLimit", 1)


def _pod_condition_pattern(value: Value) -> None:
    if not value.get("status"):
        value["status"] = "True"


def _service(value: Value) -> None:
    spec: Value = value.setdefault("spec", {})
    affinity = spec.setdefault("sessionAffinity", "None")
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        config: Value = spec.setdefault("sessionAffinityConfig", {})
        config.setdefault("clientIP", {}).setdefault("timeoutSeconds", 10800)
    kind = spec.setdefault("type", "ClusterIP")
    for port in children(spec, "ports"):
        if port.get("targetPort") in (None, 0, ""):
            port["targetPort"] = port.get("port", 0)
    balanced = kind == "LoadBalancer"
    if (
        balanced
        or kind == "NodePort"
        or (kind == "ClusterIP" and "externalIPs" in spec)
    ):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    if balanced:
        spec.setdefault("allocateLoadBalancerNodePorts", True)
        status: Value = child(child(value, "status"), "loadBalancer")
        for ingress in children(status, "ingress"):
            if ingress.get("ip"):
                ingress.setdefault("ipMode", "VIP")


def _secret(value: Value) -> None:
    value.setdefault("type", "Opaque")
    # Write-only: what is read back is in ``data``.
    texts: dict[str, str] = value.pop("stringData", None) or {}
    if texts:
        data: Value = value.setdefault("data", {})
        for name, text in texts.items():
            data[name] = base64.b64encode(text.encode()).decode()


def _namespace(value: Value) -> None:
    metadata: Value = value["metadata"]
    if metadata.get("name"):
        metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata[
            "name"
        ]


def _namespace_status(value: Value) -> None:
    value.setdefault("phase", "Active")


def _volume(value: Value) -> None:
    spec: Value = value.setdefault("spec", {})
    spec.setdefault("persistentVolumeReclaimPolicy", "Retain")
    spec.setdefault("volumeMode", "Filesystem")
    value.setdefault("status", {}).setdefault("phase", "Pending")


def _claim(value: Value) -> None:
    value.setdefault("status", {}).setdefault("phase", "Pending")


def _claim_spec(value: Value) -> None:
    value.setdefault("volumeMode", "Filesystem")


def _node_status(value: Value) -> None:
    if "capacity" in value and "allocatable" not in value:
        value["allocatable"] = dict(value["capacity"])


def _node_spec(value: Value) -> None:
    one: str = value.get("podCIDR") or ""
    ranges: list[str] = value.get("podCIDRs") or ([one] if one else [])
    if ranges:
        # Where they differ the old field counts, for clients that know no other.
        value["podCIDR"] = one or ranges[0]
        value["podCIDRs"] = ranges if value["podCIDR"] == ranges[0] else [one]


def _endpoint_port(value: Value) -> None:
    value.setdefault("protocol", "TCP")


def _slice_port(value: Value) -> None:
    value.setdefault("name", "")
    value.setdefault("protocol", "TCP")


def _limit_range_item(value: Value) -> None:
    if value.get("type") != "Container":
        return
    limits = {**child(value, "max"), **child(value, "default")}
    asked = {
        **child(value, "min"),
        **limits,
        **child(value, "defaultRequest"),
    }
    if limits:
        value["default"] = limits
    if asked:
        value["defaultRequest"] = asked


KIND_RULES: Final[Mapping[str, Rule]] = {
    **POLICY_RULES,
    "apps_v1.DaemonSet": _daemon_set,
    "apps_v1.DaemonSetSpec": _daemon_set_spec,
    "apps_v1.DeploymentSpec": _deployment_spec,
    "apps_v1.ReplicaSetSpec": _replica_set_spec,
    "apps_v1.StatefulSetSpec": _stateful_set_spec,
    "batch_v1.CronJobSpec": _cron_job_spec,
    "batch_v1.Job": _job,
    "batch_v1.PodFailurePolicyOnPodConditionsPattern": _pod_condition_pattern,
    "core_v1.EndpointPort": _endpoint_port,
    "core_v1.LimitRangeItem": _limit_range_item,
    "core_v1.Namespace": _namespace,
    "core_v1.NamespaceStatus": _namespace_status,
    "core_v1.NodeSpec": _node_spec,
    "core_v1.NodeStatus": _node_status,
    "core_v1.PersistentVolume": _volume,
    "core_v1.PersistentVolumeClaim": _claim,
    "core_v1.PersistentVolumeClaimSpec": _claim_spec,
    "core_v1.ReplicationController": _replication_controller,
    "core_v1.Secret": _secret,
    "core_v1.Service": _service,
    "discovery_v1.EndpointPort": _slice_port,
}
