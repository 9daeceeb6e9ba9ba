import subprocess
import sys

import homeostat


def test_the_root_has_at_most_25_names_and_all_of_them() -> None:
    assert len(homeostat.__all__) <= 25
    assert list(homeostat.__all__) == sorted(homeostat.__all__)
    assert dir(homeostat) == sorted(homeostat.__all__)
    for name in homeostat.__all__:
        assert getattr(homeostat, name) is not None


def test_the_decorator_is_not_hidden_by_the_package_of_its_name() -> None:
    from homeostat import controller  # noqa: PLC0415

    assert callable(controller)
    assert sys.modules["homeostat.controller"].controller is controller


def test_importing_it_loads_nothing_heavy() -> None:
    script = (
        "import sys, homeostat\n"
        "heavy = ['aiohttp', 'yaml', 'click', 'rich', 'cryptography', 'zstandard',\n"
        "         'homeostat.k8s', 'homeostat.schema', 'homeostat.manager',\n"
        "         'homeostat.apiserver']\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "[]"
