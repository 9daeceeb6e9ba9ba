"""A Kubernetes API server in this process.

Guarantees:

- One writer and one revision counter: every committed write takes the next revision,
  and a write that changes nothing takes none and sends no event.
- Reads and lists are consistent: one state, at the revision that they name; the pages
  of a list come from one state however long reading them takes.
- A watch misses nothing and repeats nothing from the version that it starts at, until
  it ends; a watch from before the kept history says so with 410.
- Whatever is asked, the answer is the Status that kube-apiserver gives: bad input is
  never answered by a failure of the server, and never leaves a request hanging.
- Who asks is who the client's certificate or token proves; in process and over plain
  HTTP everybody is the administrator. Each request passes an Authorizer.
- Time comes from the Clock, ids from Random, waits from the event loop: with all three
  given, a run can be repeated to the byte; but for the keys of certificates and tokens.
"""

from homeostat.apiserver._authn import Authentication, read_tokens
from homeostat.apiserver._authorize import (
    Attributes,
    Authorizer,
    Decision,
    NonResourceRule,
    ResourceRule,
    Rules,
)
from homeostat.apiserver._erase import erase
from homeostat.apiserver._faults import Fault, Faults
from homeostat.apiserver._history import HistoryLimits
from homeostat.apiserver._http import serve
from homeostat.apiserver._processes import Finished, LogLine, Processes
from homeostat.apiserver._server import ApiServer
from homeostat.apiserver._snapshot import Snapshot
from homeostat.apiserver._tls import Tls
from homeostat.apiserver._users import User

__all__ = [
    "ApiServer",
    "Attributes",
    "Authentication",
    "Authorizer",
    "Decision",
    "Fault",
    "Faults",
    "Finished",
    "HistoryLimits",
    "LogLine",
    "NonResourceRule",
    "Processes",
    "ResourceRule",
    "Rules",
    "Snapshot",
    "Tls",
    "User",
    "erase",
    "read_tokens",
    "serve",
]
