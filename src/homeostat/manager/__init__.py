"""One process: its controllers, their caches, its health, its start and its end.

Guarantees:

- *Order*: endpoints first, then caches, then controllers, each of which works once the
  caches that it declares are full. The end is the reverse: controllers take no new key
  and finish what runs, until a deadline; then events, caches and endpoints end.
- *Each on its own*: a missing CustomResourceDefinition, a 403 or a bug degrades the one
  controller that it concerns, says so in the log and in the health report, and heals by
  itself. The others go on.
- *Shared caches*: one watch per kind and namespace, whoever asks.
- *Cancellation is the only stop signal* of ``Manager.run``; ``run`` turns signals into
  it, and a second signal ends the process at once.

The HTTP library is imported when a health address is given, not before.
"""

from homeostat.manager._controllers import check_controllers
from homeostat.manager._crds import (
    definition_of,
    install_crds,
    is_controller,
    resources_of,
)
from homeostat.manager._endpoints import parse_address
from homeostat.manager._health import Health
from homeostat.manager._logging import (
    JsonFormatter,
    LogFormat,
    TextFormatter,
    log_handler,
)
from homeostat.manager._manager import Manager
from homeostat.manager._run import run

__all__ = [
    "Health",
    "JsonFormatter",
    "LogFormat",
    "Manager",
    "TextFormatter",
    "check_controllers",
    "definition_of",
    "install_crds",
    "is_controller",
    "log_handler",
    "parse_address",
    "resources_of",
    "run",
]
