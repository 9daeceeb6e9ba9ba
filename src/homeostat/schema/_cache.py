"""What is computed once per schema node, and kept on the node itself."""

from collections.abc import Callable
from typing import Generic, TypeVar, cast, final

from homeostat.api import Schema

__all__ = ["SchemaCache", "found_below"]

T = TypeVar("T")


@final
class SchemaCache(Generic[T]):
    """A function of a schema node whose results live and die with the node."""

    __slots__ = ("_compute",)

    def __init__(self, compute: Callable[[Schema], T]) -> None:
        self._compute = compute

    def get(self, schema: Schema) -> T:
        """Return the node's result, computing it at first use."""
        known = cast("dict[object, T]", schema.cache)
        try:
            return known[self]
        except KeyError:
            result = known[self] = self._compute(schema)
            return result


def found_below(schema: Schema, wanted: Callable[[Schema], bool]) -> bool:
    """Tell whether a node below this one is wanted; cycles end the search."""
    seen: set[int] = set()
    stack = [schema]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        children = list(node.properties.values())
        children.extend(
            child for child in (node.additional, node.items) if child is not None
        )
        if any(wanted(child) for child in children):
            return True
        stack.extend(children)
    return False
