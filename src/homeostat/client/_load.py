"""Finds the cluster to talk to, as kubectl does."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from homeostat.client._config import ClusterConfig
from homeostat.errors import ConfigError

if TYPE_CHECKING:
    from homeostat.client._kubeconfig import Kubeconfig

__all__ = ["load_config"]

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def load_config(
    kubeconfig: str | Path | None = None,
    context: str | None = None,
    *,
    cluster: str | None = None,
    user: str | None = None,
) -> ClusterConfig:
    """Return the configuration of the cluster to talk to.

    Args:
        kubeconfig: This one file, which must exist. Without it the files that
            ``$KUBECONFIG`` lists, else ``~/.kube/config``, else the service account of
            the pod that this process runs in.
        context: In place of the current context.
        cluster: In place of the context's cluster.
        user: In place of the context's user.

    Raises:
        ConfigError: Something is missing, wrong or not supported; the message names the
            file and the entry, and says what to do.
    """
    paths = _paths(kubeconfig)
    config = _read_all(paths, explicit=kubeconfig is not None)
    if config is None or config.empty:
        if kubeconfig is None and not (context or cluster or user):
            in_cluster = _in_cluster()
            if in_cluster is not None:
                _check_files(in_cluster)
                return in_cluster
        raise ConfigError(
            f"no cluster to talk to: {', '.join(map(str, paths))} "
            f"{'is empty' if config else 'is not there'}, nor is a service account "
            "of a pod; name a kubeconfig, or start a local cluster with "
            "'homeostat local up'"
        )
    from homeostat.client._kubeconfig import resolve  # noqa: PLC0415

    resolved = resolve(config, context=context, cluster=cluster, user=user)
    _check_files(resolved)
    return resolved


def _paths(kubeconfig: str | Path | None) -> list[Path]:
    if kubeconfig is not None:
        return [Path(kubeconfig).expanduser()]
    listed = os.environ.get("KUBECONFIG", "")
    if listed:
        # An empty part is no file, and a file counts once.
        parts = dict.fromkeys(part for part in listed.split(os.pathsep) if part)
        return [Path(part) for part in parts]
    return [Path("~/.kube/config").expanduser()]


def _read_all(paths: list[Path], *, explicit: bool) -> "Kubeconfig | None":
    found: list[Kubeconfig] = []
    for path in paths:
        try:
            text = path.read_bytes()
        except FileNotFoundError as error:
            if explicit:
                raise ConfigError(f"kubeconfig {path} does not exist") from error
            continue
        except OSError as error:
            raise ConfigError(
                f"cannot read kubeconfig {path}: {error.strerror}"
            ) from error
        # YAML costs 20 ms to import: in a pod, nobody needs it.
        from homeostat.client._kubeconfig import parse_kubeconfig  # noqa: PLC0415

        found.append(parse_kubeconfig(text, str(path.absolute())))
    if not found:
        return None
    from homeostat.client._kubeconfig import merge  # noqa: PLC0415

    return merge(found)


def _check_files(config: ClusterConfig) -> None:
    """Raise for what cannot be read or used, now rather than in the first request."""
    from homeostat.client._tls import files_of, make_context  # noqa: PLC0415

    files = files_of(config)
    for entry, path in (
        ("certificate-authority", config.certificate_authority),
        ("client-certificate", config.client_certificate),
        ("client-key", config.client_key),
        ("tokenFile", config.token_file),
    ):
        if path and not os.access(path, os.R_OK):
            problem = "is not readable" if Path(path).exists() else "does not exist"
            raise ConfigError(f"{config.source}: {entry}: {path} {problem}")
    if config.certificate_authority_data or config.client_certificate_data or files:
        make_context(config)  # what is no certificate, or does not fit, is found here


def _in_cluster() -> ClusterConfig | None:
    """Return the configuration of the pod's service account, None outside of a pod.

    Source: client-go ``rest.InClusterConfig``.
    """
    host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
    port = os.environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        return None
    token_file = SERVICE_ACCOUNT / "token"
    if not os.access(token_file, os.R_OK):
        raise ConfigError(
            f"this looks like a pod, but {token_file} cannot be read: give the pod a "
            "service account, with automountServiceAccountToken"
        )
    authority = SERVICE_ACCOUNT / "ca.crt"
    try:
        namespace = (SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        namespace = ""
    address = f"[{host}]" if ":" in host else host
    return ClusterConfig(
        server=f"https://{address}:{port}",
        certificate_authority=str(authority) if authority.exists() else "",
        token_file=str(token_file),
        namespace=namespace or "default",
        source="the pod's service account",
    )
