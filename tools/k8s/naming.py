"""Names: wire camelCase to Python, OpenAPI packages to modules."""

import keyword
import re

# An acronym keeps its plural s (podIPs), and ends where a word starts (CPUUsage).
_WORDS = re.compile(
    r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+[0-9]*|[A-Z]+[0-9]*|[0-9]+"
)
# Where the rule above reads badly.
_EXCEPTIONS = {
    "openAPIV3Schema": "open_api_v3_schema",
    "$ref": "ref",
    "$schema": "schema",
    "storageos": "storageos",
    "scaleIO": "scale_io",
}
_RESERVED = {"None", "True", "False"}
_SHORT_GROUPS = {
    "rbac.authorization.k8s.io": "rbac",
    "flowcontrol.apiserver.k8s.io": "flowcontrol",
}


def python_name(wire: str) -> str:
    """Return the attribute's name of a wire name: ``podIPs`` is ``pod_ips``."""
    name = _EXCEPTIONS.get(wire)
    if name is None:
        name = "_".join(_WORDS.findall(wire)).lower()
    return f"{name}_" if keyword.iskeyword(name) or name in _RESERVED else name


def module_of_package(package: str) -> str:
    """Return the module of an OpenAPI package: ``io.k8s.api.core.v1`` is core_v1."""
    parts = package.split(".")
    return f"{parts[-2]}_{parts[-1]}"


def module_of_group(group: str, version: str) -> str:
    """Return the module of a group and version."""
    short = _SHORT_GROUPS.get(group) or group.removesuffix(".k8s.io") or "core"
    return f"{short}_{version}"
