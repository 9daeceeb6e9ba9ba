"""An operator of kopf: handlers, what they return in the status, and finalizers."""

from importlib import import_module
from typing import Any

from tests.clients import given

kopf: Any = import_module("kopf")
WIDGETS = (given.GROUP, given.VERSION, given.PLURAL)


@kopf.on.startup()  # type: ignore[untyped-decorator]
def at_once(settings: Any, **_: Any) -> None:
    """Keep its notes in the status, and wait for nothing."""
    settings.persistence.finalizer = "clients.example.com/kopf"
    settings.peering.standalone = True


@kopf.on.create(*WIDGETS)  # type: ignore[untyped-decorator]
def created(spec: Any, patch: Any, body: Any, **_: Any) -> dict[str, Any]:
    patch.status["ready"] = spec["size"]
    kopf.info(body, reason="Made", message=f"of size {spec['size']}")
    return {"color": spec["color"]}


@kopf.on.update(*WIDGETS, field="spec.size")  # type: ignore[untyped-decorator]
def resized(old: Any, new: Any, patch: Any, **_: Any) -> str:
    patch.status["ready"] = new
    return f"{old} to {new}"


@kopf.on.delete(*WIDGETS)  # type: ignore[untyped-decorator]
def deleted(body: Any, **_: Any) -> None:
    kopf.info(body, reason="Gone", message="farewell")
