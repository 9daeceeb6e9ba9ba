"""OpenAPI v3: the document of one group and version.

Source: kube-openapi ``pkg/builder3``.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from homeostat.apiserver._openapi_parameters import SECURITY

__all__ = ["openapi_v3"]

Document = dict[str, Any]

_FROM: Final = "#/definitions/"
_TO: Final = "#/components/schemas/"
# What version 2 says where it stands, and version 3 says as part of a schema.
_TYPE: Final = ("type", "uniqueItems")
_DROPPED: Final = frozenset({"consumes", "parameters", "produces", "schemes"})


def openapi_v3(
    version: str,
    paths: Mapping[str, Document],
    schemas: Mapping[str, Document],
    *,
    custom: bool = False,
) -> bytes:
    """Return the document as JSON.

    Args:
        version: Of the server, as ``1.36``.
        paths: As version 2 has them.
        schemas: All that are named in the paths.
        custom: Whether it is of a custom group.
    """
    title, components = "Kubernetes", {"securitySchemes": SECURITY}
    if custom:
        title, version, components = "Kubernetes CRD Swagger", "v0.1.0", {}
    document = {
        "openapi": "3.0.0",
        "info": {"title": title, "version": version},
        "paths": {name: _path(paths[name]) for name in sorted(paths)},
        "components": {"schemas": dict(sorted(schemas.items())), **components},
    }
    return msgspec.json.encode(document)


def _path(item: Document) -> Document:
    made: Document = {
        method: _operation(item[method]) for method in item if method != "parameters"
    }
    if "parameters" in item:
        made["parameters"] = [_parameter(each) for each in item["parameters"]]
    return made


def _operation(given: Document) -> Document:
    made = {name: value for name, value in given.items() if name not in _DROPPED}
    parameters: list[Document] = given.get("parameters", [])
    others = [_parameter(each) for each in parameters if each["in"] != "body"]
    if others:
        made["parameters"] = others
    body = next((each for each in parameters if each["in"] == "body"), None)
    if body is not None:
        content = {"content": _content(body, given["consumes"])}
        required = {"required": True} if body.get("required") else {}
        made["requestBody"] = content | required
    made["responses"] = {
        code: {
            "description": response["description"],
            **_answer(response, given["produces"]),
        }
        for code, response in given["responses"].items()
    }
    return made


def _parameter(given: Document) -> Document:
    made = {name: value for name, value in given.items() if name not in _TYPE}
    return made | {"schema": {name: given[name] for name in _TYPE}}


def _answer(response: Document, types: list[str]) -> Document:
    return {"content": _content(response, types)} if "schema" in response else {}


def _content(holder: Document, types: list[str]) -> Document:
    schema: Document = holder["schema"]
    if "$ref" in schema:
        schema = {"$ref": _TO + schema["$ref"].removeprefix(_FROM)}
    return {each: {"schema": schema} for each in types}
