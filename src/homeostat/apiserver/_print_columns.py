"""What a table of a kind consists of: its columns, and how to fill a row of cells."""

from collections.abc import Callable
from typing import Any, NamedTuple

from homeostat.api import JSON
from homeostat.apiserver._print_text import Ages

__all__ = ["AGE", "NAME", "Cells", "Column", "Printer", "integers", "texts", "wide"]

Cells = Callable[[dict[str, Any], Ages], list[JSON]]


class Column(NamedTuple):
    """One column.

    Attributes:
        name: Its heading.
        type: What its cells are: ``string``, ``integer``, ``boolean``, ``date``, ...
        format: ``name`` marks the column that identifies the object.
        priority: 0 is always shown, 1 with ``-o wide``.
        description: What it holds; that of built-in kinds is left out.
    """

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""

    @property
    def definition(self) -> dict[str, JSON]:
        """The column as a Table defines it, its fields in the server's order."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


class Printer(NamedTuple):
    """How one kind is shown.

    Attributes:
        columns: The columns.
        cells: Gives the cells of an object, one for each column.
        conditions: Gives what else is said of a row, None for nothing.
    """

    columns: tuple[Column, ...]
    cells: Cells
    conditions: Callable[[dict[str, Any]], JSON] | None = None


NAME = Column("Name", format="name")
AGE = Column("Age")


def texts(*names: str) -> tuple[Column, ...]:
    """Return columns of texts."""
    return tuple(Column(name) for name in names)


def integers(*names: str) -> tuple[Column, ...]:
    """Return columns of whole numbers."""
    return tuple(Column(name, "integer") for name in names)


def wide(*names: str) -> tuple[Column, ...]:
    """Return columns of texts that are shown when there is room."""
    return tuple(Column(name, priority=1) for name in names)
