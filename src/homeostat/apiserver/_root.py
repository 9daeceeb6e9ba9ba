"""Paths that lead to no resource: version, health, discovery, OpenAPI."""

from homeostat._transport import HttpRequest, HttpResponse
from homeostat.apiserver._context import Cluster
from homeostat.apiserver._render import respond
from homeostat.apiserver._status import json_bytes
from homeostat.k8s import server_version

__all__ = ["Root"]

_HEALTH = frozenset({"healthz", "livez", "readyz"})
_TEXT = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-cache, private",
}


class Root:
    """Answers the non-resource paths of one server."""

    def __init__(self, cluster: Cluster, version: str) -> None:
        self._cluster = cluster
        self._version = version or server_version()

    def answer(self, request: HttpRequest) -> HttpResponse | None:
        """Return the answer, None when the path is unknown."""
        parts = [part for part in request.path.split("/") if part]
        if not parts:
            return self._paths()
        if parts[0] in _HEALTH and len(parts) <= 2:
            return HttpResponse(status=200, headers=_TEXT, body=b"ok")
        if parts == ["version"]:
            return respond(json_bytes(self._describe_version()))
        return None

    def _paths(self) -> HttpResponse:
        return respond(
            json_bytes(
                {
                    "paths": [
                        "/api",
                        "/apis",
                        "/healthz",
                        "/livez",
                        "/openapi/v3",
                        "/readyz",
                        "/version",
                    ]
                }
            )
        )

    def _describe_version(self) -> dict[str, str]:
        numbers = self._version.removeprefix("v").split(".")
        return {
            "major": numbers[0],
            "minor": numbers[1] if len(numbers) > 1 else "",
            "gitVersion": self._version,
            "gitCommit": "",
            "gitTreeState": "",
            "buildDate": "1970-01-01T00:00:00Z",
            "goVersion": "",
            "compiler": "homeostat",
            "platform": "python",
        }
