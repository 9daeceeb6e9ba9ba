"""Which history it is, by what the server calls itself."""

import pytest

from homeostat.cache._history import History, learned, lost


@pytest.mark.parametrize(
    ("names", "number"),
    [
        ([], 0),
        (["one"], 0),
        (["one", "one"], 0),
        (["one", "two"], 1),
        (["one", "two", "one"], 2),
        ([None, "one"], 0),
        (["one", None, "one"], 0),
        (["one", None, "two"], 1),
        (["one", "", "", "two", "two"], 2),
        (["", "one"], 1),
    ],
)
def test_another_name_is_another_history(names: list[str | None], number: int) -> None:
    history = History()
    for name in names:
        history = learned(history, name)
    assert history.number == number


def test_loss_is_another_history_whatever_it_is_called() -> None:
    history = lost(History(3, "one"))
    assert history == History(4, None)
    assert learned(history, "one") == History(4, "one")
