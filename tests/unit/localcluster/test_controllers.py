import pytest

from homeostat.errors import ConfigError
from homeostat.localcluster._controllers import NAMES, Settings, built_in, select

ALL = frozenset(NAMES)
ONE, OTHER = "deployment-controller", "namespace-controller"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("*", ALL),
        ("", frozenset[str]()),
        (ONE, {ONE}),
        (f" {ONE}, {OTHER} ", {ONE, OTHER}),
        (f"*,-{ONE}", ALL - {ONE}),
        (f"-{ONE},*", ALL - {ONE}),
        (f"{ONE},-{ONE}", {ONE}),
        (f"-{ONE},{ONE}", frozenset[str]()),
        (f"-{ONE}", frozenset[str]()),
    ],
)
def test_selection_is_that_of_kube_controller_manager(
    text: str, names: frozenset[str]
) -> None:
    assert select(text) == names


@pytest.mark.parametrize("text", ["deployment", "*,-nope", "--namespace-controller"])
def test_unknown_name_is_refused_with_those_that_there_are(text: str) -> None:
    with pytest.raises(ConfigError, match="namespace-controller, "):
        select(text)


def test_a_controller_is_named_as_it_is_selected() -> None:
    # Their events name them otherwise, and so do those of the real ones.
    others = {
        "disruption-controller": "controllermanager",
        "node-lifecycle-controller": "node-controller",
        "persistentvolume-binder-controller": "persistentvolume-controller",
    }
    for name in NAMES:
        for controller in built_in([name], Settings()):
            # One that has several parts names each after itself.
            assert controller.name.startswith(others.get(name, name))
