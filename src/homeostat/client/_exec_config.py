"""The ``exec`` block of a kubeconfig's user."""

import os
import unicodedata
from pathlib import Path
from typing import Any, cast, get_args

from homeostat.client._config import ExecConfig, InteractiveMode
from homeostat.client._entry import Entry
from homeostat.client._exec import API_VERSIONS

__all__ = ["parse_exec"]


def parse_exec(user: Entry, *, extension: object) -> ExecConfig | None:
    """Return a user's credential plugin, None when there is none.

    Args:
        user: The user's entry.
        extension: What the cluster's entry has for the plugin.

    Raises:
        ConfigError: The block is not complete, or not supported.
    """
    body = user.mapping("exec")
    if body is None:
        return None
    entry = Entry(f"user {user.name!r}: exec", "", user.file, body)
    command = entry.required("command")
    if os.sep in command:
        # A bare name is looked up in PATH, a path starts where the file stands.
        command = str(Path(user.file).parent / command)
    version = entry.required("apiVersion")
    if version not in API_VERSIONS:
        raise entry.error(
            f"apiVersion {version!r} is not supported: use one of "
            f"{', '.join(API_VERSIONS)}, and a plugin that speaks it"
        )
    return ExecConfig(
        command=command,
        args=entry.texts("args"),
        env=tuple(_variable(entry, item) for item in entry.mappings("env")),
        api_version=version,
        interactive_mode=_mode(entry, version),
        provide_cluster_info=entry.flag("provideClusterInfo"),
        install_hint=_printable(entry.text("installHint")),
        extension=extension,
    )


def _variable(entry: Entry, item: dict[str, Any]) -> tuple[str, str]:
    name, value = item.get("name"), item.get("value", "")
    if not isinstance(name, str) or not name or not isinstance(value, str):
        raise entry.error("env: each variable needs a name and a value as strings")
    return name, value


def _mode(entry: Entry, version: str) -> InteractiveMode:
    mode = entry.text("interactiveMode")
    if not mode and version.endswith("/v1beta1"):
        return "IfAvailable"  # v1 made it a must
    if mode not in get_args(InteractiveMode):
        raise entry.error(
            f"interactiveMode is {mode or 'missing'}: set it to one of "
            f"{', '.join(get_args(InteractiveMode))}"
        )
    return cast("InteractiveMode", mode)


def _printable(hint: str) -> str:
    """Return ``hint`` without characters that could steer a terminal."""
    return "".join(
        character
        if character in "\t\n\v\f\r" or unicodedata.category(character)[0] != "C"
        else f"U+{ord(character):04X}"
        for character in hint
    )
