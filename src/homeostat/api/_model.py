"""The base of every typed struct, and the metaclass that keeps msgspec's traps shut."""

import copy
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Final, cast, dataclass_transform

import msgspec

from homeostat.api._default_check import check_default
from homeostat.api._field import Field, FieldInfo, ValidationRule
from homeostat.api._kinds import JSON

__all__ = ["Model", "fields_of", "wire_name"]

_MUTABLE: Final[tuple[type[Any], ...]] = (list, dict, set, bytearray, msgspec.Struct)


def wire_name(name: str) -> str:
    """Return the wire's name of a Python field: camelCase, without a final ``_``.

    ``api_version`` is ``apiVersion``; ``from_`` is ``from``. Acronyms cannot be
    guessed: such fields say ``Field(name="podIPs")``.
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


def _is_class_var(annotation: object) -> bool:
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or getattr(annotation, "__origin__", 0) is ClassVar


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
      strings, zeros and false that are defaults are not sent. Nor are, unlike in Go,
      structs that nobody set: ``to_dict`` and ``encode`` take them out.
    """

    def __new__(  # noqa: PYI034 - Self is not for metaclasses (PEP 673)
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        omit_empty: bool = False,
        **options: JSON,
    ) -> "_ModelMeta":
        infos = _take_fields(name, namespace, omit_empty=omit_empty)
        for field_name, value in namespace.items():
            if isinstance(value, FieldInfo):
                raise TypeError(f"{name}.{field_name} = Field(...) has no annotation")
        make: Any = super().__new__
        cls: _ModelMeta = make(
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
        held: set[str] = set()
        for base in reversed(bases):
            inherited.update(getattr(base, "__field_infos__", {}))
            held |= getattr(base, "__value_structs__", frozenset[str]())
        cls.__field_infos__ = MappingProxyType(inherited | infos)
        own = {name for name, info in infos.items() if _makes_struct(info)}
        cls.__value_structs__ = frozenset(
            held - infos.keys() | (own if omit_empty else set())
        )
        return cls

    __field_infos__: Mapping[str, FieldInfo]
    __value_structs__: frozenset[str]


_ABSENT: Final[Any] = object()
_MSGSPEC_FIELD: Final = type(cast("object", msgspec.field()))


def _take_fields(
    owner: str, namespace: dict[str, Any], *, omit_empty: bool
) -> dict[str, FieldInfo]:
    """Turn the defaults of a class body into msgspec's; return what Field was told."""
    infos: dict[str, FieldInfo] = {}
    for name, annotation in _annotations(namespace).items():
        default = namespace.get(name, _ABSENT)
        if default is _ABSENT or _is_class_var(annotation):
            continue
        if isinstance(default, FieldInfo):
            infos[name] = info = default
            check_default(f"{owner}.{name}", info)
        elif isinstance(default, _MSGSPEC_FIELD):
            raise TypeError(f"{name}: use homeostat's Field, not msgspec.field")
        else:
            info = FieldInfo(default=default)
        if info.required and not info.name:
            del namespace[name]
        else:
            namespace[name] = _settled(info, omit_empty=omit_empty)
    return infos


def _settled(info: FieldInfo, *, omit_empty: bool) -> JSON:
    """Return what msgspec shall see as the default of a field."""
    name = info.name or None
    if info.required:
        return msgspec.field(name=name)
    if info.default_factory is not msgspec.NODEFAULT:
        factory = info.default_factory
        if not omit_empty and factory in (list, dict):
            factory = _hidden(factory)
        return msgspec.field(default_factory=factory, name=name)
    value = info.default
    if (
        value is None
        or isinstance(value, msgspec.Raw)
        or (omit_empty and value in ("", 0, False))
    ):
        return msgspec.field(default=value, name=name)
    if omit_empty and value in ([], {}):
        empty = list if isinstance(value, list) else dict
        return msgspec.field(default_factory=cast("Any", empty), name=name)
    return msgspec.field(default_factory=_maker(value), name=name)


def _makes_struct(info: FieldInfo) -> bool:
    factory: object = info.default_factory
    return isinstance(factory, type) and issubclass(factory, msgspec.Struct)


def _hidden(factory: Callable[[], Any]) -> Callable[[], Any]:
    # msgspec knows list and dict, and leaves out what they made while it is empty.
    def make() -> JSON:
        return factory()

    return make


def _maker(value: JSON) -> Callable[[], Any]:
    """Return a factory of equal values, each the caller's own."""
    mutable = isinstance(value, _MUTABLE)

    def make() -> JSON:
        return copy.deepcopy(value) if mutable else value

    return make


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class Model(msgspec.Struct, metaclass=_ModelMeta):
    """Base of every typed struct.

    Fields are keyword arguments, ``snake_case`` here and ``camelCase`` on the wire.
    Fields that the server sends and the type does not know are skipped. ``None`` is
    never sent where it is the default; any other default is, unless the class was made
    with ``omit_empty=True``: then empty texts, lists and maps, zeros and false that are
    defaults are left out, and so are empty structs where the default is a struct made
    by its own class (``Field(default_factory=Limits)``). A struct that is None until it
    is set is sent, once it is, even if it is empty.

    The docstring becomes the description in the schema. ``__rules__`` are its CEL
    rules; ``__preserve_unknown__`` lets the server keep fields that it does not name.
    """

    __rules__: ClassVar[Sequence[ValidationRule]] = ()
    __preserve_unknown__: ClassVar[bool] = False

    if TYPE_CHECKING:

        def __init_subclass__(cls, *, omit_empty: bool = False) -> None: ...


def fields_of(model: type[Model]) -> Mapping[str, FieldInfo]:
    """Return what ``Field`` was told, by Python name; fields without it are absent."""
    return model.__field_infos__
