"""Label selectors: matched and written as the API server does."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, Literal, cast

from homeostat.api._codec import from_dict
from homeostat.api._label_syntax import RawTerm, check_term, int64, parse_terms
from homeostat.api._metadata import LabelSelector

__all__ = ["Requirement", "Selector"]

Operator = Literal["in", "notin", "=", "==", "!=", "exists", "!", "gt", "lt"]

_OPERATORS: Final[Mapping[str, Operator]] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
}


@dataclass(frozen=True, slots=True)
class Requirement:
    """One term of a label selector; all terms must hold.

    Attributes:
        key: The label's key.
        operator: ``gt`` and ``lt`` compare integers of 64 bits.
        values: None for ``exists`` and ``!``.
    """

    key: str
    operator: Operator
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet this term; ``!=`` and ``notin`` hold for absent keys."""
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
            case "gt" | "lt":
                return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        number, bound = int64(value), int64(self.values[0])
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
            case "=" | "==" | "!=":
                return f"{self.key}{self.operator}{values}"


@dataclass(frozen=True, slots=True)
class Selector:
    """A label selector, ready to match. One without terms selects everything.

    Terms are ordered by key, so that equal selectors have equal texts.
    """

    requirements: tuple[Requirement, ...] = ()

    @staticmethod
    def parse(text: str) -> "Selector":
        """Read ``a=b,c in (x,y),!d,e>5``.

        Raises:
            ValueError: With the message of the API server.

        Source: apimachinery ``labels.Parse``.
        """
        return _parsed(text)

    @classmethod
    def of(cls, selector: "LabelSelector | Mapping[str, Any] | Selector") -> "Selector":
        """Make a selector of its JSON form.

        Args:
            selector: A ``LabelSelector``, its dict (``matchLabels`` and
                ``matchExpressions``), or a plain map of labels that must be equal.

        Raises:
            ValueError: With the message of the API server.

        Source: apimachinery ``metav1.LabelSelectorAsSelector``.
        """
        if isinstance(selector, Selector):
            return selector
        if isinstance(selector, LabelSelector):
            form = selector
        elif selector.keys() <= {"matchLabels", "matchExpressions"}:
            form = from_dict(LabelSelector, dict(selector))
        else:
            form = LabelSelector(match_labels=dict(selector))
        terms: list[RawTerm] = [
            (key, "=", (value,)) for key, value in form.match_labels.items()
        ]
        for expression in form.match_expressions:
            operator = _OPERATORS.get(expression.operator)
            if operator is None:
                raise ValueError(
                    f'"{expression.operator}" is not a valid label selector operator'
                )
            terms.append((expression.key, operator, tuple(expression.values)))
        for term in terms:
            check_term(*term)
        return cls(_requirements(terms))

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet every term."""
        return all(term.matches(labels) for term in self.requirements)

    def requires(self, key: str) -> str | None:
        """Return the one value that a label must have, None when it is free."""
        for term in self.requirements:
            one = len(term.values) == 1 and term.operator in {"=", "==", "in"}
            if term.key == key and one:
                return term.values[0]
        return None

    def __str__(self) -> str:
        """Return the canonical text, as it goes into a query."""
        return ",".join(map(str, self.requirements))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Selector:
    return Selector(_requirements(parse_terms(text)))


def _requirements(terms: list[RawTerm]) -> tuple[Requirement, ...]:
    ordered = sorted(terms, key=lambda term: term[0])
    return tuple(
        Requirement(key, cast("Operator", operator), values)
        for key, operator, values in ordered
    )
