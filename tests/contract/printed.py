"""Objects of every kind with columns of its own, and the cells that they are shown by.

They stand in ``tables``, in files by subject. ``NS`` is the test's namespace, ``AGO
90`` the time 90 seconds ago, ``MICRO 90`` the same with microseconds. Cells were taken
from the real server, with the ages of what was just made as ``AGE``. A status is
written when the object is there; what is ``deleted`` is held by a finalizer then.
"""

from pathlib import Path
from typing import Any, NamedTuple

from homeostat._yaml import load
from homeostat.k8s import resources

__all__ = ["TABLES", "Printed", "printed"]

Json = dict[str, Any]

TABLES = Path(__file__).with_name("tables")
_BY_KIND = {(each.gvk.api_version, each.gvk.kind): each for each in resources()}


class Printed(NamedTuple):
    """An object, and how it is shown.

    Attributes:
        path: Where it is created.
        body: What is created.
        cells: How it is shown.
        status: What is written to ``/status`` then.
        deleted: It is deleted then.
    """

    path: str
    body: Json
    cells: list[Any]
    status: Json | None = None
    deleted: bool = False


def printed(subject: str) -> list[Printed]:
    """Return the objects of a subject.

    Args:
        subject: The name of a file in ``tables``.
    """
    return [_read(row) for row in load((TABLES / f"{subject}.yaml").read_text())]


def _read(row: Json) -> Printed:
    body = dict(row["object"])
    status = body.pop("status", None)
    resource = _BY_KIND[body["apiVersion"], body["kind"]]
    path = resource.path("NS" if resource.namespaced else "")
    return Printed(path, body, row["cells"], status, row.get("deleted", False))
