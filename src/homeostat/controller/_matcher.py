"""When an apply needs no request. Pure.

Comparing values would loop on quantities that the server normalises and on what
mutating webhooks change. So an apply is skipped when the configuration is the one that
was applied last and our own entry in managedFields (its time aside) is still the one
that this apply left behind: another's change of a field of ours takes it from us.
"""

from dataclasses import dataclass
from hashlib import blake2b
from typing import final

import msgspec

from homeostat.api import JSON, NamespacedName, Unstructured
from homeostat.api import GroupVersionKind as Gvk

__all__ = ["Applied", "ApplyMatcher"]

_encode = msgspec.json.Encoder(order="deterministic").encode


@final
@dataclass(frozen=True, slots=True)
class Applied:
    """What the last apply of an object left behind, as digests.

    Attributes:
        uid: Of the object that the server returned.
        configuration: Of what was sent.
        entry: Of our entry in managedFields.
    """

    uid: str
    configuration: bytes
    entry: bytes


def _digest(value: JSON) -> bytes:
    return blake2b(_encode(value), digest_size=16).digest()


def _entry(obj: Unstructured, manager: str) -> bytes | None:
    for entry in obj.get("metadata", {}).get("managedFields") or ():
        ours = entry.get("manager") == manager and entry.get("operation") == "Apply"
        if ours and not entry.get("subresource"):
            return _digest({k: v for k, v in entry.items() if k != "time"})
    return None


@final
class ApplyMatcher:
    """Remembers, per object, what the last apply of one field manager left behind.

    Args:
        manager: The field manager.
    """

    __slots__ = ("_applied", "manager")

    def __init__(self, manager: str) -> None:
        self.manager: str = manager
        self._applied: dict[tuple[Gvk, NamespacedName], Applied] = {}

    def __len__(self) -> int:
        """Return how many objects are remembered."""
        return len(self._applied)

    def matches(
        self,
        gvk: Gvk,
        name: NamespacedName,
        configuration: Unstructured,
        current: Unstructured | None,
    ) -> bool:
        """Return whether applying ``configuration`` to ``current`` would do nothing."""
        last = self._applied.get((gvk, name))
        if last is None or current is None:
            return False
        return (
            current["metadata"].get("uid") == last.uid
            and last.configuration == _digest(configuration)
            and last.entry == _entry(current, self.manager)
        )

    def applied(
        self,
        gvk: Gvk,
        name: NamespacedName,
        configuration: Unstructured,
        answer: Unstructured,
    ) -> None:
        """Take note of an apply and of the server's answer to it."""
        entry = _entry(answer, self.manager)
        if entry is None:
            self._applied.pop((gvk, name), None)
            return
        uid = str(answer["metadata"].get("uid", ""))
        self._applied[gvk, name] = Applied(uid, _digest(configuration), entry)

    def forget(self, gvk: Gvk, name: NamespacedName) -> None:
        """Drop what is known of an object: it is gone."""
        self._applied.pop((gvk, name), None)
