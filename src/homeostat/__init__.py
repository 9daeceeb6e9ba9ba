"""A controller runtime for Kubernetes, with the cluster in the box.

Declare what should be with a ``CustomResource``, say how to get there in a function
with ``@controller``, and ``run`` it::

    from homeostat import Context, CustomResource, Spec, Status
    from homeostat import controller, custom_resource, run
    from homeostat.api import ObjectMeta
    from homeostat.k8s import core_v1

    class GreetingSpec(Spec):
        name: str

    @custom_resource(group="example.com", version="v1")
    class Greeting(CustomResource[GreetingSpec, Status]): ...

    @controller(Greeting, owns=[core_v1.ConfigMap])
    async def greetings(greeting: Greeting, ctx: Context) -> None:
        meta = ObjectMeta(name=greeting.metadata.name)
        data = {"text": f"Hello, {greeting.spec.name}!"}
        await ctx.apply(core_v1.ConfigMap(metadata=meta, data=data), owned=True)

    if __name__ == "__main__":
        run(greetings)

What is heavy loads when it is first used: ``Manager``, ``run``, the HTTP library.
"""

from typing import TYPE_CHECKING

from homeostat.api import CustomResource, Field, Request, Spec, Status, custom_resource
from homeostat.cache import Index
from homeostat.client import ALL, Client
from homeostat.controller import (
    Context,
    Controller,
    Requeue,
    Result,
    Rule,
    SyncContext,
    Watch,
    annotations_changed,
    by_label,
    by_owner,
    controller,
    generation_changed,
    labels_changed,
)
from homeostat.errors import TerminalError

if TYPE_CHECKING:
    from homeostat.manager import Manager, run

__all__ = [
    "ALL",
    "Client",
    "Context",
    "Controller",
    "CustomResource",
    "Field",
    "Index",
    "Manager",
    "Request",
    "Requeue",
    "Result",
    "Rule",
    "Spec",
    "Status",
    "SyncContext",
    "TerminalError",
    "Watch",
    "annotations_changed",
    "by_label",
    "by_owner",
    "controller",
    "custom_resource",
    "generation_changed",
    "labels_changed",
    "run",
]

_LAZY = frozenset({"Manager", "run"})


def __getattr__(name: str) -> object:
    """Load what few programs need at import time."""
    if name in _LAZY:
        from homeostat import manager  # noqa: PLC0415

        found: object = getattr(manager, name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
