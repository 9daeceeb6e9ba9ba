import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeostat.cli import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "Missing argument"),
        (["run", "x.py", "--nonsense"], "No such option"),
        (["run", "x.py", "--local", "--context", "c"], "leave out --kubeconfig"),
        (["run", "x.py", "-n", ""], "is no name of a namespace"),
        (["run", "x.py", "-n", "Bad Name"], "is no name of a namespace"),
        (["run", "x.py", "--workers", "0"], "--workers"),
        (["run", "x.py", "--health-address", "nope"], "is not host:port"),
        (["run", "x.py", "--log-format", "xml"], "--log-format"),
        (["local", "up", "--port", "70000"], "--port"),
        (["local", "up", "--name", "No_Name"], "is no name of a cluster"),
        (["local", "kubeconfig", "--raw", "--merge"], "leave out one"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_command_line_ends_with_status_2(
    arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "missing.py", "--local"], "Error: missing.py does not exist"),
        (["crd", "missing.py"], "Error: missing.py does not exist"),
    ],
)
def test_failure_ends_with_status_1_and_one_line(
    arguments: list[str], message: str
) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.output.startswith(message)
    assert len(result.output.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(:\n", "does not run: line 1: invalid syntax"),
        ("x = 1\n1 / 0\n", "does not run: line 2: ZeroDivisionError: division by zero"),
        ("x = 1\n", "no controller at the top level of"),
    ],
    ids=["syntax", "raises", "empty"],
)
def test_file_that_is_no_operator(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "op.py"
    path.write_text(text)
    result = CliRunner().invoke(main, ["run", str(path), "--local"])
    assert result.exit_code == 1
    assert message in result.output
    assert str(path) in result.output
    assert len(result.output.splitlines()) == 1


HEAD = """
from homeostat import *
from homeostat.k8s import core_v1

class ThingSpec(Spec):
    {field}

@custom_resource(group="example.com", version="v1")
class Thing(CustomResource[ThingSpec, Status]):
    pass
"""
CONTROLLER = """
@controller(Thing{options})
def {name}(thing, ctx):
    pass
"""


@pytest.mark.parametrize(
    ("field", "options", "message"),
    [
        ("a: int = 1", ", owns=['Deployment']", "line 12: TypeError: owns= takes"),
        ("a: int = 1", ", reads=[core_v1.Pod()]", "line 12: TypeError: reads= takes"),
        ("a: int = 1", ", owns=core_v1.Pod", "owns= takes a list: owns=[Pod]"),
        (
            "a: int = 1",
            ", watches=[Watch(core_v1.Pod, to=by_label('x'), labels='a in')]",
            "line 12: ValueError: Watch(labels='a in'): ",
        ),
        (
            "a: int = Field(default=0, ge=1)",
            "",
            "line 5: ValueError: ThingSpec.a: default=0 breaks ge=1",
        ),
        ("a: complex = 1", "", "no definition for Thing: ThingSpec.a: no structural"),
    ],
)
def test_mistake_in_a_file_ends_with_status_1_and_one_line(
    tmp_path: Path, field: str, options: str, message: str
) -> None:
    path = tmp_path / "op.py"
    path.write_text(
        HEAD.format(field=field) + CONTROLLER.format(options=options, name="things")
    )
    result = CliRunner().invoke(main, ["run", str(path), "--local"])
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_crd_of_a_type_without_a_schema_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "op.py"
    path.write_text(HEAD.format(field="a: complex = 1"))
    result = CliRunner().invoke(main, ["crd", str(path)])
    assert result.exit_code == 1
    assert result.output.startswith("Error: no definition for Thing: ThingSpec.a: ")
    assert len(result.output.splitlines()) == 1


def test_two_controllers_of_one_name_are_told_with_their_files(tmp_path: Path) -> None:
    files = [tmp_path / "one.py", tmp_path / "two.py"]
    for path in files:
        text = CONTROLLER.format(options=", name='same'", name=f"of_{path.stem}")
        path.write_text(HEAD.format(field="a: int = 1") + text)
    result = CliRunner().invoke(main, ["run", *map(str, files), "--local"])
    assert result.exit_code == 1
    assert len(result.output.splitlines()) == 1
    assert "two controllers are named 'same', of_one in " in result.output
    assert "one.py:12 and of_two in " in result.output


def test_port_that_is_taken_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(main, ["local", "up", "--port", port])
    assert not (tmp_path / "homeostat" / "default" / "cluster.json").exists()
    assert result.exit_code == 1
    assert result.output == (
        f"Error: port {port} on 127.0.0.1 is taken: leave out --port for a free one, "
        "or name another\n"
    )


def test_help_names_every_command() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for command in ("demo", "run", "local", "crd"):
        assert f"\n  {command} " in result.output


def test_crd_prints_the_definition() -> None:
    result = CliRunner().invoke(main, ["crd", "examples/podset/podset.py"])
    assert result.exit_code == 0, result.output
    assert "kind: CustomResourceDefinition" in result.output
    assert "name: podsets.apps.jicki.cn" in result.output
