"""Kubeconfig files: parsed, merged, and one context of them resolved. Pure.

Source: client-go ``tools/clientcmd``, ``loader.go`` and ``validation.go``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec

from homeostat import _yaml
from homeostat.client._config import ClusterConfig
from homeostat.client._entry import Entry
from homeostat.client._exec_config import parse_exec
from homeostat.errors import ConfigError

__all__ = ["Kubeconfig", "merge", "parse_kubeconfig", "resolve"]

_LISTS = {"clusters": "cluster", "users": "user", "contexts": "context"}

_EXEC_EXTENSION = "client.authentication.k8s.io/exec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """One file, or several of them merged.

    Attributes:
        files: Where it came from, in order.
        current_context: Name of the context to use, "" for none.
        entries: By ``cluster``, ``user`` or ``context``, and then by name.
    """

    files: tuple[str, ...]
    current_context: str
    entries: Mapping[str, Mapping[str, Entry]]

    @property
    def empty(self) -> bool:
        """Whether no file says anything."""
        return not self.current_context and not any(self.entries.values())


def parse_kubeconfig(text: bytes, file: str) -> Kubeconfig:
    """Return what one file says.

    Args:
        text: YAML or JSON.
        file: Its path: for messages, and what its relative paths start from.

    Raises:
        ConfigError: The text is no kubeconfig.
    """
    try:
        documents = list(_yaml.load_all(text.decode()))
    except ValueError as error:
        raise ConfigError(f"{file}: no YAML: {error}") from error
    try:
        document = msgspec.convert((documents or [None])[0] or {}, dict[str, Any])
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: no kubeconfig: it holds no mapping") from error
    root = Entry("the file", "", file, document)
    if (kind := root.text("kind")) not in {"", "Config"}:
        raise ConfigError(f"{file}: no kubeconfig: its kind is {kind!r}, not Config")
    if (version := root.text("apiVersion")) not in {"", "v1"}:
        raise ConfigError(
            f"{file}: apiVersion {version!r} is not supported, only v1 is"
        )
    return Kubeconfig(
        files=(file,),
        current_context=root.text("current-context"),
        entries={name: _named(root, key, name) for key, name in _LISTS.items()},
    )


def _named(root: Entry, key: str, kind: str) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for item in root.mappings(key):
        name = item.get("name")
        if not isinstance(name, str) or not name:
            raise ConfigError(f"{root.file}: {key}: an entry has no name")
        if name in found:
            raise ConfigError(f"{root.file}: {key}: there are two named {name!r}")
        body = item.get(kind)
        if body is not None and not isinstance(body, dict):
            raise ConfigError(f"{root.file}: {kind} {name!r} holds no mapping")
        found[name] = Entry(kind, name, root.file, cast("dict[str, Any]", body or {}))
    return found


def merge(configs: Sequence[Kubeconfig]) -> Kubeconfig:
    """Return one configuration: of each entry the first wins, whole."""
    entries: dict[str, dict[str, Entry]] = {kind: {} for kind in _LISTS.values()}
    current = ""
    for config in configs:
        current = current or config.current_context
        for kind, named in config.entries.items():
            entries[kind] = {**named, **entries[kind]}
    return Kubeconfig(
        files=tuple(file for config in configs for file in config.files),
        current_context=current,
        entries=entries,
    )


def resolve(
    config: Kubeconfig,
    *,
    context: str | None = None,
    cluster: str | None = None,
    user: str | None = None,
) -> ClusterConfig:
    """Return the one cluster and user that a context names; no file is read.

    Raises:
        ConfigError: An entry is missing, wrong or not supported.
    """
    name = config.current_context if context is None else context
    if name:
        chosen = _entry(config, "context", name, "")
    elif cluster and user:
        chosen = Entry("context", "", ", ".join(config.files), {})
    else:
        raise ConfigError(
            f"{', '.join(config.files)}: no current-context is set; choose one of "
            f"{_names(config, 'context')} with a context option or "
            "'kubectl config use-context'"
        )
    by = f" (named by context {name!r} in {chosen.file})" if name else ""
    cluster_name = cluster or chosen.required("cluster")
    user_name = user or chosen.required("user")
    return _combine(
        chosen,
        _entry(config, "cluster", cluster_name, "" if cluster else by),
        _entry(config, "user", user_name, "" if user else by),
    )


def _entry(config: Kubeconfig, kind: str, name: str, by: str) -> Entry:
    entry = config.entries[kind].get(name)
    if entry is None:
        raise ConfigError(
            f"{', '.join(config.files)}: there is no {kind} {name!r}{by}; "
            f"there are {_names(config, kind)}"
        )
    return entry


def _names(config: Kubeconfig, kind: str) -> str:
    return ", ".join(sorted(config.entries[kind])) or "none"


def _combine(context: Entry, cluster: Entry, user: Entry) -> ClusterConfig:
    cluster.refuse("proxy-url", "connect without a proxy, or set up a local tunnel")
    user.refuse("auth-provider", "use an exec plugin: 'kubelogin' and its like")
    for field in ("as", "as-uid", "as-groups", "as-user-extra"):
        user.refuse(field, "impersonation is not supported: use the user's credentials")
    authority, authority_data = cluster.file_or_data("certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and (authority or authority_data):
        raise cluster.error(
            "insecure-skip-tls-verify excludes a certificate-authority: remove one"
        )
    certificate, certificate_data = user.file_or_data("client-certificate")
    key, key_data = user.file_or_data("client-key")
    if bool(certificate or certificate_data) != bool(key or key_data):
        raise user.error("client-certificate and client-key belong together: set both")
    token, username = user.text("token"), user.text("username")
    password = user.text("password")
    if token and (username or password):
        raise user.error("token and username exclude each other: remove one")
    has_tls = authority or authority_data or certificate or certificate_data or insecure
    return ClusterConfig(
        server=_server(cluster, tls=bool(has_tls)),
        certificate_authority=authority,
        certificate_authority_data=authority_data,
        tls_server_name=cluster.text("tls-server-name"),
        insecure_skip_tls_verify=insecure,
        token=token,
        token_file=user.path("tokenFile"),
        username=username,
        password=password,
        client_certificate=certificate,
        client_certificate_data=certificate_data,
        client_key=key,
        client_key_data=key_data,
        exec=parse_exec(user, extension=_extension(cluster)),
        namespace=context.namespace() or "default",
        source=f"context {context.name!r} of {context.file}"
        if context.name
        else f"cluster {cluster.name!r} of {cluster.file}",
    )


def _server(cluster: Entry, *, tls: bool) -> str:
    server = cluster.required("server")
    if "://" not in server:
        server = f"{'https' if tls else 'http'}://{server}"
    scheme, _, rest = server.partition("://")
    if scheme.lower() not in {"http", "https"} or not rest.strip("/"):
        raise cluster.error(f"server {server!r} is no http or https address")
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def _extension(cluster: Entry) -> object:
    for item in cluster.mappings("extensions"):
        if item.get("name") == _EXEC_EXTENSION:
            return item.get("extension")
    return None
