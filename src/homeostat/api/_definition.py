"""What a CustomResourceDefinition says beyond the types, and its checks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from homeostat.api._kinds import JSON, Resource

__all__ = ["APPROVED", "Definition", "PrinterColumn", "Scale", "Scope", "plural_of"]

Scope = Literal["Namespaced", "Cluster"]
ColumnType = Literal["string", "integer", "number", "boolean", "date"]

APPROVED: Final = "api-approved.kubernetes.io"

_LABEL: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_KIND: Final = re.compile(r"[A-Z][A-Za-z0-9]{0,62}")
_SUBDOMAIN: Final = re.compile(
    r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+"
)
_PROTECTED: Final = ("k8s.io", "kubernetes.io")


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """A column of ``kubectl get``.

    Attributes:
        name: Heading.
        path: JSONPath into the object, as ``.spec.size``.
        type: What the value is; ``date`` is shown as an age.
        format: As ``int32``, ``date-time``.
        description: Shown by ``kubectl explain`` and by tools.
        priority: Columns above 0 are shown by ``-o wide`` only.
    """

    name: str
    path: str
    type: ColumnType = "string"
    format: str = ""
    description: str = ""
    priority: int = 0

    def to_dict(self) -> dict[str, JSON]:
        """Return the column as the definition has it."""
        wire: dict[str, JSON] = {
            "name": self.name,
            "type": self.type,
            "jsonPath": self.path,
        }
        extra = {
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }
        return wire | {name: value for name, value in extra.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Where the scale subresource finds its numbers; paths without array indexes."""

    spec_replicas_path: str = ".spec.replicas"
    status_replicas_path: str = ".status.replicas"
    label_selector_path: str = ""

    def to_dict(self) -> dict[str, JSON]:
        """Return the subresource as the definition has it."""
        wire: dict[str, JSON] = {
            "specReplicasPath": self.spec_replicas_path,
            "statusReplicasPath": self.status_replicas_path,
        }
        if self.label_selector_path:
            wire["labelSelectorPath"] = self.label_selector_path
        return wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Everything that ``@custom_resource`` was told, checked.

    Raises:
        ValueError: Something that the API server would refuse; the message says what to
            write instead.
    """

    resource: Resource
    printer_columns: Sequence[PrinterColumn] = ()
    scale: Scale | None = None
    status: bool = True
    selectable_fields: Sequence[str] = ()
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    deprecation_warning: str = ""

    def __post_init__(self) -> None:
        self._check_names()
        self._check_approval()
        for column in self.printer_columns:
            _check_path(f"printer column {column.name}", column.path)
        if self.scale is not None:
            self._check_scale(self.scale)
        for path in self.selectable_fields:
            _check_path("selectable field", path)

    def _check_names(self) -> None:
        resource = self.resource
        gvk = resource.gvk
        if not _SUBDOMAIN.fullmatch(gvk.group) or len(gvk.group) > 253:
            raise ValueError(
                f"group {gvk.group!r} must be a domain name with a dot, as example.com"
            )
        if not _LABEL.fullmatch(gvk.version):
            raise ValueError(f"version {gvk.version!r} must read like v1 or v1alpha1")
        if not _KIND.fullmatch(gvk.kind):
            raise ValueError(f"kind {gvk.kind!r} must be CamelCase, as PodSet")
        for what, name in (
            ("plural", resource.plural),
            ("singular", resource.singular),
            *(("short name", name) for name in resource.short_names),
            *(("category", name) for name in resource.categories),
        ):
            if not _LABEL.fullmatch(name):
                raise ValueError(
                    f"{what} {name!r} must be lower-case letters, digits and '-', at "
                    "most 63, as podsets"
                )

    def _check_approval(self) -> None:
        group = self.resource.gvk.group
        if not group.endswith(tuple(f".{domain}" for domain in _PROTECTED)):
            return
        value = self.annotations.get(APPROVED, "")
        url = urlsplit(value)
        if value.startswith("unapproved") or (url.scheme and url.netloc):
            return
        raise ValueError(
            f"group {group} belongs to the Kubernetes community: the API server wants "
            f'annotations={{"{APPROVED}": ...}} with the URL of the approving pull '
            'request, or a text that starts with "unapproved"'
        )

    def _check_scale(self, scale: Scale) -> None:
        for name, path, root in (
            ("spec_replicas_path", scale.spec_replicas_path, ".spec."),
            ("status_replicas_path", scale.status_replicas_path, ".status."),
        ):
            if not path.startswith(root) or "[" in path:
                raise ValueError(
                    f"{name} {path!r} must be a path below {root}, without indexes"
                )
        selector = scale.label_selector_path
        if selector and not selector.startswith((".spec.", ".status.")):
            raise ValueError(
                f"label_selector_path {selector!r} must be below .spec. or .status."
            )


def _check_path(what: str, path: str) -> None:
    if not path.startswith("."):
        raise ValueError(f"{what}: path {path!r} must start with a dot, as .spec.size")


def plural_of(kind: str) -> str:
    """Return the usual plural of a kind, in lower case; irregular ones need telling."""
    name = kind.lower()
    if name.endswith(("s", "x", "z", "ch", "sh")):
        return f"{name}es"
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}s"
