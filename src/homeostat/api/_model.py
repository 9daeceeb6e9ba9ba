"""The base of every typed struct, and the metaclass that keeps msgspec's traps shut."""

import copy
import sys
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, cast, dataclass_transform

import msgspec

from homeostat.api._field import Field, FieldInfo

__all__ = ["Model", "fields_of", "wire_name"]


def wire_name(name: str) -> str:
    """Return the wire's name of a Python field: camelCase, without a final ``_``.

    ``api_version`` is ``apiVersion``; ``from_`` is ``from``. Acronyms cannot be guessed:
    such fields say ``Field(name="podIPs")``.
    """
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def _annotations(namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the annotations of a class that is being made, unresolved."""
    if sys.version_info >= (3, 14):  # PEP 649: they are a function until asked for
        import annotationlib  # noqa: PLC0415

        function = annotationlib.get_annotate_from_class_namespace(namespace)
        if function is not None:
            return annotationlib.call_annotate_function(
                function, annotationlib.Format.FORWARDREF
            )
    found: Mapping[str, Any] = namespace.get("__annotations__", {})
    return found


def _is_class_var(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or getattr(annotation, "__origin__", 0) is ClassVar


def _maker(value: Any) -> Callable[[], Any]:
    """Return a factory of equal values, each the caller's own."""
    if isinstance(value, list | dict | set | bytearray | Model):
        return lambda: copy.deepcopy(value)
    return lambda: value


class _ModelMeta(msgspec.StructMeta):
    """Makes structs that read and write Kubernetes' JSON without surprises.

    * Every field is keyword-only, inherited ones too, so that a required field may
      follow an optional one.
    * Wire names are camelCase, or what ``Field(name=...)`` says.
    * ``Field``'s constraints are kept for the schema and do not reach the decoder.
    * A value that equals its default is still sent, ``None`` is not: server-side apply
      owns what is sent. msgspec can do the one or the other, except that it never takes
      the result of a factory for a default: so defaults become factories.
    * With ``omit_empty=True``, as Go's ``omitempty`` on values: empty lists, maps and
      strings, zeros and false that are defaults are not sent.
    """

    # PYI034 and N804 follow type's own signature.
    def __new__(  # noqa: PYI034
        mcls: type[Any],
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        omit_empty: bool = False,
        **options: Any,
    ) -> Any:
        infos: dict[str, FieldInfo] = {}
        for field_name, annotation in _annotations(namespace).items():
            if _is_class_var(annotation):
                continue
            info = namespace.get(field_name, _ABSENT)
            if isinstance(info, FieldInfo):
                infos[field_name] = info
                del namespace[field_name]
            elif info is not _ABSENT and not isinstance(info, _MSGSPEC_FIELD):
                info = FieldInfo(default=info)
            else:
                continue
            settled = _settle(info, omit_empty=omit_empty)
            if settled is not _ABSENT:
                namespace[field_name] = settled
        for field_name, value in namespace.items():
            if isinstance(value, FieldInfo):
                raise TypeError(f"{name}.{field_name} = Field(...) has no annotation")
        cls = super().__new__(  # type: ignore[misc]
            mcls,
            name,
            bases,
            namespace,
            kw_only=True,
            omit_defaults=True,
            repr_omit_defaults=True,
            rename=wire_name,
            **options,
        )
        inherited: dict[str, FieldInfo] = {}
        for base in reversed(bases):
            inherited.update(getattr(base, "__field_infos__", {}))
        cls.__field_infos__ = MappingProxyType(inherited | infos)
        return cls


_ABSENT: Any = object()
_MSGSPEC_FIELD: Any = type(msgspec.field())


def _settle(info: FieldInfo, *, omit_empty: bool) -> Any:
    """Return what msgspec shall see as the default of a field."""
    name = info.name or None
    if info.required:
        return msgspec.field(name=name) if name else _ABSENT
    if info.default_factory is not msgspec.NODEFAULT:
        factory = info.default_factory
        # msgspec knows list and dict, and drops what they make while it is empty.
        if not omit_empty and factory in (list, dict):
            factory = _own(factory)
        return msgspec.field(default_factory=factory, name=name)
    value = info.default
    if value is None:
        return msgspec.field(default=None, name=name)
    if omit_empty:
        if isinstance(value, list | dict) and not value:
            return msgspec.field(default_factory=type(value), name=name)
        if value in ("", 0, False) and isinstance(value, str | int | float):
            return msgspec.field(default=value, name=name)
    return msgspec.field(default_factory=_maker(value), name=name)


def _own(factory: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: factory()


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class Model(msgspec.Struct, metaclass=_ModelMeta):
    """Base of every typed struct.

    Fields are keyword arguments, ``snake_case`` here and ``camelCase`` on the wire.
    Fields that the server sends and the type does not know are skipped. ``None`` is never
    sent where it is the default; any other default is, unless the class was made with
    ``omit_empty=True``.

    The docstring becomes the description in the schema.
    """

    __field_infos__: ClassVar[Mapping[str, FieldInfo]]


def fields_of(model: type[Model]) -> Mapping[str, FieldInfo]:
    """Return what ``Field`` was told, by Python name; fields without it are absent."""
    return cast("Mapping[str, FieldInfo]", model.__field_infos__)
