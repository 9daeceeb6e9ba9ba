"""Finds the cluster to talk to, as kubectl does."""

from pathlib import Path

from homeostat.client._config import ClusterConfig

__all__ = ["load_config"]


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
    raise NotImplementedError
