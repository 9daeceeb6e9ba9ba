"""Custom resources: kinds that users declare as classes."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, cast, get_args, get_origin

from homeostat.api._conditions import set_condition
from homeostat.api._definition import (
    Definition,
    PrinterColumn,
    Scale,
    Scope,
    plural_of,
)
from homeostat.api._field import Field
from homeostat.api._kinds import GroupVersionKind, Resource
from homeostat.api._metadata import Condition, Object
from homeostat.api._model import Model

__all__ = ["CustomResource", "Spec", "Status", "custom_resource"]


class Spec(Model):
    """Base of the spec of a custom resource: what should be."""


class Status(Model, omit_empty=True):
    """Base of the status of a custom resource: what was observed.

    Every field of a subclass needs a default: a new object has no status yet.
    """

    conditions: list[Condition] = []  # noqa: RUF012 - each object gets its own
    observed_generation: int | None = None


SpecT = TypeVar("SpecT", bound=Model)
StatusT = TypeVar("StatusT", bound=Status)
ObjectT = TypeVar("ObjectT", bound=Object)


class CustomResource(Object, Generic[SpecT, StatusT]):
    """Base of custom resources: ``class Foo(CustomResource[FooSpec, FooStatus])``.

    An object without a status gets an empty one: ``obj.status`` is always there.
    A subclass with a ``__post_init__`` of its own calls ``super().__post_init__()``.
    """

    __definition__: ClassVar[Definition]

    spec: SpecT
    status: StatusT = Field(default=cast("Any", None))

    def __post_init__(self) -> None:
        super().__post_init__()
        if cast("Any", self.status) is None:
            self.status = _status_type(type(self))()

    def set_condition(
        self,
        type_: str,
        status: bool | str | None,  # noqa: FBT001
        *,
        reason: str,
        message: str = "",
        now: datetime | None = None,
    ) -> bool:
        """Set a condition of the status, stamped with the object's generation.

        See ``homeostat.api.set_condition``.
        """
        generation = self.metadata.generation
        self.status.observed_generation = generation or None
        return set_condition(
            self.status.conditions,
            type_,
            status,
            reason=reason,
            message=message,
            observed_generation=generation,
            now=now,
        )


@cache
def _status_type(cls: Hashable) -> Callable[[], Any]:
    owner = cast("type[Any]", cls)
    for base in owner.__mro__:
        for parent in getattr(base, "__orig_bases__", ()):
            if get_origin(parent) is CustomResource:
                found = get_args(parent)[1]
                if isinstance(found, type):
                    return cast("type[Any]", found)
    raise TypeError(
        f"{owner.__name__} does not say its types: "
        f"class {owner.__name__}(CustomResource[ItsSpec, ItsStatus])"
    )


def custom_resource(  # noqa: PLR0913 - keywords are the builder
    *,
    group: str,
    version: str,
    kind: str | None = None,
    plural: str | None = None,
    singular: str | None = None,
    list_kind: str | None = None,
    short_names: Sequence[str] = (),
    categories: Sequence[str] = (),
    scope: Scope = "Namespaced",
    printer_columns: Sequence[PrinterColumn] = (),
    scale: Scale | None = None,
    status: bool = True,
    selectable_fields: Sequence[str] = (),
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
    deprecation_warning: str = "",
) -> Callable[[type[ObjectT]], type[ObjectT]]:
    """Make a class a kind of the cluster; ``crd_for`` gives its definition.

    Args:
        group: A domain name, as ``apps.example.com``.
        version: As ``v1alpha1``.
        kind: The class' name when not given.
        plural: Guessed from the kind when not given.
        singular: The kind in lower case when not given.
        list_kind: The kind and ``List`` when not given.
        short_names: For kubectl, as ``["ps"]``.
        categories: As ``["all"]``: listed by ``kubectl get all``.
        scope: Whether objects live in namespaces.
        printer_columns: Columns of ``kubectl get``, beside the name.
        scale: Gives the kind a scale subresource.
        status: Whether status is a subresource, written apart from the rest.
        selectable_fields: Paths that field selectors may use, as ``.spec.color``.
        annotations: Of the definition. Groups below k8s.io and kubernetes.io need
            ``api-approved.kubernetes.io``.
        labels: Of the definition.
        deprecation_warning: Shown to everyone who uses the kind; "" for none.

    Raises:
        TypeError: The class is not an ``Object``, or its status has a required field.
        ValueError: A name or path that the API server would refuse.
    """

    def declare(cls: type[ObjectT]) -> type[ObjectT]:
        if not issubclass(cast("type[Any]", cls), Object):
            raise TypeError(
                f"{cls!r} cannot be a custom resource: derive it from "
                "CustomResource[Spec, Status]"
            )
        name = kind or cls.__name__
        subresources = {"status"} if status else set[str]()
        if scale is not None:
            subresources.add("scale")
        resource = Resource(
            gvk=GroupVersionKind(group, version, name),
            plural=plural or plural_of(name),
            namespaced=scope == "Namespaced",
            singular=singular or "",
            list_kind=list_kind or "",
            short_names=_names("short_names", short_names),
            categories=_names("categories", categories),
            subresources=frozenset(subresources),
        )
        definition = Definition(
            resource=resource,
            printer_columns=tuple(printer_columns),
            scale=scale,
            status=status,
            selectable_fields=tuple(selectable_fields),
            annotations=dict(annotations or {}),
            labels=dict(labels or {}),
            deprecation_warning=deprecation_warning,
        )
        made: Any = cls
        if CustomResource in made.__mro__:
            _check_status(made)
        made.__resource__, made.__definition__ = resource, definition
        return cls

    return declare


def _names(option: str, names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(names, str):
        raise TypeError(f'{option} is a list: ["{names}"]')
    return tuple(names)


def _check_status(cls: type[Any]) -> None:
    made: Any = _status_type(cast("Hashable", cls))
    try:
        made()
    except TypeError as error:
        raise TypeError(
            f"{made.__name__}: every field of a status needs a default, for a new "
            f"{cls.__name__} has none yet ({error})"
        ) from None
