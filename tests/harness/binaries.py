"""Find the binaries of the real control plane."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

__all__ = ["CONTROL_PLANE", "REMEDY", "find", "missing", "older_kubectls"]

CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")
REMEDY = "build it once with `make kube`"

_BUILT = Path(__file__).resolve().parents[2] / ".kube" / "bin"


def find(name: str) -> Path | None:
    """Return the path of a binary, None when there is none.

    ``KUBEBUILDER_ASSETS`` is asked first, then what ``make kube`` has built.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    folders = [Path(assets)] if assets else []
    for folder in [*folders, _BUILT]:
        path = folder / name
        if path.is_file() and os.access(path, os.X_OK):
            return path
    return None


def missing() -> Sequence[str]:
    """Return the names of the binaries that are not there."""
    return [name for name in CONTROL_PLANE if find(name) is None]


def older_kubectls() -> Sequence[Path]:
    """Return every other kubectl from 1.30 on beside that on PATH, the oldest first.

    Google's SDK brings some, as ``kubectl.1.30``.
    """
    known = shutil.which("kubectl")
    if known is None:
        return []
    found = Path(known).resolve().parent.glob("kubectl.1.[3-9][0-9]")
    return sorted(path for path in found if os.access(path, os.X_OK))
