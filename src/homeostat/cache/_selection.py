"""What a watch selects, and whether this process can tell by itself."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from homeostat.api import (
    FieldSelector,
    GroupVersionKind,
    Kind,
    LabelSelector,
    Selector,
    kind_of,
)
from homeostat.cache._record import Record
from homeostat.client import ALL, AllNamespaces, FieldsLike, LabelsLike

__all__ = [
    "Selection",
    "parse_fields",
    "parse_labels",
    "parse_namespaces",
    "select",
    "selection_of",
]

_DNS_LABEL: Final = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")

_EVERYWHERE: Final = frozenset({"metadata.name", "metadata.namespace"})

# Field selectors whose value is the text that stands in the object at the same path.
# The server computes others (spec.unschedulable, status.podIP lists): those it decides.
_PLAIN: Final[Mapping[tuple[str, str], frozenset[str]]] = {
    ("", "Pod"): frozenset(
        {
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "status.phase",
            "status.nominatedNodeName",
        }
    ),
    ("", "Namespace"): frozenset({"status.phase"}),
    ("", "Secret"): frozenset({"type"}),
    ("", "Event"): frozenset(
        {
            "involvedObject.kind",
            "involvedObject.name",
            "involvedObject.namespace",
            "involvedObject.uid",
            "reason",
            "type",
        }
    ),
}


def parse_namespaces(namespaces: Sequence[str] | AllNamespaces) -> tuple[str, ...]:
    """Return namespaces in order, each once; none of them stands for all.

    Raises:
        ValueError: A text, which is a sequence of letters; no namespace at all; or what
            no namespace can be called. A watch of it would stay empty for ever.
    """
    if isinstance(namespaces, AllNamespaces):
        return ()
    if isinstance(namespaces, str) and namespaces:
        raise ValueError(
            f"namespaces={namespaces!r} is one name, not several: "
            f"write namespaces=[{namespaces!r}]"
        )
    chosen = tuple(sorted(set(namespaces)))
    if not chosen or "" in chosen:
        raise ValueError(
            f"namespaces={namespaces!r} names none: use ALL for every namespace"
        )
    for name in chosen:
        if not _DNS_LABEL.fullmatch(name):
            raise ValueError(
                f"namespaces={namespaces!r}: no namespace can be called {name!r}: "
                "write at most 63 of a-z, 0-9 and '-', with a letter or a digit first "
                "and last"
            )
    return chosen


def parse_labels(labels: LabelsLike | LabelSelector) -> Selector:
    """Return a label selector in any of its forms, parsed.

    Raises:
        ValueError: The text is no selector.
    """
    if not labels:
        return Selector()
    return Selector.parse(labels) if isinstance(labels, str) else Selector.of(labels)


def select(records: Iterable[Record], selector: Selector) -> list[Record]:
    """Return the records that a label selector selects.

    Term by term over all of them: most selectors are one term of equality.
    """
    found = list(records)
    for term in selector.requirements:
        if term.operator in {"=", "=="}:
            key, value = term.key, term.values[0]
            found = [r for r in found if r.shared_labels.get(key) == value]
        else:
            found = [r for r in found if term.matches(r.shared_labels)]
    return found


def parse_fields(fields: FieldsLike) -> FieldSelector:
    """Return a field selector in any of its forms, parsed.

    Raises:
        ValueError: The text is no selector.
    """
    if isinstance(fields, FieldSelector):
        return fields
    if isinstance(fields, Mapping):
        fields = ",".join(
            f"{field}={_escaped(value)}" for field, value in sorted(fields.items())
        )
    return FieldSelector.parse(fields or "")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What one watch is of; equal selections share one informer.

    Attributes:
        gvk: The kind.
        namespaces: One stream for each; empty for all in one.
        labels: Label selector.
        fields: Field selector.
        metadata_only: Without spec and status.
    """

    gvk: GroupVersionKind
    namespaces: tuple[str, ...] = ()
    labels: Selector = Selector()  # noqa: RUF009  # frozen
    fields: FieldSelector = FieldSelector()  # noqa: RUF009  # frozen
    metadata_only: bool = False

    @property
    def decidable(self) -> bool:
        """Whether this process can tell if an object is selected."""
        known = _EVERYWHERE | _PLAIN.get(self.gvk.group_kind, frozenset())
        return all(field in known for field in self.fields.fields)

    def matches(self, record: Record) -> bool:
        """Whether a whole object is selected; only where that is decidable."""
        return self.labels.matches(record.shared_labels) and self.fields.matches(
            lambda field: str(record.path(field) or "")
        )

    def __str__(self) -> str:
        """Return ``v1 Pod in a,b labels app=web``, without what is not restricted."""
        parts = [str(self.gvk)]
        if self.namespaces:
            parts.append(f"in {','.join(self.namespaces)}")
        if not self.labels.empty:
            parts.append(f"labels {self.labels}")
        if not self.fields.empty:
            parts.append(f"fields {self.fields}")
        if self.metadata_only:
            parts.append("metadata")
        return " ".join(parts)


def selection_of(
    kind: Kind,
    *,
    namespaces: Sequence[str] | AllNamespaces = ALL,
    labels: LabelsLike | LabelSelector = None,
    fields: FieldsLike = None,
    metadata_only: bool = False,
) -> Selection:
    """Return what a watch is of, in the one form in which it compares.

    Raises:
        ValueError: A bad selector, no namespace at all, or what is no name of one.
    """
    chosen = parse_namespaces(namespaces)
    if not isinstance(kind, GroupVersionKind) and not kind.__resource__.namespaced:
        chosen = ()
    return Selection(
        gvk=kind_of(kind),
        namespaces=chosen,
        labels=parse_labels(labels),
        fields=parse_fields(fields),
        metadata_only=metadata_only,
    )
