"""Schemas of custom resources against the answers of the real kube-apiserver 1.36."""

import json
from pathlib import Path
from typing import Any

import pytest

from homeostat.schema import aggregate, causes, check_structural

GOLDENS = json.loads((Path(__file__).parent / "goldens/structural.json").read_text())


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=str(index)) for index, case in enumerate(GOLDENS)]
)
def test_schema_is_judged_as_the_server_judged_it(case: dict[str, Any]) -> None:
    errors = check_structural(case["schema"])
    assert causes(errors) == case.get("causes", [])
    assert aggregate(errors) == case.get("message", "")


def test_errors_name_the_path_of_the_version() -> None:
    where = "spec.versions[1].schema.openAPIV3Schema"
    assert [str(error) for error in check_structural({}, where)] == [
        f"{where}.type: Required value: must not be empty at the root"
    ]
