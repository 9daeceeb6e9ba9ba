"""Paths that lead to no resource: version, health, metrics, discovery, OpenAPI."""

import platform
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import GroupVersionResource, Resource
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._discovery import (
    api_group,
    api_group_list,
    api_resource_list,
    api_versions,
    document_hash,
    group_discovery_list,
)
from homeostat.apiserver._negotiate import accepts_discovery, check_plain
from homeostat.apiserver._render import respond
from homeostat.apiserver._status import json_bytes, method_not_allowed
from homeostat.k8s import server_version

if TYPE_CHECKING:
    from homeostat.apiserver._openapi import OpenApi

__all__ = ["Root"]

Document = dict[str, Any]

_HEALTH = frozenset({"healthz", "livez", "readyz"})
_CHECKS = frozenset({"ping", "log"})
# Answered alike, whatever the method.
_ANY_METHOD = (*(f"/{name}" for name in sorted(_HEALTH)), "/openapi")
_TEXT = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-cache, private",
}
_METRICS = {"content-type": "text/plain; version=0.0.4; charset=utf-8"}
_OBJECTS: Final = "apiserver_resource_objects"
_PUBLIC = {"cache-control": "public, max-age=3600"}


class Root:
    """Answers the non-resource paths of one server.

    Documents are made when they are asked for, and kept until what is served changes.

    Args:
        cluster: What is served.
        version: The version to report, "" for that of the schema table.
    """

    def __init__(self, cluster: Cluster, version: str) -> None:
        self._registry = cluster.registry
        self._tables = cluster.store.tables
        self._tokens = cluster.authenticator.tokens
        self._version = version or server_version()
        self._fixed = {
            "/version": self._tell_version,
            "/metrics": self._measure,
            "/openid/v1/jwks": self._tell_keys,
            "/.well-known/openid-configuration": self._tell_issuer,
        }
        self._built = -1
        self._documents: dict[tuple[str, str], bytes] = {}
        self._resources: list[Resource] = []
        self._openapi: OpenApi | None = None

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer, None when the path is unknown.

        Raises:
            StatusError: 405, the path is there to be read alone.
        """
        handler = self._route(request.path)
        if handler is None:
            return None
        if request.method != "GET" and not request.path.startswith(_ANY_METHOD):
            raise method_not_allowed()
        self._refresh()
        return handler(request)

    def _route(  # noqa: PLR0911 - one return for each kind of path
        self, path: str
    ) -> Callable[[HttpRequest], HttpResponse | None] | None:
        fixed = self._fixed.get(path.removesuffix("/"))
        if fixed is not None:
            return fixed
        parts = path.split("/")[1:]
        slash = parts[-1:] == [""] and len(parts) > 1
        if slash:
            parts.pop()
        match parts:
            case [""]:
                return self._paths
            case [name] if name in _HEALTH and not slash:
                return self._healthy
            case [name, check] if name in _HEALTH and check in _CHECKS:
                return self._healthy
            case ["api" | "apis", *rest] if len(rest) <= 2 and "" not in rest:
                return self._discover
            case ["openapi", "v2"] if not slash:
                return self._describe
            case ["openapi", "v3", *_]:
                return self._describe
            case _:
                pass
        return None

    def _refresh(self) -> None:
        if self._built == self._registry.changes:
            return
        self._built = self._registry.changes
        self._documents.clear()
        self._resources = [served.resource for served in self._registry]
        self._openapi = None

    def _paths(self, request: HttpRequest) -> HttpResponse:
        del request
        versions = {served.gvk.api_version for served in self._registry}
        grouped = {version for version in versions if "/" in version}
        groups = {version.partition("/")[0] for version in grouped}
        paths = [
            "/.well-known/openid-configuration",
            "/api",
            "/api/v1",
            "/apis",
            *sorted({f"/apis/{name}" for name in groups | grouped}),
            "/healthz",
            "/livez",
            "/metrics",
            "/openapi/v2",
            "/openapi/v3",
            "/openid/v1/jwks",
            "/readyz",
            "/version",
        ]
        return respond(json_bytes({"paths": paths}))

    def _healthy(self, request: HttpRequest) -> HttpResponse:
        body = b"ok"
        name = request.path.split("/")[1]
        if any(key == "verbose" for key, _ in request.query):
            lines = "".join(f"[+]{check} ok\n" for check in sorted(_CHECKS))
            body = f"{lines}{name} check passed\n".encode()
        return HttpResponse(status=200, headers=_TEXT, body=body)

    def _tell_version(self, request: HttpRequest) -> HttpResponse:
        del request
        major, minor, *_ = (*self._version.removeprefix("v").split("."), "", "")
        document = {
            "major": major,
            "minor": minor,
            "emulationMajor": major,
            "emulationMinor": minor,
            "minCompatibilityMajor": major,
            "minCompatibilityMinor": str(int(minor or 1) - 1),
            "gitVersion": self._version,
            "gitCommit": "",
            "gitTreeState": "",
            "buildDate": "1970-01-01T00:00:00Z",
            # Honest where Go clients look for Go: this is not the Go server.
            "goVersion": f"python{platform.python_version()}",
            "compiler": "homeostat",
            "platform": f"{platform.system()}/{platform.machine()}".lower(),
        }
        return respond(json_bytes(document))

    def _measure(self, request: HttpRequest) -> HttpResponse:
        """Tell how many objects there are, as kube-apiserver's metric does."""
        del request
        lines = [f"# TYPE {_OBJECTS} gauge"]
        for name in sorted(self._tables):
            resource, _, group = name.partition(".")
            labels = f'group="{group}",resource="{resource}"'
            lines.append(f"{_OBJECTS}{{{labels}}} {len(self._tables[name].live)}")
        body = "\n".join([*lines, ""]).encode()
        return HttpResponse(status=200, headers=_METRICS, body=body)

    def _tell_keys(self, request: HttpRequest) -> HttpResponse:
        """Tell the keys with which others verify tokens of service accounts."""
        del request
        body = msgspec.json.encode({"keys": [self._tokens.key.public()]})
        headers = {**_PUBLIC, "content-type": "application/jwk-set+json"}
        return HttpResponse(status=200, headers=headers, body=body)

    def _tell_issuer(self, request: HttpRequest) -> HttpResponse:
        host = request.headers.get("host")
        base = f"https://{host}" if host else self._tokens.issuer
        document = {
            "issuer": self._tokens.issuer,
            "jwks_uri": f"{base}/openid/v1/jwks",
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self._tokens.key.algorithm],
        }
        headers = {**_PUBLIC, "content-type": "application/json"}
        body = msgspec.json.encode(document)
        return HttpResponse(status=200, headers=headers, body=body)

    def _discover(self, request: HttpRequest) -> HttpResponse | None:
        path = request.path.rstrip("/")
        aggregated = accepts_discovery(request.headers.get("accept", ""))
        if path in ("/api", "/apis") and aggregated:
            return self._aggregated(request, path, aggregated)
        check_plain(request)
        key = (path, request.headers.get("host", ""))
        body = self._documents.get(key)
        if body is None:
            document = self._legacy(path, key[1])
            if document is None:
                return None
            body = self._documents[key] = json_bytes(document)
        return respond(body)

    def _legacy(self, path: str, host: str) -> Document | None:
        match path.split("/")[1:]:
            case ["api"]:
                return api_versions(host or "localhost")
            case ["apis"]:
                return api_group_list(self._resources)
            case ["api", version]:
                return api_resource_list(self._resources, "", version)
            case ["apis", group]:
                return api_group(self._resources, group)
            case ["apis", group, version]:
                return api_resource_list(
                    self._resources, group, version, stored=self._stored()
                )
            case _:
                return None

    def _stored(self) -> Mapping[GroupVersionResource, str]:
        return {
            served.resource.gvr: served.storage.version
            for served in self._registry
            if served.custom and served.storage.version != served.gvk.version
        }

    def _aggregated(
        self, request: HttpRequest, path: str, version: str
    ) -> HttpResponse:
        key = (path, version)
        body = self._documents.get(key)
        if body is None:
            core = path == "/api"
            document = group_discovery_list(self._resources, core=core, version=version)
            body = self._documents[key] = json_bytes(document)
        kind = (
            "application/json;g=apidiscovery.k8s.io;"
            f"v={version};as=APIGroupDiscoveryList"
        )
        headers = {
            "content-type": kind,
            "etag": f'"{document_hash(body)}"',
            "vary": "Accept",
            "cache-control": "public",
        }
        if request.headers.get("if-none-match") == headers["etag"]:
            return HttpResponse(status=304, headers=headers)
        return HttpResponse(status=200, headers=headers, body=body)

    def _describe(self, request: HttpRequest) -> HttpResponse | None:
        # Who asks for none of it does not wait until its modules are there.
        from homeostat.apiserver import _openapi_answers as openapi  # noqa: PLC0415

        if self._openapi is None:
            self._openapi = openapi.described(self._registry)
        return openapi.answer(self._openapi, request)
