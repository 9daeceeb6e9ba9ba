"""The README's commands and code, run as a reader would."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from homeostat import _yaml
from homeostat.api import GroupVersionKind
from homeostat.client import Client, ClusterConfig, load_config
from homeostat.testing import eventually

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
CONSOLE = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")


def test_first_controller_has_at_most_twenty_lines() -> None:
    assert len(PYTHON[0].strip().splitlines()) <= 20


def test_first_code_stands_in_the_first_thirty_lines() -> None:
    lines = README.splitlines()
    assert lines.index("```python") < 30


@contextmanager
def greetings(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    program = tmp_path / "greetings.py"
    program.write_text(PYTHON[0])
    process = subprocess.Popen(
        [sys.executable, "-m", "homeostat", "run", str(program), "--local"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_greetings_does_what_the_readme_shows(tmp_path: Path) -> None:
    manifest: Any = re.search(r"<<END\n(.*?)END\n", README, re.DOTALL)
    (document,) = _yaml.load_all(manifest[1])
    with greetings(tmp_path) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        first = process.stdout.readline()
        assert first.startswith("export KUBECONFIG=")
        config = load_config(first.partition("=")[2].strip())
        asyncio.run(_greet(config, lambda client: client.create(document)))
        # Read before the next change: two at once would be one reconcile.
        for line in CONSOLE[1].splitlines()[2:]:
            assert _shape(process.stderr.readline()) == _shape(line)
        asyncio.run(_greet(config, lambda client: client.delete(CONFIG_MAP, "world")))


async def _greet(
    config: ClusterConfig, change: Callable[[Client], Awaitable[object]]
) -> None:
    """Change something, and wait until the greeting is there."""
    async with Client(config) as client:

        async def greeted() -> None:
            found = await client.get(CONFIG_MAP, "world")
            assert found["data"]["text"] == "Hello, World!"

        await change(client)
        await eventually(greeted)


def _shape(line: str) -> str:
    """Return a log line without what differs from run to run."""
    line = re.sub(r"^[\d:.]+", "TIME", line.strip())
    return re.sub(r"in \S+ ms", "in N ms", line)


@pytest.mark.parametrize("page", ["README.md", "docs/testing.md"])
def test_tests_that_are_shown_pass(page: str, tmp_path: Path) -> None:
    text = (ROOT / page).read_text()
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[-1]
    (tmp_path / "test_shown.py").write_text(code)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        timeout=60,
    )
    assert f"{code.count('def test_')} passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.parametrize("target", ["demo", "test", "kube"])
def test_commands_of_the_readme_exist(target: str) -> None:
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / link).exists(), link
