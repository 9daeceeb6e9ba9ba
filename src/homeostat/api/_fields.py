"""Field selectors: parsed, matched and written as the API server does."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["FieldRequirement", "FieldSelector"]

_OPERATORS = ("!=", "==", "=")  # in this order: "==" must not leave a "=" in the value


@dataclass(frozen=True, slots=True)
class FieldRequirement:
    """One term of a field selector."""

    field: str
    operator: str
    value: str

    def matches(self, lookup: Callable[[str], str]) -> bool:
        """Whether the field's value meets this term; an absent field is ""."""
        return (lookup(self.field) == self.value) is (self.operator == "=")

    def __str__(self) -> str:
        return f"{self.field}{self.operator}{escape(self.value)}"


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """A field selector, ready to match. One without terms selects everything."""

    requirements: tuple[FieldRequirement, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "FieldSelector":
        r"""Read ``metadata.name=a,spec.nodeName!=b``, with ``\`` as the escape.

        Terms with an empty field are kept: which fields exist is the kind's business.

        Raises:
            ValueError: With the message of the API server.
        """
        terms: list[FieldRequirement] = []
        for part in sorted(_split_terms(text)):
            if not part:
                continue
            term = _split_term(part)
            if term is None:
                raise ValueError(
                    f"invalid selector: '{text}'; can't understand '{part}'"
                )
            field, operator, value = term
            sense = "!=" if operator == "!=" else "="
            terms.append(FieldRequirement(field, sense, _unescape(value)))
        return cls(tuple(terms))

    @property
    def empty(self) -> bool:
        """Whether it selects everything."""
        return not self.requirements

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields that it looks at, in order, each once."""
        return tuple(dict.fromkeys(term.field for term in self.requirements))

    def matches(self, lookup: Callable[[str], str]) -> bool:
        """Whether the fields meet every term.

        Args:
            lookup: Gives the value of a field by its name, "" when it is absent.
        """
        return all(term.matches(lookup) for term in self.requirements)

    def requires(self, field: str) -> str | None:
        """Return the one value that ``field`` must have, None when it is free."""
        for term in self.requirements:
            if term.field == field and term.operator == "=":
                return term.value
        return None

    def __str__(self) -> str:
        """Return the canonical text, as it goes into a query."""
        return ",".join(map(str, self.requirements))


def escape(value: str) -> str:
    """Return a value as it stands in a field selector."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")


def _split_terms(text: str) -> list[str]:
    terms: list[str] = []
    start, escaped = 0, False
    for at, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == ",":
            terms.append(text[start:at])
            start = at + 1
    return [*terms, text[start:]]


def _split_term(term: str) -> tuple[str, str, str] | None:
    for at in range(len(term)):
        for operator in _OPERATORS:
            if term.startswith(operator, at):
                return term[:at], operator, term[at + len(operator) :]
    return None


def _unescape(value: str) -> str:
    out: list[str] = []
    chars = iter(value)
    for char in chars:
        if char == "\\":
            escaped = next(chars, "")
            if escaped not in ("\\", ",", "="):
                raise ValueError(
                    "invalid field selector: invalid escape sequence: \\" + escaped
                )
            out.append(escaped)
        elif char in ",=":
            # The server's text has the character's number here, and so has ours.
            raise ValueError(
                f"invalid field selector: unescaped character in value: {ord(char)}"
            )
        else:
            out.append(char)
    return "".join(out)
