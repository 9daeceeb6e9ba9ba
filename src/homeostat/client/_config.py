"""How to reach a cluster and who to be there, resolved to the last default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ClusterConfig", "ExecConfig", "InteractiveMode"]

InteractiveMode = Literal["Never", "IfAvailable", "Always"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecConfig:
    """A program that hands out credentials.

    Attributes:
        command: The program: a path, or a name that is looked up in ``PATH``.
        args: Its arguments.
        env: Variables it gets beside those of this process.
        api_version: The ExecCredential version that it speaks.
        interactive_mode: Whether it may read from the terminal.
        provide_cluster_info: Whether it is told which cluster it serves.
        install_hint: What to tell people when the program is missing.
        extension: Settings of the cluster entry that are meant for the program.
    """

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    interactive_mode: InteractiveMode = "IfAvailable"
    provide_cluster_info: bool = False
    install_hint: str = ""
    extension: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfig:
    """How to reach one API server.

    ``load_config`` makes one from kubeconfig files or from the pod's service account;
    it may as well be written by hand. Secrets stay out of its ``repr``. Data wins over
    a file of the same thing, as in a kubeconfig.

    Attributes:
        server: ``https://host:port`` or ``http://host:port``, with an optional path.
        certificate_authority: File of the authorities that sign the server; empty, with
            empty data, trusts the system's.
        certificate_authority_data: The same as PEM bytes.
        tls_server_name: Name to ask for and to check the certificate against.
        insecure_skip_tls_verify: Accept any certificate.
        token: Bearer token.
        token_file: File with a bearer token that may change; wins over ``token``.
        username: For basic authentication.
        password: For basic authentication.
        client_certificate: File of the client's certificate chain.
        client_certificate_data: The same as PEM bytes.
        client_key: File of the client's private key.
        client_key_data: The same as PEM bytes.
        exec: Program that hands out credentials.
        headers: Sent with every request.
        namespace: Where calls go that name no namespace.
        source: Where this came from, for messages.
    """

    server: str
    certificate_authority: str = ""
    certificate_authority_data: bytes = field(default=b"", repr=False)
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    token: str = field(default="", repr=False)
    token_file: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    client_certificate: str = ""
    client_certificate_data: bytes = field(default=b"", repr=False)
    client_key: str = ""
    client_key_data: bytes = field(default=b"", repr=False)
    exec: ExecConfig | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    namespace: str = "default"
    source: str = ""
