# ruff: noqa: ANN401 - what a library gives is untyped here
"""What a peer's program is made of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

__all__ = ["KEY", "PLURAL", "Library", "Read", "key_of"]

GROUP, VERSION, KIND, PLURAL = "bench.example.com", "v1", "Widget", "widgets"
KEY = (GROUP, VERSION, PLURAL)

Held: TypeAlias = dict[tuple[str, str], Any]
Read: TypeAlias = Callable[[str, str], Awaitable[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """One library.

    Attributes:
        fill: Keeps every object: from an address and a count to what holds them.
        reader: Makes a function that reads one object by namespace and name.
        blocking: Its calls block; 16 at once are threads.
    """

    fill: Callable[[str, int], Awaitable[Held]]
    reader: Callable[[str], Awaitable[Read]] | None = None
    blocking: bool = False


def key_of(obj: Any) -> tuple[str, str]:
    """Return namespace and name of a plain object."""
    meta = obj["metadata"]
    return meta["namespace"], meta["name"]
