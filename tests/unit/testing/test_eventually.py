from collections.abc import Iterator

import pytest

from homeostat.testing import eventually, run_virtual


def test_returns_the_value_of_the_first_check_that_passes() -> None:
    answers: Iterator[int | None] = iter([None, None, 7])

    def check() -> int:
        answer = next(answers)
        assert answer is not None
        return answer

    assert eventually(check, every=0.001) == 7


def test_failure_names_the_check_and_chains_its_last_error() -> None:
    def pods_are_ready() -> None:
        raise AssertionError("2 of 3")

    with pytest.raises(AssertionError, match="pods_are_ready did not hold") as caught:
        eventually(pods_are_ready, within=0.005, every=0.001)
    assert str(caught.value.__cause__) == "2 of 3"


def test_false_means_not_yet() -> None:
    with pytest.raises(AssertionError, match="did not hold within"):
        eventually(lambda: False, within=0.005, every=0.001)


def test_another_error_is_raised_at_once() -> None:
    calls: list[int] = []

    def check() -> None:
        calls.append(1)
        raise TypeError("a mistake in the test")

    with pytest.raises(TypeError):
        eventually(check)
    assert len(calls) == 1


def test_async_check_waits_on_the_loops_time() -> None:
    calls: list[int] = []

    async def check() -> bool:
        calls.append(1)
        return len(calls) == 500

    async def main() -> bool:
        return await eventually(check, within=60, every=0.1)

    assert run_virtual(main())
