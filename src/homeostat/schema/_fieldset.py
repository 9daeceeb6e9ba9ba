"""Sets of field paths: who owns what."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final, cast, final

from homeostat.schema._elements import Path, parse_element, sorted_elements

__all__ = ["EMPTY", "FieldSet"]


@final
class FieldSet:
    """A set of field paths, shaped as the tree of the object.

    ``members`` are the elements of this level that are in the set; ``children`` hold
    the sets below. Membership of a parent and of its children are independent.

    Invariant: no child is empty. The operations share subtrees between sets, so a set
    is changed (by ``insert``) only by who made it, before it is handed on.

    Source: structured-merge-diff ``fieldpath.Set``.
    """

    __slots__ = ("children", "members")

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self.members: set[str] = set()
        self.children: dict[str, FieldSet] = {}
        for path in paths:
            self.insert(path)

    @classmethod
    def _of(cls, members: set[str], children: "dict[str, FieldSet]") -> "FieldSet":
        made = cls.__new__(cls)
        made.members = members
        made.children = children
        return made

    def insert(self, path: Path) -> None:
        """Add one path; its parents are not added. The empty path is ignored."""
        if not path:
            return
        node = self
        for element in path[:-1]:
            child = node.children.get(element)
            if child is None:
                child = node.children[element] = FieldSet()
            node = child
        node.members.add(path[-1])

    def has(self, path: Path) -> bool:
        """Tell whether the path itself is in the set."""
        if not path:
            return False
        node = self
        for element in path[:-1]:
            node = node.child(element)
        return path[-1] in node.members

    def __contains__(self, path: object) -> bool:
        return isinstance(path, tuple) and self.has(cast("Path", path))

    @property
    def empty(self) -> bool:
        """Whether nothing is in the set."""
        return not self.members and not self.children

    def __bool__(self) -> bool:
        return not self.empty

    def __len__(self) -> int:
        return len(self.members) + sum(map(len, self.children.values()))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FieldSet):
            return NotImplemented
        return self.members == other.members and self.children == other.children

    # It can change until it is handed on.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]

    def __iter__(self) -> Iterator[Path]:
        """Yield every path in fieldsV1 order, the members of a level first."""
        # Without recursion: each level of generators would hand every path on.
        left: list[tuple[Path, FieldSet]] = [((), self)]
        while left:
            above, node = left.pop()
            for element in sorted_elements(node.members):
                yield (*above, element)
            left.extend(
                ((*above, element), node.children[element])
                for element in reversed(sorted_elements(set(node.children)))
            )

    def __repr__(self) -> str:
        return f"FieldSet({list(self)!r})"

    def child(self, element: str) -> "FieldSet":
        """Return the set below an element; empty when there is none."""
        return self.children.get(element, EMPTY)

    def union(self, other: "FieldSet") -> "FieldSet":
        """Return what is in either set."""
        if other.empty or self is other:
            return self
        if self.empty:
            return other
        children = self.children
        if other.children:
            children = dict(children)
            for element, theirs in other.children.items():
                ours = children.get(element)
                children[element] = theirs if ours is None else ours.union(theirs)
        return FieldSet._of(self.members | other.members, children)

    def intersection(self, other: "FieldSet") -> "FieldSet":
        """Return what is in both sets."""
        if self is other:
            return self
        children: dict[str, FieldSet] = {}
        if self.children and other.children:
            for element, ours in self.children.items():
                theirs = other.children.get(element)
                if theirs is not None:
                    both = ours.intersection(theirs)
                    if both:
                        children[element] = both
        return FieldSet._of(self.members & other.members, children)

    def difference(self, other: "FieldSet") -> "FieldSet":
        """Return what is in this set alone, path by path."""
        if other.empty:
            return self
        children = self.children
        if children and other.children:
            children = {}
            for element, ours in self.children.items():
                theirs = other.children.get(element)
                rest = ours if theirs is None else ours.difference(theirs)
                if rest:
                    children[element] = rest
        return FieldSet._of(self.members - other.members, children)

    def without(self, other: "FieldSet") -> "FieldSet":
        """Return the set less the paths of ``other`` and all that is below them."""
        if other.empty:
            return self
        children: dict[str, FieldSet] = {}
        for element, ours in self.children.items():
            if element in other.members:
                continue
            theirs = other.children.get(element)
            rest = ours if theirs is None else ours.without(theirs)
            if rest:
                children[element] = rest
        return FieldSet._of(self.members - other.members, children)

    def leaves(self) -> "FieldSet":
        """Return the paths that have no path of the set below them."""
        children = {key: child.leaves() for key, child in self.children.items()}
        return FieldSet._of(self.members - self.children.keys(), children)

    def with_members(self, members: Iterable[str]) -> "FieldSet":
        """Return the set with more elements of this level; children are shared."""
        return FieldSet._of(self.members.union(members), self.children)

    def with_children(self, children: "Mapping[str, FieldSet]") -> "FieldSet":
        """Return the set with these children instead; empty ones are left out."""
        kept = {key: child for key, child in children.items() if child}
        return FieldSet._of(self.members, kept)

    def to_fields_v1(self) -> dict[str, Any]:
        """Return the set as fieldsV1, members in the server's order."""
        fields: dict[str, Any] = {}
        children = self.children
        if not children:
            return {element: {} for element in sorted_elements(self.members)}
        for element in sorted_elements(self.members | children.keys()):
            child = children.get(element)
            if child is None:
                fields[element] = {}
            elif element in self.members:
                fields[element] = {".": {}, **child.to_fields_v1()}
            else:
                fields[element] = child.to_fields_v1()
        return fields

    @classmethod
    def from_fields_v1(cls, fields: Mapping[str, Any]) -> "FieldSet":
        """Read fieldsV1; elements of unknown kinds are dropped.

        Raises:
            ValueError: A key is no path element.
        """
        found = cls()
        if not isinstance(fields, Mapping):
            raise ValueError("fieldsV1 must be made of objects")  # noqa: TRY004
        for key, below in fields.items():
            if key == ".":
                continue
            element = key if key.startswith("f:") else parse_element(key)
            if element is None:
                continue
            if not below:
                found.members.add(element)
                continue
            child = cls.from_fields_v1(below)
            if "." in below or child.empty:
                found.members.add(element)
            if child:
                found.children[element] = child
        return found


EMPTY: Final = FieldSet()
"""The set of nothing; shared, never changed."""
