"""Label selectors: parsed, matched and written as the API server does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, cast

from homeostat.api._codec import from_dict
from homeostat.api._metadata import LabelSelector

__all__ = ["Requirement", "Selector"]

Operator = Literal["in", "notin", "=", "==", "!=", "exists", "!", "gt", "lt"]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector; all terms must hold."""

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels meet this term. ``!=`` and ``notin`` hold for absent keys."""
        value = labels.get(self.key)
        match self.operator:
            case "in" | "=" | "==":
                return value in self.values
            case "notin" | "!=":
                return value not in self.values
            case "exists":
                return value is not None
            case "!":
                return value is None
            case _:
                return value is not None and self._compares(value)
        raise AssertionError(self.operator)

    def _compares(self, value: str) -> bool:
        number, bound = _int64(value), _int64(self.values[0])
        if number is None or bound is None:
            return False
        return number > bound if self.operator == "gt" else number < bound

    def __str__(self) -> str:
        values = ",".join(sorted(self.values))
        match self.operator:
            case "!":
                return f"!{self.key}"
            case "exists":
                return self.key
            case "in" | "notin":
                return f"{self.key} {self.operator} ({values})"
            case "gt":
                return f"{self.key}>{values}"
            case "lt":
                return f"{self.key}<{values}"
            case _:
                return f"{self.key}{self.operator}{values}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector, ready to match. One without terms selects everything."""

    requirements: tuple[Requirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Selector":
        """Read ``a=b,c in (x,y),!d,e>5``.

        Raises:
            ValueError: With the message of the API server.
        """
        raise NotImplementedError

    @classmethod
    def of(cls, selector: "LabelSelector | Mapping[str, Any]") -> "Selector":
        """Make a selector of its JSON form.

        Args:
            selector: A ``LabelSelector``, its dict (``matchLabels``,
                ``matchExpressions``), or a plain map of labels that must be equal.

        Raises:
            ValueError: With the message of the API server.
        """
        raise NotImplementedError

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every term."""
        return all(term.matches(labels) for term in self.requirements)

    def __str__(self) -> str:
        """Return the canonical text, as it goes into a query."""
        return ",".join(map(str, self.requirements))
