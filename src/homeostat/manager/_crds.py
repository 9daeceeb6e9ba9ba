"""Install the definitions of custom resources, and wait until they are served."""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeAlias, TypeGuard, cast

from homeostat.api import CustomResource, Unstructured
from homeostat.client import Client
from homeostat.controller import KindController
from homeostat.errors import ConfigError, InvalidError
from homeostat.k8s import apiextensions_v1
from homeostat.schema import crd_for

__all__ = [
    "AnyResource",
    "definition_of",
    "install_crds",
    "is_controller",
    "resources_of",
]

AnyResource: TypeAlias = CustomResource[Any, Any]

FIELD_MANAGER = "homeostat-crds"


async def install_crds(client: Client, resources: Iterable[type[AnyResource]]) -> None:
    """Apply the CustomResourceDefinitions of types; return once they are served.

    Applied with force: what the types say wins over what was there. The caller limits
    the wait with ``asyncio.timeout``.

    Args:
        client: Of the cluster; needs the right to patch and watch the definitions.
        resources: The types; each is applied once.

    Raises:
        ConfigError: A type has no definition; nothing was sent.
        InvalidError: The server does not take a definition, or its names are taken.
        ForbiddenError: The right is missing.
    """
    definitions = [definition_of(resource) for resource in dict.fromkeys(resources)]
    for definition in definitions:
        await client.apply(definition, force=True, field_manager=FIELD_MANAGER)
    for definition in definitions:
        await _established(client, definition["metadata"]["name"])


def definition_of(resource: type[AnyResource]) -> Unstructured:
    """Return the CustomResourceDefinition of a type.

    Raises:
        ConfigError: The type has none, as a field that no structural schema describes;
            names the type and the field.
    """
    try:
        return crd_for(resource)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"no definition for {resource.__name__}: {error}") from error


def resources_of(values: Iterable[object]) -> list[type[AnyResource]]:
    """Return the custom resource types among ``values``, each once.

    Args:
        values: Anything; of a declared controller its reconciled kind counts.
    """
    found: dict[type[AnyResource], None] = {}
    for value in values:
        kind: object = value
        if is_controller(value):
            kind = value.declaration.options.kind
        if _is_resource(kind):
            found[kind] = None
    return list(found)


def is_controller(value: object) -> TypeGuard[KindController[Any]]:
    """Tell whether ``@controller`` made the value."""
    return isinstance(value, KindController)


def _is_resource(value: object) -> TypeGuard[type[AnyResource]]:
    if not isinstance(value, type) or not issubclass(value, CustomResource):
        return False
    return hasattr(cast("object", value), "__resource__")


async def _established(client: Client, name: str) -> None:
    kind = apiextensions_v1.CustomResourceDefinition
    while True:
        # A watch begins with the state that is there, so nothing is missed between.
        async with client.watch(kind, fields=f"metadata.name={name}") as events:
            async for event in events:
                if _is_established(event.object):
                    return
        await asyncio.sleep(1.0)  # the server ended the watch: look again


def _is_established(definition: apiextensions_v1.CustomResourceDefinition) -> bool:
    conditions = {c.type: c for c in definition.status.conditions}
    refused = conditions.get("NamesAccepted")
    if refused is not None and refused.status == "False":
        name = definition.metadata.name
        raise InvalidError(
            f"definition {name}: {refused.message}; another definition has the name",
            code=422,
            reason="Invalid",
            attempted=f"install {name}",
        )
    established = conditions.get("Established")
    return established is not None and established.status == "True"
