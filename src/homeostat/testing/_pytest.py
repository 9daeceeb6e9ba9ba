"""The pytest plugin.

pytest loads it in every project where homeostat is installed, so it imports nothing
heavy before a test asks for the fixture.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from homeostat.testing import Cluster


@pytest.fixture
def cluster() -> "Iterator[Cluster]":
    """A fresh Kubernetes cluster in this process; see ``homeostat.testing.Cluster``."""
    from homeostat.testing import Cluster  # noqa: PLC0415

    with Cluster() as running:
        yield running
