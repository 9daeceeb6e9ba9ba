"""Warnings of pods, and of templates of pods.

Source: kubernetes ``pkg/api/pod/warnings.go``.
"""

from typing import Final

from homeostat.apiserver._builtin_warnings_address import address_warnings
from homeostat.apiserver._builtin_warnings_common import (
    OLD_LABELS,
    Texts,
    Value,
    fraction_warnings,
    term_warnings,
)
from homeostat.apiserver._builtin_warnings_container import (
    container_warnings,
    port_warnings,
)
from homeostat.apiserver._builtin_warnings_volume import volume_warnings
from homeostat.apiserver._defaults_access import child, children

__all__ = ["pod_warnings"]

_SYSCTLS: Final = 'non-functional in v1.11+; use the "sysctls" field instead'
_OLD_NOTES: Final = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": _SYSCTLS,
    "security.alpha.kubernetes.io/unsafe-sysctls": _SYSCTLS,
}
_SECCOMP: Final = "seccomp.security.alpha.kubernetes.io/pod"
_REQUIRED: Final = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED: Final = "preferredDuringSchedulingIgnoredDuringExecution"
_TERMS: Final = "nodeSelectorTerms"
_NO_POD: Final = "a null labelSelector results in matching no pod"


def pod_warnings(template: Value, path: str = "") -> Texts:
    """Return what is told of a pod, or of a template of pods that stands at a path."""
    metadata, spec = child(template, "metadata"), child(template, "spec")
    here = f"{path}.spec" if path else "spec"
    notes = f"{path}.metadata.annotations" if path else "metadata.annotations"
    return [
        *_nodes(spec, here),
        *_spread(spec, here),
        *_annotations(metadata, notes),
        *volume_warnings(children(spec, "volumes"), f"{here}.volumes"),
        *_repeated(spec, here),
        *fraction_warnings(
            child(spec, "overhead"), f"{here}.overhead", ("memory", "ephemeral-storage")
        ),
        *_seccomp(spec, metadata, notes),
        *container_warnings(spec, metadata, here, notes),
        *port_warnings(spec, here),
        *_grace(spec, here),
        *_affinity(child(spec, "affinity"), f"{here}.affinity"),
        *_addresses(spec, here),
    ]


def _nodes(spec: Value, path: str) -> Texts:
    texts = [
        f"{path}.nodeSelector[{key}]: {OLD_LABELS[key]}"
        for key in child(spec, "nodeSelector")
        if key in OLD_LABELS
    ]
    affinity = child(child(spec, "affinity"), "nodeAffinity")
    here = f"{path}.affinity.nodeAffinity"
    for index, term in enumerate(children(child(affinity, _REQUIRED), _TERMS)):
        texts += term_warnings(term, f"{here}.{_REQUIRED}.{_TERMS}[{index}]")
    for index, each in enumerate(children(affinity, _PREFERRED)):
        where = f"{here}.{_PREFERRED}[{index}].preference"
        texts += term_warnings(child(each, "preference"), where, values=True)
    return texts


def _spread(spec: Value, path: str) -> Texts:
    texts: Texts = []
    for index, each in enumerate(children(spec, "topologySpreadConstraints")):
        here = f"{path}.topologySpreadConstraints[{index}]"
        key = each.get("topologyKey", "")
        if key in OLD_LABELS:
            texts.append(f"{here}.topologyKey: {key} is {OLD_LABELS[key]}")
        if each.get("labelSelector") is None:
            texts.append(f"{here}.labelSelector: {_NO_POD}")
    return texts


def _annotations(metadata: Value, path: str) -> Texts:
    found = child(metadata, "annotations")
    return [
        f"{path}[{key}]: {told}" for key, told in _OLD_NOTES.items() if key in found
    ]


def _repeated(spec: Value, path: str) -> Texts:
    texts: Texts = []
    for name, key, called in (
        ("hostAliases", "ip", "ip"),
        ("imagePullSecrets", "name", "name"),
    ):
        seen: set[str] = set()
        for index, item in enumerate(children(spec, name)):
            value = item.get(key, "")
            if value in seen:
                told = f'duplicate {called} "{value}"'
                texts.append(f"{path}.{name}[{index}].{key}: {told}")
            seen.add(value)
    for index, item in enumerate(children(spec, "imagePullSecrets")):
        if not item.get("name"):
            here = f"{path}.imagePullSecrets[{index}].name"
            texts.append(f'{here}: invalid empty name ""')
    return texts


def _seccomp(spec: Value, metadata: Value, path: str) -> Texts:
    if child(spec, "securityContext").get("seccompProfile"):
        return []
    if _SECCOMP not in child(metadata, "annotations"):
        return []
    told = 'non-functional in v1.27+; use the "seccompProfile" field instead'
    return [f"{path}[{_SECCOMP}]: {told}"]


def _grace(spec: Value, path: str) -> Texts:
    if (spec.get("terminationGracePeriodSeconds") or 0) >= 0:
        return []
    told = "must be >= 0; negative values are invalid and will be treated as 1"
    return [f"{path}.terminationGracePeriodSeconds: {told}"]


def _affinity(affinity: Value, path: str) -> Texts:
    texts: Texts = []
    for name in ("podAffinity", "podAntiAffinity"):
        given, here = child(affinity, name), f"{path}.{name}"
        for index, term in enumerate(children(given, _REQUIRED)):
            if term.get("labelSelector") is None:
                where = f"{here}.{_REQUIRED}[{index}].labelSelector"
                texts.append(f"{where}: {_NO_POD}")
        for index, each in enumerate(children(given, _PREFERRED)):
            if child(each, "podAffinityTerm").get("labelSelector") is None:
                where = f"{here}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector"
                texts.append(f"{where}: {_NO_POD}")
    return texts


def _addresses(spec: Value, path: str) -> Texts:
    texts: Texts = []
    servers: list[str] = child(spec, "dnsConfig").get("nameservers") or []
    for index, text in enumerate(servers):
        texts += address_warnings(text, f"{path}.dnsConfig.nameservers[{index}]")
    for index, alias in enumerate(children(spec, "hostAliases")):
        here = f"{path}.hostAliases[{index}].ip"
        texts += address_warnings(alias.get("ip", ""), here)
    return texts
