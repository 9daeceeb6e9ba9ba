"""What users wrote may raise anything: one guard for all of it."""

import ast
import asyncio
import logging
import sys
from pathlib import Path

import pytest

import homeostat
from homeostat._guard import Failed, call, call_async, run_again
from homeostat._tasks import Group
from homeostat.testing import run_virtual

SOURCE = Path(homeostat.__file__).parent


def broken(*_args: object) -> int:
    raise LookupError("mine")


def test_failure_is_logged_by_name_and_returned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    result = call("predicate of Pod", broken, 1)
    assert isinstance(result, Failed)
    assert isinstance(result.error, LookupError)
    assert "predicate of Pod raised" in caplog.text
    assert "LookupError: mine" in caplog.text
    assert call("it", int, "7") == 7


async def test_failure_of_a_coroutine_is_returned_for_the_caller_to_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fails() -> int:
        return broken()

    result = await call_async(fails)
    assert isinstance(result, Failed)
    assert not caplog.records


async def test_stray_cancellation_is_a_failure_of_user_code() -> None:
    async def awaits_what_was_cancelled() -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    result = await call_async(awaits_what_was_cancelled)
    assert isinstance(result, Failed)
    assert isinstance(result.error.__cause__, asyncio.CancelledError)


async def test_own_cancellation_passes_through() -> None:
    async with Group() as group:
        task = group.start(call_async(asyncio.Event().wait), name="user")
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_leaving_the_process_is_a_failure_of_the_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def leaves() -> None:
        sys.exit(3)

    for result in (call("predicate of Pod", sys.exit, 3), await call_async(leaves)):
        assert isinstance(result, Failed)
        assert "user code called sys.exit(3)" in str(result.error)
        assert isinstance(result.error.__cause__, SystemExit)
    assert "predicate of Pod raised" in caplog.text


async def test_interrupt_of_the_user_passes() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    async def waits() -> None:
        interrupted()

    with pytest.raises(KeyboardInterrupt):
        call("it", interrupted)
    with pytest.raises(KeyboardInterrupt):
        await call_async(waits)


def test_what_fails_runs_again_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    starts: list[float] = []

    async def run() -> None:
        starts.append(asyncio.get_running_loop().time())
        broken()

    async def main() -> None:
        async with Group() as group:
            task = group.start(run_again("informer/x", run), name="x")
            await asyncio.sleep(12)
            task.cancel()

    with caplog.at_level(logging.ERROR):
        run_virtual(main())
    assert starts == [0, 5, 10]
    assert "informer/x failed; it starts again" in caplog.text


@pytest.mark.parametrize(
    "package",
    [
        "api",
        "cache",
        "client",
        "controller",
        "events",
        "localcluster",
        "manager",
        "schema",
        "workqueue",
    ],
)
def test_any_error_ends_in_the_guard_alone(package: str) -> None:
    found = [
        f"{path.name}:{node.lineno}"
        for path in (SOURCE / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) == "Exception")
    ]
    assert found == []
