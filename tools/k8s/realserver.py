"""Ask the real kube-apiserver, for as long as a script needs it."""

import contextlib
import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from homeostat.api import JSON
from tests.harness.kube import ControlPlane

__all__ = ["RealServer", "Reply", "real_server"]


@dataclass(frozen=True)
class Reply:
    """One answer of the server."""

    code: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> JSON:
        """Decode the body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class RealServer:
    """A running control plane, asked as its admin."""

    plane: ControlPlane

    def request(
        self,
        method: str,
        path: str,
        body: JSON = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send one request; an error answer is a `Reply` like any other."""
        connection = http.client.HTTPSConnection(
            urlsplit(self.plane.url).netloc, context=self.plane.ssl_context()
        )
        sent = {
            "Authorization": f"Bearer {self.plane.token()}",
            "Content-Type": "application/json",
            **(headers or {}),
        }
        data = None if body is None else json.dumps(body)
        try:
            connection.request(method, path, body=data, headers=sent)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, *, accept: str = "application/json") -> JSON:
        """Return the decoded answer to a GET that must succeed."""
        reply = self.request("GET", path, headers={"Accept": accept})
        if reply.code != 200:
            raise RuntimeError(f"GET {path}: {reply.code} {reply.body[:200]!r}")
        return reply.json()


@contextlib.contextmanager
def real_server() -> Iterator[RealServer]:
    """Run the real control plane without controllers; stop it at the end."""
    with ControlPlane() as plane:
        yield RealServer(plane)
