"""Tables: objects as rows of cells, as ``kubectl get`` shows them.

Printers are loaded with the first table, and rows are made when they are asked for.

Source: apiserver ``endpoints/handlers/response.go`` and ``registry/rest/table.go``.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import msgspec

from homeostat.api import JSON
from homeostat.apiserver._access import child
from homeostat.apiserver._encode import encode_struct
from homeostat.apiserver._print_columns import AGE, NAME, Column, Printer, integers
from homeostat.apiserver._print_text import Ages, name_of
from homeostat.apiserver._registry import Served

__all__ = ["Row", "printer_of", "row_of", "scale_printer", "table_body"]

Value = dict[str, Any]
Row = bytes


def _plain(value: Value, _: Ages) -> list[JSON]:
    # The zero of a time, for a bookmark.
    created = value["metadata"].get("creationTimestamp") or "0001-01-01T00:00:00Z"
    return [name_of(value), created]


_PLAIN = Printer((NAME, Column("Created At", "date")), _plain)


def _scale(value: Value, ages: Ages) -> list[JSON]:
    spec, status = child(value, "spec"), child(value, "status")
    counts = [spec.get("replicas") or 0, status.get("replicas") or 0]
    return [name_of(value), *counts, ages.of(value)]


_REPLICAS = integers("Desired", "Available")
_SCALE = Printer((Column("Name"), *_REPLICAS, AGE), _scale)
_CUSTOM_SCALE = Printer((NAME, *_REPLICAS, Column("Age", "date")), _scale)


def scale_printer(served: Served) -> Printer:
    """Return how the scales of a resource are shown."""
    return _CUSTOM_SCALE if served.custom else _SCALE


@cache
def _builtin() -> Mapping[tuple[str, str], Printer]:
    # A server that nobody looks at needs none of them.
    from homeostat.apiserver import (  # noqa: PLC0415
        _print_access,
        _print_autoscalers,
        _print_cluster,
        _print_network,
        _print_pods,
        _print_storage,
        _print_workloads,
    )

    return {
        **_print_access.PRINTERS,
        **_print_autoscalers.PRINTERS,
        **_print_cluster.PRINTERS,
        **_print_network.PRINTERS,
        **_print_pods.PRINTERS,
        **_print_storage.PRINTERS,
        **_print_workloads.PRINTERS,
    }


def printer_of(served: Served) -> Printer:
    """Return how the objects of a resource are shown, in their stored version."""
    if served.custom:
        from homeostat.apiserver._print_custom import custom_printer  # noqa: PLC0415

        return custom_printer(served.columns)
    return _builtin().get((served.storage.group, served.plural), _PLAIN)


def row_of(printer: Printer, value: Value, ages: Ages, shown: bytes) -> Row:
    """Return one row.

    Args:
        printer: Of its kind.
        value: The object, in the version that is printed.
        ages: The time of the request.
        shown: The encoded object or metadata that goes with the row, or ``null``.
    """
    cells = encode_struct(printer.cells(value, ages))
    conditions = b""
    if printer.conditions is not None:
        found = printer.conditions(value)
        if found:
            conditions = b',"conditions":' + msgspec.json.encode(found)
    return b'{"cells":' + cells + conditions + b',"object":' + shown + b"}"


def table_body(
    printer: Printer,
    rows: Iterable[Row],
    metadata: Mapping[str, JSON],
    version: str,
    *,
    defined: bool = True,
) -> bytes:
    """Return a Table.

    Args:
        printer: Of its kind.
        rows: From ``row_of``.
        metadata: Of the list, or of the one object.
        version: Of ``meta.k8s.io``.
        defined: Whether the columns are defined; once is enough in a watch.
    """
    columns = [column.definition for column in printer.columns] if defined else None
    listed = b"[" + b",".join(rows) + b"]"
    if listed == b"[]" and printer is _PLAIN:
        listed = b"null"
    head = msgspec.json.encode(
        {
            "kind": "Table",
            "apiVersion": f"meta.k8s.io/{version}",
            "metadata": metadata,
            "columnDefinitions": columns,
        }
    )
    return head[:-1] + b',"rows":' + listed + b"}"
