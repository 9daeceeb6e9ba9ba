"""The part of OpenAPI that is of no resource: discovery, the version, OpenID.

Source: kubernetes ``staging/src/k8s.io/apiserver/pkg/server/routes`` and
``pkg/endpoints/discovery``.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from homeostat.apiserver._openapi_paths import PREFIX, document_path, tag_of

__all__ = ["group_path", "root_components", "server_paths", "version_path"]

Document = dict[str, Any]

_META: Final = "io.k8s.apimachinery.pkg.apis.meta.v1."
_RAW: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_REFERENCE: Final = "#/components/schemas/"
_JSON: Final = "application/json"
_TYPES: Final = (_JSON, "application/yaml", "application/vnd.kubernetes.protobuf")
_TEXT: Final[Document] = {"type": "string"}
_EMPTY_TEXT: Final[Document] = {"type": "string", "default": ""}
_EMPTY_TEXTS: Final[Document] = {"type": "array", "items": _EMPTY_TEXT}
_ATOMIC: Final = {"x-kubernetes-list-type": "atomic"}


def server_paths() -> dict[str, Document]:
    """Return the paths of the server itself."""
    return {
        "/.well-known/openid-configuration/": _reading(
            "WellKnown", "getServiceAccountIssuerOpenIDConfiguration", "", (_JSON,)
        ),
        "/api/": _reading("core", "getCoreAPIVersions", f"{_META}APIVersions"),
        "/apis/": _reading("apis", "getAPIVersions", f"{_META}APIGroupList"),
        "/openid/v1/jwks/": _reading(
            "openid",
            "getServiceAccountIssuerOpenIDKeyset",
            "",
            ("application/jwk-set+json",),
        ),
        "/version/": _reading(
            "version",
            "getCodeVersion",
            "io.k8s.apimachinery.pkg.version.Info",
            (_JSON,),
        ),
    }


def group_path(group: str) -> dict[str, Document]:
    """Return the path at which a group tells its versions."""
    tag = tag_of(group)
    name = f"get{tag[:1].upper()}{tag[1:]}APIGroup"
    return {f"/apis/{group}/": _reading(tag, name, f"{_META}APIGroup")}


def version_path(group: str, version: str) -> dict[str, Document]:
    """Return the path at which a version of a group tells its resources."""
    tag = tag_of(group)
    name = f"get{tag[:1].upper()}{tag[1:]}{version.capitalize()}APIResources"
    item = _reading(f"{tag}_{version}", name, f"{_META}APIResourceList")
    return {f"/{document_path(group, version)}/": item}


def _reading(
    tag: str, name: str, definition: str, types: tuple[str, ...] = _TYPES
) -> Document:
    schema = {"$ref": PREFIX + definition} if definition else _TEXT
    made: Document = {
        "consumes": list(types),
        "produces": list(types),
        "schemes": ["https"],
        "tags": [tag],
        "operationId": name,
        "responses": {
            "200": {"description": "OK", "schema": schema},
            "401": {"description": "Unauthorized"},
        },
    }
    if not definition:
        del made["consumes"]
    return {"get": made}


@lru_cache(maxsize=1)
def root_components() -> dict[str, Document]:
    """Return the types of what these paths and watches answer, as version 3 has them.

    No object of theirs is ever stored, so that the table does not know them.
    """
    event = _object(
        ["type", "object"],
        object={"allOf": [{"$ref": _REFERENCE + _RAW}]},
        type=_EMPTY_TEXT,
    )
    version = _object(
        _VERSION.split(),
        **dict.fromkeys(_VERSION.split(), _EMPTY_TEXT),
        **dict.fromkeys(_COMPATIBILITY.split(), _TEXT),
    )
    return {
        **_of_groups(),
        **_of_resources(),
        f"{_META}WatchEvent": event | _known("WatchEvent"),
        _RAW: {"type": "object"},
        "io.k8s.apimachinery.pkg.version.Info": version,
    }


def _of_groups() -> dict[str, Document]:
    addresses = _list_of("ServerAddressByClientCIDR") | _ATOMIC
    return {
        **_kind(
            "APIGroup",
            ["name", "versions"],
            name=_EMPTY_TEXT,
            preferredVersion=_one("GroupVersionForDiscovery"),
            serverAddressByClientCIDRs=addresses,
            versions=_list_of("GroupVersionForDiscovery") | _ATOMIC,
        ),
        **_kind("APIGroupList", ["groups"], groups=_list_of("APIGroup") | _ATOMIC),
        **_kind(
            "APIVersions",
            ["versions", "serverAddressByClientCIDRs"],
            serverAddressByClientCIDRs=addresses,
            versions=_EMPTY_TEXTS | _ATOMIC,
        ),
        f"{_META}GroupVersionForDiscovery": _object(
            ["groupVersion", "version"], groupVersion=_EMPTY_TEXT, version=_EMPTY_TEXT
        ),
        f"{_META}ServerAddressByClientCIDR": _object(
            ["clientCIDR", "serverAddress"],
            clientCIDR=_EMPTY_TEXT,
            serverAddress=_EMPTY_TEXT,
        ),
    }


def _of_resources() -> dict[str, Document]:
    resource = _object(
        ["name", "singularName", "namespaced", "kind", "verbs"],
        categories=_EMPTY_TEXTS | _ATOMIC,
        group=_TEXT,
        kind=_EMPTY_TEXT,
        name=_EMPTY_TEXT,
        namespaced={"type": "boolean", "default": False},
        shortNames=_EMPTY_TEXTS | _ATOMIC,
        singularName=_EMPTY_TEXT,
        storageVersionHash=_TEXT,
        verbs=_EMPTY_TEXTS,
        version=_TEXT,
    )
    return {
        f"{_META}APIResource": resource,
        **_kind(
            "APIResourceList",
            ["groupVersion", "resources"],
            groupVersion=_EMPTY_TEXT,
            resources=_list_of("APIResource") | _ATOMIC,
        ),
    }


_VERSION: Final = (
    "major minor gitVersion gitCommit gitTreeState buildDate goVersion compiler "
    "platform"
)
_COMPATIBILITY: Final = (
    "emulationMajor emulationMinor minCompatibilityMajor minCompatibilityMinor"
)


def _object(required: Sequence[str], /, **properties: Document) -> Document:
    return {"type": "object", "required": required, "properties": properties}


def _kind(
    kind: str, required: Sequence[str], /, **properties: Document
) -> dict[str, Document]:
    made = _object(required, apiVersion=_TEXT, kind=_TEXT, **properties)
    return {f"{_META}{kind}": made | _known(kind)}


def _known(kind: str) -> Document:
    known = {"group": "", "kind": kind, "version": "v1"}
    return {"x-kubernetes-group-version-kind": [known]}


def _one(name: str) -> Document:
    return {"default": {}, "allOf": [{"$ref": f"{_REFERENCE}{_META}{name}"}]}


def _list_of(name: str) -> Document:
    return {"type": "array", "items": _one(name)}
