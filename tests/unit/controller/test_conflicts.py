import pytest

from homeostat.api import NamespacedName
from homeostat.controller._conflicts import Conflicts, Lost

TARGET = ("apps", "deployments", NamespacedName("default", "web"))


@pytest.mark.parametrize(
    ("uid", "version", "passed"),
    [
        ("u1", "7", False),
        ("u1", "9", False),
        ("u1", "10", True),
        ("u2", "5", True),
        ("", "", True),
    ],
)
def test_a_newer_version_another_object_or_none_ends_the_wait(
    uid: str, version: str, passed: bool
) -> None:
    lost = Lost(target=TARGET, uid="u1", resource_version="9")
    assert lost.passed_by(uid, version) is passed


def test_versions_that_do_not_compare_end_the_wait_by_being_different() -> None:
    lost = Lost(target=TARGET, uid="u1", resource_version="abc")
    assert not lost.passed_by("u1", "abc")
    assert lost.passed_by("u1", "abd")


def test_news_wake_the_keys_that_wait_for_them_once() -> None:
    conflicts: Conflicts[str] = Conflicts()
    conflicts.lose("a", Lost(target=TARGET, uid="u1", resource_version="9"))
    conflicts.lose("b", Lost(target=TARGET, uid="u1", resource_version="11"))
    assert conflicts.news(TARGET, "u1", "10") == ["a"]
    assert conflicts.news(TARGET, "u1", "10") == []
    assert conflicts.news(TARGET, "u1", "12") == ["b"]
    assert len(conflicts) == 0


def test_conflicts_in_a_row_are_counted_until_settled() -> None:
    conflicts: Conflicts[str] = Conflicts()
    conflicts.lose("a", None)
    conflicts.lose("a", Lost(target=TARGET))
    assert conflicts.count("a") == 2
    conflicts.started("a")
    assert (conflicts.count("a"), len(conflicts)) == (2, 0)
    conflicts.settled("a")
    assert conflicts.count("a") == 0


def test_any_news_wake_a_key_whose_version_is_unknown() -> None:
    conflicts: Conflicts[str] = Conflicts()
    conflicts.lose("a", Lost(target=TARGET, uid="u1"))
    assert conflicts.news(TARGET, "u1", "1") == ["a"]
