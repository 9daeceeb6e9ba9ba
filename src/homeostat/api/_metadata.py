# ruff: noqa: RUF012 - a Model gives every object defaults of its own
"""The metadata that every object carries, and the small types shared by all kinds."""

from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from homeostat.api._field import Field
from homeostat.api._kinds import JSON, NamespacedName, Resource
from homeostat.api._model import Model
from homeostat.api._time import Time

__all__ = [
    "Condition",
    "LabelSelector",
    "LabelSelectorRequirement",
    "ListMeta",
    "ManagedFieldsEntry",
    "Object",
    "ObjectMeta",
    "OwnerReference",
]


_NOTHING: Final = msgspec.Raw()
_parse: Callable[[msgspec.Raw], dict[str, JSON] | None]
_parse = msgspec.json.Decoder(dict[str, JSON] | None).decode


class OwnerReference(Model, omit_empty=True):
    """Names an owner of an object: in its namespace, or cluster-scoped."""

    api_version: str
    kind: str
    name: str
    uid: str
    controller: bool | None = None
    block_owner_deletion: bool | None = None


class ManagedFieldsEntry(Model, omit_empty=True):
    """The fields that one field manager owns, by one operation."""

    manager: str = ""
    operation: str = ""
    api_version: str = ""
    time: Time | None = None
    fields_type: str = ""
    subresource: str = ""
    # As bytes, as Go keeps them: they are a third of many an object, and of those who
    # read it hardly one looks at them.
    _fields_v1: msgspec.Raw = Field(default=_NOTHING, name="fieldsV1")

    @property
    def fields_v1(self) -> dict[str, JSON] | None:
        """The fields, read anew at each access; None when there are none."""
        return _parse(self._fields_v1) if self._fields_v1 else None


class ObjectMeta(Model, omit_empty=True):
    """Metadata of an object: its name, labels, owners and the server's bookkeeping."""

    name: str = ""
    generate_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    creation_timestamp: Time | None = None
    deletion_timestamp: Time | None = None
    deletion_grace_period_seconds: int | None = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[OwnerReference] = []
    finalizers: list[str] = []
    managed_fields: list[ManagedFieldsEntry] = []
    self_link: str = ""


class ListMeta(Model, omit_empty=True):
    """Metadata of a list."""

    resource_version: str = ""
    continue_: str = ""
    remaining_item_count: int | None = None
    self_link: str = ""


class Condition(Model, omit_empty=True):
    """One observation of an object's state (``metav1.Condition``).

    Change conditions with ``set_condition``: it keeps ``last_transition_time`` true.
    """

    type: str
    status: str
    observed_generation: int = 0
    last_transition_time: Time | None = None
    reason: str = Field(default_factory=str)
    message: str = Field(default_factory=str)


class LabelSelectorRequirement(Model, omit_empty=True):
    """One expression of a label selector."""

    key: str
    operator: str
    values: list[str] = []


class LabelSelector(Model, omit_empty=True):
    """A label selector in its JSON form; ``Selector.of`` makes one that matches."""

    match_labels: dict[str, str] = {}
    match_expressions: list[LabelSelectorRequirement] = []


class Object(Model, omit_empty=True):
    """Base of every typed kind: what has ``apiVersion``, ``kind`` and metadata.

    A kind sets ``__resource__``; ``api_version`` and ``kind`` follow from it.
    """

    __resource__: ClassVar[Resource]

    api_version: str = ""
    kind: str = ""
    metadata: ObjectMeta = Field(default_factory=ObjectMeta)

    def __post_init__(self) -> None:
        # Items of a list come without the two; a subclass may override neither.
        if self.api_version and self.kind:
            return
        resource: Resource | None = getattr(type(self), "__resource__", None)
        if resource is None:
            raise TypeError(
                f"{type(self).__name__} has no kind: decorate it with "
                "@custom_resource(...)"
            )
        self.api_version = self.api_version or resource.gvk.api_version
        self.kind = self.kind or resource.gvk.kind

    @property
    def key(self) -> NamespacedName:
        """Namespace and name."""
        return NamespacedName(self.metadata.namespace, self.metadata.name)
