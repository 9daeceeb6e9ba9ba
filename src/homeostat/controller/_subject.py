"""What owner references, events and patches say of the reconciled object."""

from typing import final

from homeostat.api import Unstructured
from homeostat.cache import Record

__all__ = ["Subject"]


@final
class Subject:
    """The reconciled object where it is named; made only when something names it.

    Args:
        source: Its record, or the server's answer to a write of it.
    """

    __slots__ = ("_source",)

    def __init__(self, source: Record | Unstructured) -> None:
        self._source = source

    def document(self) -> Unstructured:
        """Return its kind and its names; the whole object after a write."""
        if isinstance(self._source, Record):
            record = self._source
            self._source = {
                "apiVersion": record.gvk.api_version,
                "kind": record.gvk.kind,
                "metadata": {
                    "namespace": record.namespace,
                    "name": record.name,
                    "uid": record.uid,
                    "resourceVersion": record.resource_version,
                },
            }
        return self._source
