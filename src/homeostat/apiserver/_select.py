"""Selectors of a list or watch, parsed once and run on entries."""

import functools
import re
from collections.abc import Mapping

from homeostat.api import FieldSelector, Selector
from homeostat.apiserver._registry import Served
from homeostat.apiserver._status import bad_request
from homeostat.apiserver._store import Entry

__all__ = ["Selection", "selection"]


# Terms without a field and a value: they select everything.
_NO_FIELDS = re.compile(r"(?:[!=]?=|,)*")


class Selection:
    """Tells which entries a request is about."""

    __slots__ = ("_aliases", "_fields", "_labels", "_name", "_prefix")

    def __init__(
        self,
        prefix: str,
        name: str,
        labels: Selector | None,
        fields: FieldSelector | None,
        aliases: Mapping[str, str],
    ) -> None:
        self._aliases = aliases
        self._prefix = prefix
        self._name = name
        self._labels = labels
        self._fields = fields

    @property
    def everything(self) -> bool:
        """Whether nothing but the namespace narrows the selection."""
        return self._labels is None and self._fields is None and not self._name

    def matches(self, entry: Entry) -> bool:
        """Tell whether an entry is selected."""
        if self._prefix and not entry.key.startswith(self._prefix):
            return False
        if self._name and entry.name != self._name:
            return False
        if self._labels is not None and not self._labels.matches(entry.labels):
            return False
        fields = self._fields
        return fields is None or fields.matches(
            lambda path: _field(entry, self._aliases.get(path, path))
        )


def _field(entry: Entry, path: str) -> str:
    if path == "metadata.name":
        return entry.name
    if path == "metadata.namespace":
        return entry.namespace
    return entry.fields.get(path, "")


@functools.lru_cache(maxsize=512)
def _parse_labels(text: str) -> Selector:
    return Selector.parse(text)


@functools.lru_cache(maxsize=512)
def _parse_fields(text: str) -> FieldSelector:
    return FieldSelector.parse(text)


def selection(
    served: Served, prefix: str, name: str, labels: str, fields: str
) -> Selection:
    """Parse the selectors of a request.

    Args:
        served: The resource.
        prefix: Prefix of the keys, ``namespace/`` or "".
        name: The name in the path, "" for the collection.
        labels: The ``labelSelector`` parameter.
        fields: The ``fieldSelector`` parameter.

    Raises:
        StatusError: 400, malformed, or a field that cannot be selected by.
    """
    parsed_labels = parsed_fields = None
    try:
        if labels:
            parsed_labels = _parse_labels(labels)
        if not _NO_FIELDS.fullmatch(fields):
            parsed_fields = _parse_fields(fields)
    except ValueError as error:
        raise bad_request(str(error)) from None
    if parsed_fields is not None:
        for path in parsed_fields.fields:
            _check_field(served, path)
        exact = parsed_fields.requires("metadata.name")
        if name and exact is not None and exact != name:
            raise bad_request(
                "both metadata.name and a field selector for metadata.name were given"
            )
    return Selection(prefix, name, parsed_labels, parsed_fields, served.aliases)


def _check_field(served: Served, path: str) -> None:
    own = served.fields | served.aliases.keys()
    if path in own or path == "metadata.name":
        return
    if path == "metadata.namespace" and (served.namespaced or not own):
        return
    if served.kind == "Job":
        raise bad_request(f'field label "{path}" not supported for Job')
    if served.kind == "ResourceSlice":
        kind = f"{served.gvk.api_version}, Kind={served.kind}"
        raise bad_request(f"field label not supported for {kind}: {path}")
    if own or served.custom:
        raise bad_request(f"field label not supported: {path}")
    raise bad_request(
        f'"{path}" is not a known field selector: only "metadata.name", '
        '"metadata.namespace"'
    )
