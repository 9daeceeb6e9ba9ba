"""The kind of the replay server as a class: a Pod's spec and status, every field."""

from typing import ClassVar

from homeostat.api import GroupVersionKind, Object, Resource
from homeostat.k8s import core_v1

__all__ = ["Widget"]


class Widget(Object):
    """A Widget, typed as completely as client-go's Pod."""

    __resource__: ClassVar[Resource] = Resource(
        gvk=GroupVersionKind("bench.example.com", "v1", "Widget"),
        plural="widgets",
        namespaced=True,
    )

    spec: core_v1.PodSpec
    status: core_v1.PodStatus | None = None
