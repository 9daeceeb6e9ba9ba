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

Each name loads its package when it is first used: a program pays for what it needs.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeostat.api import (
        CustomResource,
        Field,
        Request,
        Spec,
        Status,
        custom_resource,
    )
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

_HOMES = {
    "api": ("CustomResource", "Field", "Request", "Spec", "Status", "custom_resource"),
    "cache": ("Index",),
    "client": ("ALL", "Client"),
    "errors": ("TerminalError",),
    "manager": ("Manager", "run"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


class _Root(ModuleType):
    """Keeps ``controller`` for the decorator: the package of that name is no export."""

    def __setattr__(self, name: str, value: object) -> None:
        # What is imported becomes an attribute of its parent.
        if name != "controller" or not isinstance(value, ModuleType):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Root


def __getattr__(name: str) -> object:
    """Load a name from its package when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOME.get(name, 'controller')}")
    found: object = getattr(home, name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)
