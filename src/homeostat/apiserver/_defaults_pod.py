"""Defaults of pods and of what they are made of.

Source: kubernetes ``pkg/apis/core/v1/defaults.go``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from homeostat.apiserver._defaults_access import child, children

__all__ = ["POD_RULES", "Rule", "image_tag"]

Value = dict[str, Any]
Rule: TypeAlias = Callable[[Value], None]
"""Sets the defaults of one struct, in place."""

FILE_MODE = 0o644
# distribution/reference: a path is lower case, a registry's name need not be.
_IMAGE: Final = re.compile(
    r"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?/)?"
    r"[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?P<digest>@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?",
    re.ASCII,
)


def image_tag(image: str) -> str:
    """Return the tag of an image, ``latest`` when it has neither tag nor digest.

    A name that cannot be parsed has no tag.
    """
    match = _IMAGE.fullmatch(image)
    if match is None:
        return ""
    return match["tag"] or ("" if match["digest"] else "latest")


def _pull_policy(image: str) -> str:
    return "Always" if image_tag(image) == "latest" else "IfNotPresent"


def _pod(value: Value) -> None:
    spec: Value = child(value, "spec")
    groups = [children(spec, "containers"), children(spec, "initContainers")]
    for container in (c for group in groups for c in group):
        resources: Value = child(container, "resources")
        limits: Value = child(resources, "limits")
        if limits:
            resources["requests"] = {**limits, **child(resources, "requests")}
        if spec.get("hostNetwork"):
            for port in children(container, "ports"):
                if not port.get("hostPort"):
                    port["hostPort"] = port.get("containerPort", 0)
    _pod_requests(spec, groups[0])
    spec.setdefault("enableServiceLinks", True)


def _pod_requests(spec: Value, containers: list[Value]) -> None:
    """Default pod-level requests to pod-level limits, where no container has requests.

    Where containers have some the real server sums them up; pod-level resources are
    rare, and nothing here schedules by them.
    """
    resources: Value = child(spec, "resources")
    if not resources.get("limits"):
        return
    asked = {
        name
        for container in containers
        for name in child(child(container, "resources"), "requests")
    }
    requests: Value = child(resources, "requests")
    missing = {k: v for k, v in resources["limits"].items() if k not in asked}
    if missing or requests:
        resources["requests"] = {**missing, **requests}


def _pod_spec(value: Value) -> None:
    value.setdefault("dnsPolicy", "ClusterFirst")
    value.setdefault("restartPolicy", "Always")
    value.setdefault("securityContext", {})
    value.setdefault("terminationGracePeriodSeconds", 30)
    value.setdefault("schedulerName", "default-scheduler")
    # The old name of the field, which the server keeps in step with the new one.
    account = value.get("serviceAccountName") or value.get("serviceAccount")
    if account:
        value["serviceAccountName"] = value["serviceAccount"] = account


def _pod_status(value: Value) -> None:
    # The first of the addresses has a field of its own, which counts where they differ.
    one: str = value.get("podIP") or ""
    addresses = children(value, "podIPs") or ([{"ip": one}] if one else [])
    if addresses:
        value["podIP"] = one or addresses[0].get("ip", "")
        value["podIPs"] = (
            addresses if value["podIP"] == addresses[0].get("ip") else [{"ip": one}]
        )


def _container(value: Value) -> None:
    value.setdefault("imagePullPolicy", _pull_policy(value.get("image", "")))
    value.setdefault("terminationMessagePath", "/dev/termination-log")
    value.setdefault("terminationMessagePolicy", "File")


def _probe(value: Value) -> None:
    value.setdefault("timeoutSeconds", 1)
    value.setdefault("periodSeconds", 10)
    value.setdefault("successThreshold", 1)
    value.setdefault("failureThreshold", 3)


def _http_get(value: Value) -> None:
    value.setdefault("path", "/")
    value.setdefault("scheme", "HTTP")


def _volume(value: Value) -> None:
    if not any(isinstance(source, dict) for source in value.values()):
        value["emptyDir"] = {}
    image: Value | None = value.get("image")
    if image is not None:
        image.setdefault("pullPolicy", _pull_policy(image.get("reference", "")))


def _default_mode(value: Value) -> None:
    value.setdefault("defaultMode", FILE_MODE)


def _host_path(value: Value) -> None:
    value.setdefault("type", "")


def _token(value: Value) -> None:
    value.setdefault("expirationSeconds", 3600)


def _field_selector(value: Value) -> None:
    value.setdefault("apiVersion", "v1")


POD_RULES: Final[Mapping[str, Rule]] = {
    "core_v1.ConfigMapVolumeSource": _default_mode,
    "core_v1.Container": _container,
    "core_v1.DownwardAPIVolumeSource": _default_mode,
    "core_v1.EphemeralContainer": _container,
    "core_v1.HTTPGetAction": _http_get,
    "core_v1.HostPathVolumeSource": _host_path,
    "core_v1.ObjectFieldSelector": _field_selector,
    "core_v1.Pod": _pod,
    "core_v1.PodSpec": _pod_spec,
    "core_v1.PodStatus": _pod_status,
    "core_v1.Probe": _probe,
    "core_v1.ProjectedVolumeSource": _default_mode,
    "core_v1.SecretVolumeSource": _default_mode,
    "core_v1.ServiceAccountTokenProjection": _token,
    "core_v1.Volume": _volume,
}
