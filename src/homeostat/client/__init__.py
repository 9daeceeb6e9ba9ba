"""The client: kubeconfig to typed objects, every write accounted for.

* Reads are live. Writes return what the server stored.
* Typed in, typed out; plain dicts in, plain dicts out; fields that a type does not know
  survive an update.
* A request is sent again only when that is safe, or when the server asks for it, as
  client-go does. A write that was sent and whose answer is lost raises
  ``OutcomeUnknownError``, never a guess.
* Every write runs under the current ``WriteScope``: its observers and the client's
  hear of it before it is sent, and exactly once of what became of it; a closed epoch
  refuses it with ``FencedError``.
* Configuration errors are found before anything is sent, and say what to do.
* Importing this package loads no HTTP library; the first request does.
"""

from homeostat.client._client import Client
from homeostat.client._config import ClusterConfig, ExecConfig, InteractiveMode
from homeostat.client._discovery import Discovery
from homeostat.client._load import load_config
from homeostat.client._merge import schema_for
from homeostat.client._types import (
    ALL,
    AllNamespaces,
    Bookmark,
    FieldsLike,
    FieldValidation,
    LabelsLike,
    ListMatch,
    NamespaceLike,
    PatchType,
    Propagation,
    RawList,
    Scale,
    WatchEvent,
    WriteOptions,
)

__all__ = [
    "ALL",
    "AllNamespaces",
    "Bookmark",
    "Client",
    "ClusterConfig",
    "Discovery",
    "ExecConfig",
    "FieldValidation",
    "FieldsLike",
    "InteractiveMode",
    "LabelsLike",
    "ListMatch",
    "NamespaceLike",
    "PatchType",
    "Propagation",
    "RawList",
    "Scale",
    "WatchEvent",
    "WriteOptions",
    "load_config",
    "schema_for",
]
