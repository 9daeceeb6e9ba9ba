"""What the records of one kind share."""

import sys
from collections.abc import Callable
from typing import Final, TypeAlias, final

import msgspec

from homeostat.api import GroupVersionKind
from homeostat.cache._packing import Packer

__all__ = ["Owners", "Shelf"]

Owners: TypeAlias = tuple[tuple[str, ...], str]
"""Uids of all owners, and of the controlling one."""

_LIMIT: Final = 4096


class _Owner(msgspec.Struct, gc=False):
    uid: str = ""
    controller: bool | None = None


_read_labels: Callable[[bytes], dict[str, str] | None]
_read_labels = msgspec.json.Decoder(dict[str, str] | None).decode
_read_owners: Callable[[bytes], list[_Owner] | None]
_read_owners = msgspec.json.Decoder(list[_Owner] | None).decode


@final
class Shelf:
    """Where the records of one kind stand: their kind, and what many have in common.

    Equal label sets and owners are held once, and found by their bytes, so that most
    are never decoded. Bounded: where each object has its own they start over, and share
    less.

    Args:
        gvk: The kind of every record here.
        packed: Whether to pack objects.
    """

    __slots__ = ("_labels", "_owners", "_values", "gvk", "packed", "packer")

    def __init__(self, gvk: GroupVersionKind, *, packed: bool = True) -> None:
        self.gvk: GroupVersionKind = gvk
        self.packed: bool = packed
        self.packer: Packer = Packer(enabled=packed)
        self._labels: dict[bytes, dict[str, str]] = {}
        self._values: dict[str, str] = {}
        self._owners: dict[bytes, Owners] = {}

    def labels(self, raw: msgspec.Raw) -> dict[str, str]:
        """Return the one dict of these labels; nobody may change it.

        Raises:
            msgspec.ValidationError: They are no map of text to text.
        """
        key = bytes(raw)
        known = self._labels.get(key)
        if known is None:
            if len(self._labels) >= _LIMIT:
                self._labels.clear()
            found = _read_labels(key) or {}
            # A value of each object's own would stay among the interned for good.
            if len(self._values) >= _LIMIT:
                self._values.clear()
            share = self._values.setdefault
            known = {sys.intern(k): share(v, v) for k, v in found.items()}
            self._labels[key] = known
        return known

    def owners(self, raw: msgspec.Raw) -> Owners:
        """Return whose uids owner references name.

        Raises:
            msgspec.ValidationError: They are no list of owner references.
        """
        key = bytes(raw)
        known = self._owners.get(key)
        if known is None:
            if len(self._owners) >= _LIMIT:
                self._owners.clear()
            found = _read_owners(key) or []
            uids = tuple(sys.intern(owner.uid) for owner in found)
            controller = next((o.uid for o in found if o.controller), "")
            known = (uids, sys.intern(controller))
            self._owners[key] = known
        return known
