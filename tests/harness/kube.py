"""The real control plane: etcd, kube-apiserver, kube-controller-manager.

``ControlPlane`` is a context manager: started when it is entered, gone when it is left,
with its data. Everything listens on free loopback ports with TLS under an authority of
its own, so that no component can join a stranger's by mistake.
"""

import base64
import contextlib
import http.client
import json
import shutil
import ssl
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.harness import binaries
from tests.harness.certificates import write_certificates
from tests.harness.processes import Process, free_port

__all__ = ["ADMIN", "ControlPlane", "ControlPlaneError"]

ADMIN = "admin"
"""The user whom every request may come from: a member of system:masters."""

_START_SECONDS = 60.0  # ready in 3 s alone; two busy cores have been seen to take 20
_NO_ACCOUNTS = "--disable-admission-plugins=ServiceAccount"


class ControlPlaneError(Exception):
    """The control plane does not start, or ended while it was needed."""


class ControlPlane:
    """One real control plane.

    Invariant: between ``__enter__`` and ``__exit__`` the ports, the authority and the
    users stay the same, whatever is stopped, started or wiped.

    Args:
        controllers: Also run kube-controller-manager. Without it nobody collects
            garbage, empties namespaces or makes service accounts, as in envtest.
        users: Further names that requests may come from, without any permission until
            a binding gives it. ``admin`` is always there.
        controller_args: Further flags for kube-controller-manager.
        api_args: Further flags for kube-apiserver.
    """

    def __init__(
        self,
        *,
        controllers: bool = False,
        users: tuple[str, ...] = ("jane",),
        controller_args: tuple[str, ...] = (),
        api_args: tuple[str, ...] = (),
    ) -> None:
        self.controllers = controllers
        self._users = (ADMIN, *users)
        self._controller_args = controller_args
        self._api_args = api_args
        self._processes: dict[str, Process] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        absent = binaries.missing()
        if absent:
            raise ControlPlaneError(f"no {', '.join(absent)}: {binaries.REMEDY}")
        folder = tempfile.mkdtemp(prefix="homeostat-kube-")
        self.folder = Path(folder)
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        self._stack.callback(self.stop)
        try:
            self._certificates = write_certificates(self.folder)
            self._etcd_port, self._peer_port = free_port(), free_port()
            self._port = free_port()
            self._write_tokens()
            self.start()
            self.wait_ready()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    # What clients need.

    @property
    def url(self) -> str:
        """Address of the API server."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_file(self) -> Path:
        """The authority that signed the server's certificate, PEM."""
        return self._certificates.ca

    @property
    def pids(self) -> Sequence[int]:
        """Process ids of whatever was started."""
        return [process.pid for process in self._processes.values()]

    def token(self, user: str = ADMIN) -> str:
        """Bearer token of a user."""
        if user not in self._users:
            raise KeyError(f"no user {user!r}: name it in users=")
        return f"token-of-{user}"

    def kubeconfig(self, user: str = ADMIN, *, certificate: bool = False) -> Path:
        """Write a kubeconfig and return its path.

        Args:
            user: Whose credentials it holds.
            certificate: Use the admin's client certificate in place of the token.
        """
        credentials: dict[str, str] = {"token": self.token(user)}
        if certificate:
            credentials = {
                "client-certificate": str(self._certificates.admin),
                "client-key": str(self._certificates.admin_key),
            }
        cluster = {"server": self.url, "certificate-authority": str(self.ca_file)}
        context = {"cluster": "test", "user": user, "namespace": "default"}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": user, "user": credentials}],
            "contexts": [{"name": "test", "context": context}],
        }
        kind = "certificate" if certificate else "token"
        path = self.folder / f"kubeconfig-{user}-{kind}"
        path.write_text(json.dumps(config))  # JSON is YAML
        path.chmod(0o600)
        return path

    def ssl_context(self) -> ssl.SSLContext:
        """Return a context that trusts this control plane and nothing else."""
        context = ssl.create_default_context(cafile=str(self.ca_file))
        # From Python 3.13 on: it demands extensions that certificates of many clusters
        # lack, and so do these.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    # Stop and start.

    def start(self) -> None:
        """Start whatever does not run; returns before it is ready."""
        self._ensure("etcd", self._etcd_args())
        self._ensure("kube-apiserver", self._apiserver_args())
        if self.controllers:
            self._ensure("kube-controller-manager", self._manager_args())

    def stop(self) -> None:
        """End everything at once; the data stays until the context is left."""
        # The API server goes before etcd: without it, it hangs on its way out.
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            self._kill(name)

    def stop_api(self) -> None:
        """End the API server alone, as a crash does: connections are reset."""
        self._kill("kube-apiserver")

    def restart_api(self) -> None:
        """End the API server and start it again on the same port and data."""
        self.stop_api()
        self.start()
        self.wait_ready()

    def wipe(self) -> None:
        """Start again without data: resource versions and uids begin anew."""
        self.stop()
        shutil.rmtree(self.folder / "etcd", ignore_errors=True)
        self.start()
        self.wait_ready()

    def compact(self) -> None:
        """Make etcd forget all past revisions; old continue tokens expire."""
        _, body = self._etcd("/v3/kv/range", {"key": "Lw=="})
        revision = json.loads(body)["header"]["revision"]
        request = {"revision": revision, "physical": True}
        self._etcd("/v3/kv/compaction", request)

    def multiply(self, path: str, names: Sequence[str]) -> None:
        """Make copies of a custom resource, past the API server, which is slow at it.

        Some share a version. No watch may start before the API server has seen them
        all: it would miss the rest of those whose version it starts from.

        Args:
            path: ``GROUP/PLURAL/NAMESPACE/NAME``, as etcd knows it.
            names: Of the copies; each gets a uid of its own.
        """
        key = f"/registry/{path}"
        _, body = self._etcd("/v3/kv/range", {"key": _base64(key.encode())})
        model = json.loads(base64.b64decode(json.loads(body)["kvs"][0]["value"]))
        folder = key.rpartition("/")[0]
        puts = []
        for name in names:
            model["metadata"].update(name=name, uid=str(uuid.uuid4()))
            value = _base64(json.dumps(model).encode())
            at = _base64(f"{folder}/{name}".encode())
            puts.append({"requestPut": {"key": at, "value": value}})
        for start in range(0, len(puts), 128):  # as many as etcd takes at a time
            status, body = self._etcd(
                "/v3/kv/txn", {"success": puts[start : start + 128]}
            )
            if status != 200:
                raise ControlPlaneError(f"etcd refuses: {body.decode()}")

    def wait_ready(self) -> None:
        """Wait until every component serves.

        Raises:
            ControlPlaneError: One ended, or took longer than a minute; with its log.
        """
        self._wait("etcd", self._etcd_ready)
        self._wait("kube-apiserver", lambda: self.get("/readyz")[0] == 200)
        if self.controllers:
            # On a busy machine it may have given up meanwhile: it waits 10 s at most.
            self.start()
            account = "/api/v1/namespaces/default/serviceaccounts/default"
            self._wait("kube-controller-manager", lambda: self.get(account)[0] == 200)

    def check(self) -> None:
        """Say so if a component has ended that was started: whoever waits, waits long.

        Raises:
            ControlPlaneError: One ended; with its log.
        """
        for name, process in self._processes.items():
            if not process.running:
                raise ControlPlaneError(f"{name} ended:\n{process.log_tail()}")

    def get(self, path: str) -> tuple[int, bytes]:
        """Read a path as the admin, blocking; (0, b"") while nobody answers."""
        return self._ask(self._port, "GET", path, token=self.token())

    def _kill(self, name: str) -> None:
        process = self._processes.pop(name, None)
        if process is not None:
            process.kill()

    def _ensure(self, name: str, args: tuple[str, ...]) -> None:
        process = self._processes.get(name)
        if process is None or not process.running:
            program = binaries.find(name)
            assert program is not None
            log = self.folder / f"{name}.log"
            self._processes[name] = Process(program, args, log=log)

    def _wait(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            process = self._processes[name]
            if not process.running:
                raise ControlPlaneError(f"{name} ended:\n{process.log_tail()}")
            if ready():
                return
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"{name} is late:\n{process.log_tail()}")
            time.sleep(0.05)

    def _etcd_ready(self) -> bool:
        return self._ask(self._etcd_port, "GET", "/health")[0] == 200

    def _etcd(self, path: str, body: Mapping[str, Any]) -> tuple[int, bytes]:
        data = json.dumps(body).encode()
        return self._ask(self._etcd_port, "POST", path, body=data)

    def _ask(
        self, port: int, method: str, path: str, *, token: str = "", body: bytes = b""
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPSConnection(
            "127.0.0.1", port, timeout=5, context=self.ssl_context()
        )
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, body=body or None, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def _write_tokens(self) -> None:
        lines = [
            f"{self.token(user)},{user},{user},"
            + ("system:masters" if user == ADMIN else "")
            for user in self._users
        ]
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")

    def _etcd_args(self) -> tuple[str, ...]:
        client = f"https://127.0.0.1:{self._etcd_port}"
        return (
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls=http://127.0.0.1:{self._peer_port}",
            f"--cert-file={self._certificates.server}",
            f"--key-file={self._certificates.server_key}",
            "--unsafe-no-fsync",
            "--log-level=error",
        )

    def _apiserver_args(self) -> tuple[str, ...]:
        pem = self._certificates
        return (
            f"--etcd-servers=https://127.0.0.1:{self._etcd_port}",
            f"--etcd-cafile={pem.ca}",
            f"--cert-dir={self.folder}",
            f"--tls-cert-file={pem.server}",
            f"--tls-private-key-file={pem.server_key}",
            f"--client-ca-file={pem.ca}",
            f"--token-auth-file={self.folder / 'tokens.csv'}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            "--external-hostname=localhost",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={pem.accounts_public}",
            f"--service-account-signing-key-file={pem.accounts_key}",
            "--service-cluster-ip-range=10.0.0.0/16",
            "--authorization-mode=Node,RBAC",
            "--allow-privileged",
            # Pods are refused until their service account is there, and without the
            # controllers it never is.
            *(() if self.controllers else (_NO_ACCOUNTS,)),
            *self._api_args,
        )

    def _manager_args(self) -> tuple[str, ...]:
        return (
            f"--kubeconfig={self.kubeconfig()}",
            f"--service-account-private-key-file={self._certificates.accounts_key}",
            f"--root-ca-file={self.ca_file}",
            "--leader-elect=false",
            "--secure-port=0",
            "--use-service-account-credentials=false",
            "--kube-api-qps=300",
            "--kube-api-burst=600",
            *self._controller_args,
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
