"""The managers of an object: entries of managedFields, decoded and encoded."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, cast

from homeostat.api import JSON
from homeostat.schema._fieldset import FieldSet
from homeostat.schema._go import encode_json, quote

__all__ = [
    "ANCIENT",
    "APPLY",
    "BEFORE_FIRST_APPLY",
    "UPDATE",
    "Entry",
    "Identity",
    "Managed",
    "Owned",
    "cap_updaters",
    "decode_managed",
    "encode_managed",
    "identity",
]

Entry = dict[str, Any]
"""One entry of ``metadata.managedFields`` as it is on the wire."""

APPLY: Final = "Apply"
UPDATE: Final = "Update"
ANCIENT: Final = "ancient-changes"
BEFORE_FIRST_APPLY: Final = "before-first-apply"
MAX_UPDATERS: Final = 10


class Identity(NamedTuple):
    """What tells managers apart; an applier is the same at every version.

    Attributes:
        api_version: "" for ``Apply``.
    """

    manager: str
    operation: str
    api_version: str
    subresource: str

    @property
    def text(self) -> str:
        """The identity as the server's own key: what ties are broken by."""
        parts = {
            "manager": self.manager,
            "operation": self.operation,
            "apiVersion": self.api_version,
            "subresource": self.subresource,
        }
        said = [f"{quote(k)}:{encode_json(v)}" for k, v in parts.items() if v]
        return f"{{{','.join(said)}}}"

    def __str__(self) -> str:
        text = quote(self.manager)
        if self.subresource:
            text += f" with subresource {quote(self.subresource)}"
        if self.operation == UPDATE:
            text += f" using {self.api_version}"
        return text


class Owned(NamedTuple):
    """The fields of one manager, and the version that their names are of."""

    fields: FieldSet
    api_version: str


class Managed(NamedTuple):
    """All managers of one object; both maps are this value's own."""

    owned: dict[Identity, Owned]
    times: dict[Identity, str]


def identity(
    manager: str, operation: str, api_version: str, subresource: str
) -> Identity:
    """Return the identity of a writer; the server knows no empty names."""
    version = "" if operation == APPLY else api_version
    return Identity(manager or "unknown", operation, version, subresource)


def decode_managed(entries: JSON) -> Managed:
    """Read managedFields.

    Raises:
        ValueError: An entry is malformed; the text is the server's.
    """
    managed = Managed({}, {})
    if entries is not None and not isinstance(entries, list):
        raise ValueError("managedFields must be a list")
    for index, given in enumerate(cast("Sequence[Any]", entries or ())):
        if not isinstance(given, Mapping):
            text = f"managed fields entry {index} must be an object"
            raise ValueError(text)  # noqa: TRY004 - one error for whatever is wrong
        entry = cast("Mapping[str, Any]", given)
        operation = entry.get("operation")
        if operation not in (APPLY, UPDATE):
            raise ValueError("operation must be `Apply` or `Update`")
        version = entry.get("apiVersion")
        if not version:
            raise ValueError("apiVersion must not be empty")
        kind = entry.get("fieldsType")
        if kind != "FieldsV1":
            known = (
                f"invalid fieldsType {quote(kind)}" if kind else "missing fieldsType"
            )
            raise ValueError(f"{known} in managed fields entry {index}")
        who = Identity(
            entry.get("manager") or "",
            operation,
            "" if operation == APPLY else version,
            entry.get("subresource") or "",
        )
        fields = FieldSet.from_fields_v1(entry.get("fieldsV1") or {})
        managed.owned[who] = Owned(fields, version)
        time = entry.get("time")
        if time:
            managed.times[who] = cast("str", time)
    return managed


def encode_managed(managed: Managed) -> list[Entry]:
    """Return managedFields in the server's order: appliers first, then by time."""
    entries = [
        _encode(who, owned, managed.times.get(who))
        for who, owned in managed.owned.items()
    ]
    entries.sort(
        key=lambda entry: (
            entry["operation"],
            entry.get("time", ""),
            entry.get("manager", ""),
            entry["apiVersion"],
            entry.get("subresource", ""),
        )
    )
    return entries


def _encode(who: Identity, owned: Owned, time: str | None) -> Entry:
    entry: Entry = {
        "manager": who.manager,
        "operation": who.operation,
        "apiVersion": owned.api_version,
    }
    if time:
        entry["time"] = time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = owned.fields.to_fields_v1()
    if who.subresource:
        entry["subresource"] = who.subresource
    return entry


def cap_updaters(managed: Managed, limit: int = MAX_UPDATERS) -> None:
    """Merge, in place, the oldest updaters into one until ``limit`` are left.

    The first of a version makes room for the second: they become ``ancient-changes``.

    Source: apimachinery ``managedfields/internal/capmanagers.go``.
    """
    owned, times = managed
    updaters = [who for who in owned if who.operation == UPDATE]
    left = len(updaters)
    if left <= limit:
        return
    updaters.sort(key=lambda who: (times.get(who, ""), who.text))
    first_of: dict[str, Identity] = {}
    for who in updaters:
        if left <= limit:
            return
        mine = owned[who]
        version = mine.api_version
        first = first_of.setdefault(version, who)
        if first is who:
            continue
        bucket = Identity(ANCIENT, UPDATE, version, "")
        if bucket not in owned:
            owned[bucket] = owned.pop(first)
        owned[bucket] = Owned(mine.fields.union(owned[bucket].fields), version)
        del owned[who]
        left -= 1
        # The more recent of the two: times are taken oldest first.
        times[bucket] = times.get(who, "")
