"""One named entry of a kubeconfig, read field by field with errors that say where."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import msgspec

from homeostat.errors import ConfigError

__all__ = ["Entry"]

_DNS_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry and where it stands.

    Attributes:
        kind: ``cluster``, ``user`` or ``context``.
        name: Its name.
        file: The file that it stands in.
        body: What it says; may hold secrets.
    """

    kind: str
    name: str
    file: str
    body: dict[str, Any] = field(repr=False)

    def error(self, problem: str) -> ConfigError:
        """Return an error about this entry."""
        where = f"{self.kind} {self.name!r}" if self.name else self.kind
        return ConfigError(f"{self.file}: {where}: {problem}")

    def text(self, key: str) -> str:
        """Return a text, "" when it is absent."""
        value = self.body.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            # The value may be a secret: only its type is told.
            raise self.error(
                f"{key} must be a string, not {type(value).__name__}: quote it"
            )
        return value

    def required(self, key: str) -> str:
        """Return a text that must be there."""
        value = self.text(key)
        if not value:
            raise self.error(f"{key} is missing: set it")
        return value

    def flag(self, key: str) -> bool:
        """Return a boolean, False when it is absent."""
        value = self.body.get(key)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise self.error(f"{key} must be true or false")
        return value

    def mapping(self, key: str) -> dict[str, Any] | None:
        """Return a mapping, None when it is absent."""
        value = self.body.get(key)
        if value is not None and not isinstance(value, dict):
            raise self.error(f"{key} must be a mapping")
        return cast("dict[str, Any] | None", value)

    def mappings(self, key: str) -> list[dict[str, Any]]:
        """Return a list of mappings, empty when it is absent."""
        try:
            return msgspec.convert(self.body.get(key) or [], list[dict[str, Any]])
        except msgspec.ValidationError as error:
            raise self.error(f"{key} must be a list of mappings") from error

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts, empty when it is absent."""
        try:
            return msgspec.convert(self.body.get(key) or [], tuple[str, ...])
        except msgspec.ValidationError as error:
            raise self.error(f"{key} must be a list of strings") from error

    def path(self, key: str) -> str:
        """Return a path; a relative one starts where the file stands."""
        value = self.text(key)
        return str(Path(self.file).parent / value) if value else ""

    def data(self, key: str) -> bytes:
        """Return what is given as base64."""
        value = self.text(key)
        try:
            return base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.error(f"{key} is no base64: {error}") from error

    def file_or_data(self, key: str) -> tuple[str, bytes]:
        """Return the path and the data of what may be given either way."""
        path, data = self.path(key), self.data(f"{key}-data")
        if path and data:
            raise self.error(f"{key} and {key}-data exclude each other: remove one")
        return path, data

    def refuse(self, key: str, advice: str) -> None:
        """Raise when a field is set that is not supported."""
        if self.body.get(key):
            raise self.error(f"{key} is not supported: {advice}")

    def namespace(self) -> str:
        """Return the checked namespace, "" when it is absent."""
        value = self.text("namespace")
        if value and not _DNS_LABEL.fullmatch(value):
            raise self.error(
                f"namespace {value!r} is no name: it takes a-z, 0-9 and '-' alone"
            )
        return value
