"""The code in the documentation runs; ``make types`` checks its types."""

import re
from pathlib import Path

import pytest

from tools.fences import Fence, fences

ROOT = Path(__file__).resolve().parents[2]
FENCES = list(fences())


def test_readme_and_package_show_code() -> None:
    names = {fence.name for fence in FENCES}
    assert names >= {"README_1", "README_2", "src_homeostat___init___1"}


@pytest.mark.parametrize("fence", FENCES, ids=[fence.name for fence in FENCES])
def test_code_runs_as_it_stands(fence: Fence) -> None:
    program = compile(fence.code, f"<{fence.name}>", "exec", dont_inherit=True)
    exec(program, {"__name__": fence.name})


def test_nothing_shows_code_that_nobody_runs() -> None:
    prompts = [
        str(path.relative_to(ROOT))
        for folder, suffix in (("src", "py"), ("docs", "md"), ("examples", "md"))
        for path in (ROOT / folder).rglob(f"*.{suffix}")
        if re.search(r"^\s*(>>> |```(pycon|python3|doctest)\b)", path.read_text(), re.M)
    ]
    assert prompts == []
