"""The built-in kinds of Kubernetes: types, schemas and resources, all from one table.

Guarantees:

* One module per group and version (``core_v1``, ``apps_v1``, ...), complete for what
  the API server publishes. Importing one costs next to nothing: the table is read, and
  classes are made, when they are first used. ``.pyi`` files tell type checkers and
  editors what is there.
* Types mean what the Go types mean. What Go has a pointer for is ``None`` until it is
  set; lists, maps and structs are never ``None``; every field may be left out, so that
  decoding does not fail because a server omits one. Wire names are exact. Numbers and
  booleans that Go always writes are sent as zero and false, too; structs that nobody
  set are not sent at all.
* ``from_protobuf`` decodes what generated clients in Go send to what the same object's
  JSON is decoded to.
* ``schema_of`` gives the structural schema of a kind, with list types, keys and patch
  keys; ``resources`` what discovery says; both without making a class.
"""

from homeostat.k8s._classes import type_of
from homeostat.k8s._components import component_of, components
from homeostat.k8s._protobuf import from_protobuf
from homeostat.k8s._schemas import schema_of
from homeostat.k8s._table import Subresource, resources, server_version, subresources
from homeostat.k8s._wire import WireError

__all__ = [
    "Subresource",
    "WireError",
    "component_of",
    "components",
    "from_protobuf",
    "resources",
    "schema_of",
    "server_version",
    "subresources",
    "type_of",
]
