"""OpenAPI v2, for clients that know no later one: the definitions of all kinds.

It is made from the documents of version 3 when somebody asks for it. Paths are left
out: who reads it looks kinds up by their ``x-kubernetes-group-version-kind``.

Source: kube-openapi ``pkg/schemaconv`` and ``pkg/spec3``, the other way around.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

import msgspec

from homeostat.api import JSON

__all__ = ["openapi_v2"]

Document = dict[str, Any]

_FROM: Final = "#/components/schemas/"
_TO: Final = "#/definitions/"
# What version 2 does not know, or knows of operations alone.
_UNKNOWN: Final = frozenset({"default", "nullable", "oneOf", "anyOf", "not"})


def openapi_v2(documents: Iterable[bytes], version: str) -> bytes:
    """Return the document.

    Args:
        documents: Those of version 3, as JSON.
        version: Of the server, as ``1.36``.
    """
    definitions: Document = {}
    for document in documents:
        given: Document = msgspec.json.decode(document)["components"]["schemas"]
        for name, schema in given.items():
            if name not in definitions:
                definitions[name] = _definition(schema)
    return msgspec.json.encode(
        {
            "swagger": "2.0",
            "info": {"title": "Kubernetes", "version": version},
            "paths": {},
            "definitions": dict(sorted(definitions.items())),
        }
    )


def _definition(schema: JSON) -> JSON:
    if not isinstance(schema, dict):
        return schema
    fields = cast("Mapping[str, JSON]", schema)
    made: Document = {k: v for k, v in fields.items() if k not in _UNKNOWN}
    if "oneOf" in fields:
        # A number or a text: of two types version 2 knows the more general.
        made["type"] = "string"
    parts = made.pop("allOf", None)
    if parts:
        made = {**parts[0], **made}
    reference = made.get("$ref")
    if isinstance(reference, str):
        made["$ref"] = _TO + reference.removeprefix(_FROM)
    if "properties" in made:
        given: Mapping[str, JSON] = made["properties"]
        made["properties"] = {name: _definition(item) for name, item in given.items()}
    for name in ("items", "additionalProperties"):
        if name in made:
            made[name] = _definition(made[name])
    return made
