"""``local kubeconfig --merge``: a cluster among those that kubectl knows."""

from pathlib import Path
from typing import Any, cast

from homeostat import _yaml
from homeostat.api import JSON
from homeostat.errors import ConfigError

__all__ = ["merge"]

_LISTS = ("clusters", "users", "contexts")


def merge(text: str, path: Path) -> str:
    """Put what a kubeconfig names into another file, and make its context current.

    Entries of the same names are replaced, all others stay; comments do not, as with
    ``kubectl config``.

    Args:
        text: The kubeconfig.
        path: The file; it is made when it is absent.

    Returns:
        The name of the context.

    Raises:
        ConfigError: The file is no kubeconfig.
        OSError: It cannot be read or written.
    """
    ours = _one(text, path)
    theirs = _one(path.read_text(), path) if path.exists() else {}
    merged: dict[str, Any] = {"apiVersion": "v1", "kind": "Config", **theirs}
    for key in _LISTS:
        names = {entry["name"] for entry in ours[key]}
        others: list[Any] = merged.get(key) or []
        kept = [each for each in others if _name_of(each) not in names]
        merged[key] = kept + ours[key]
    merged["current-context"] = ours["current-context"]
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A link is followed: the file may be kept elsewhere.
    target = path.resolve()
    part = target.with_name(f"{target.name}.part")
    part.touch(mode=0o600)
    part.write_text(_yaml.dump_all([merged]))
    part.replace(target)
    return str(ours["current-context"])


def _name_of(entry: JSON) -> JSON:
    return cast("dict[str, JSON]", entry).get("name") if isinstance(entry, dict) else ""


def _one(text: str, path: Path) -> dict[str, Any]:
    try:
        found: list[Any] = [each for each in _yaml.load_all(text) if each]
    except ValueError as error:
        raise ConfigError(f"{path} is no kubeconfig: {error}") from error
    if not found:
        return {}
    config: Any = found[0]
    if len(found) > 1 or not isinstance(config, dict):
        raise ConfigError(f"{path} is no kubeconfig: it is no single mapping")
    return cast("dict[str, Any]", config)
