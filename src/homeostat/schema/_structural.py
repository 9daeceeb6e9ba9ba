"""The rules that make a schema structural, with the texts of apiextensions."""

from collections.abc import Mapping
from typing import Any

from homeostat.schema._errors import FieldError

__all__ = ["check_structural"]


def check_structural(document: Mapping[str, Any], path: str = "") -> list[FieldError]:
    """Return what is wrong with the schema of a custom resource version.

    Args:
        document: The ``openAPIV3Schema``, decoded.
        path: Where it stands, as ``spec.versions[0].schema.openAPIV3Schema``.

    Returns:
        The errors that kube-apiserver gives when such a definition is created.
    """
    raise NotImplementedError
