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
