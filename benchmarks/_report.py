"""Print figures for people or for machines."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Of the value.
        bar: What it should not exceed, None where there is no bar.
    """

    name: str
    value: float
    unit: str
    bar: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the figure is within its bar."""
        return self.bar is None or self.value <= self.bar


def report(title: str, figures: Sequence[Figure], *, as_json: bool) -> bool:
    """Print figures; return whether all of them are within their bars."""
    if as_json:
        for figure in figures:
            print(json.dumps({"benchmark": title, **asdict(figure)}))
        return all(figure.holds for figure in figures)
    table = Table(title=f"{title}  ({_versions()})", title_justify="left", box=None)
    table.add_column("figure")
    for column in ("measured", "bar"):
        table.add_column(column, justify="right")
    for figure in figures:
        bar = "" if figure.bar is None else f"{figure.bar:g} {figure.unit}"
        table.add_row(
            figure.name,
            f"{figure.value:g} {figure.unit}",
            bar,
            style="" if figure.holds else "red",
        )
    Console().print(table)
    return all(figure.holds for figure in figures)


def _versions() -> str:
    names = ("homeostat", "msgspec", "aiohttp")
    libraries = ", ".join(f"{name} {version(name)}" for name in names)
    return f"Python {platform.python_version()}, {libraries}"
