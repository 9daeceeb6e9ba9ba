"""What is computed once per schema node, and kept on the node itself."""

from collections.abc import Callable
from typing import Generic, TypeVar, final

from homeostat.api import Schema

__all__ = ["SchemaCache"]

T = TypeVar("T")


@final
class SchemaCache(Generic[T]):
    """A function of a schema node whose results live and die with the node."""

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[Schema], T]) -> None:
        self._compute = compute

    def get(self, schema: Schema) -> T:
        """Return the node's result, computing it at first use."""
        # A lazy node gets its cache when it is resolved: read an attribute of it first.
        known: dict[object, T] = schema.cache
        try:
            return known[self]
        except KeyError:
            result = known[self] = self._compute(schema)
            return result
