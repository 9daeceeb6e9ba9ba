import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

import pytest

from homeostat._random import Random
from homeostat._scope import Write, current_scope
from homeostat._tasks import Group
from homeostat.api import NamespacedName
from homeostat.controller import Controller, Requeue, Result, Run
from homeostat.controller._conflicts import Lost
from homeostat.errors import ConflictError, TerminalError
from homeostat.testing import run_virtual

LOG = "homeostat.controller._controller"
Test = Callable[[], Awaitable[None]]


def virtual(test: Test) -> Callable[[], None]:
    def run() -> None:
        async def main() -> None:
            async with asyncio.timeout(100_000):
                await test()

        run_virtual(main())

    run.__name__ = test.__name__
    return run


@asynccontextmanager
async def running(controller: Controller[str]) -> AsyncGenerator[None]:
    async with Group() as tasks:
        task = tasks.start(controller.run(), name="controller")
        yield
        task.cancel()


def now() -> float:
    return asyncio.get_running_loop().time()


def lost_write(version: str) -> Write:
    return Write(
        verb="update",
        group="",
        version="v1",
        resource="things",
        namespace="default",
        name="a",
        body={"metadata": {"uid": "u1", "resourceVersion": version}},
    )


@virtual
async def test_a_failing_key_is_tried_for_ever_with_growing_delays() -> None:
    times: list[float] = []

    async def reconcile(_key: str, _run: Run[str]) -> None:
        times.append(now())
        raise ValueError("boom")

    controller = Controller("c", reconcile, random=Random(1))
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(5000)
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps[:10] == sorted(gaps[:10])
    assert max(gaps) <= 1000.0
    assert len(times) > 20


@virtual
async def test_other_keys_go_on_when_one_fails() -> None:
    done: list[str] = []

    async def reconcile(key: str, _run: Run[str]) -> None:
        if key == "bad":
            raise ValueError("boom")
        done.append(key)

    controller = Controller("c", reconcile)
    async with running(controller):
        for key in ("bad", "good", "better"):
            controller.queue.add(key)
        await asyncio.sleep(1)
    assert done == ["good", "better"]


@virtual
async def test_a_success_resets_the_backoff() -> None:
    failing = True

    async def reconcile(_key: str, _run: Run[str]) -> None:
        if failing:
            raise ValueError("boom")

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(1)
        assert controller.queue.failures("a") > 5
        failing = False
        await asyncio.sleep(10)
        assert controller.queue.failures("a") == 0


@virtual
async def test_a_terminal_error_is_not_tried_again() -> None:
    runs = 0

    async def reconcile(_key: str, _run: Run[str]) -> None:
        nonlocal runs
        runs += 1
        raise TerminalError("no such image")

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(5000)
    assert runs == 1


@virtual
async def test_requeue_after_comes_back_in_time_without_a_failure() -> None:
    times: list[float] = []

    async def reconcile(_key: str, _run: Run[str]) -> Result | None:
        times.append(now())
        if len(times) == 1:
            return Result(requeue_after=60)
        if len(times) == 2:
            raise Requeue(after=30, reason="waits for DNS")
        return None

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(1000)
        assert controller.queue.failures("a") == 0
    assert times == [0.0, 60.0, 90.0]


@virtual
async def test_a_conflict_waits_for_the_store_and_counts_no_failure() -> None:
    times: list[float] = []
    error = ConflictError("modified", code=409, reason="Conflict")

    async def reconcile(_key: str, run: Run[str]) -> None:
        times.append(now())
        if len(times) == 1:
            write = lost_write("7")
            run.writes.sending(write)
            run.writes.failed(write, error)
            raise error

    controller = Controller("c", reconcile)
    target = ("", "things", NamespacedName("default", "a"))
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(0.1)
        assert controller.conflicts.waits_for("a") == Lost(
            target=target, uid="u1", resource_version="7"
        )
        controller.queue.add("a", reason="an event from before")
        await asyncio.sleep(0.1)
        assert len(times) == 1
        for key in controller.conflicts.news(target, "u1", "8"):
            controller.queue.unpark(key)
        await asyncio.sleep(0.1)
        assert controller.queue.failures("a") == 0
    assert times == [0.0, pytest.approx(0.2)]


@virtual
async def test_a_conflict_that_no_news_end_is_tried_again_with_a_capped_delay() -> None:
    times: list[float] = []

    async def reconcile(_key: str, _run: Run[str]) -> None:
        times.append(now())
        raise ConflictError("modified", code=409, reason="Conflict")

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(200)
        assert controller.queue.failures("a") == 0
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert gaps[:4] == [0.5, 1.0, 2.0, 4.0]
    assert max(gaps) == 30.0


@virtual
async def test_a_key_never_runs_twice_at_once_but_others_do() -> None:
    active: list[str] = []
    most = 0

    async def reconcile(key: str, _run: Run[str]) -> None:
        nonlocal most
        assert key not in active
        active.append(key)
        most = max(most, len(active))
        await asyncio.sleep(1)
        active.remove(key)

    controller = Controller("c", reconcile, max_concurrent_reconciles=3)
    async with running(controller):
        for _ in range(5):
            for key in "abcde":
                controller.queue.add(key)
            await asyncio.sleep(0.3)
        await asyncio.sleep(20)
    assert most == 3


@virtual
async def test_a_deadline_cancels_and_counts_as_a_failure() -> None:
    runs = 0

    async def reconcile(_key: str, _run: Run[str]) -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(100)

    controller = Controller("c", reconcile, deadline=5)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(5.001)
        assert controller.queue.failures("a") == 1
        await asyncio.sleep(10)
    assert runs > 1


@virtual
async def test_a_stray_cancellation_does_not_end_the_worker() -> None:
    runs = 0

    async def reconcile(_key: str, _run: Run[str]) -> None:
        nonlocal runs
        runs += 1
        if runs == 1:
            future = asyncio.get_running_loop().create_future()
            future.cancel()
            await future

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(1)
    assert runs == 2


@virtual
async def test_drain_lets_what_runs_end_and_starts_nothing() -> None:
    done: list[str] = []

    async def reconcile(key: str, _run: Run[str]) -> None:
        await asyncio.sleep(10)
        done.append(key)

    controller = Controller("c", reconcile)
    async with Group() as tasks:
        tasks.start(controller.run(), name="controller")
        controller.queue.add("a")
        controller.queue.add("b")
        await asyncio.sleep(1)
        await controller.drain()
        assert now() == 10.0
    assert done == ["a"]


@virtual
async def test_writes_carry_the_scope_of_their_reconcile() -> None:
    seen: list[tuple[str, str, str]] = []

    async def reconcile(_key: str, run: Run[str]) -> None:
        scope = current_scope()
        assert scope.reconcile_id == run.reconcile_id
        assert run.writes in scope.observers
        seen.append((scope.controller, scope.key, scope.reconcile_id))

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        await asyncio.sleep(1)
        controller.queue.add("a")
        await asyncio.sleep(1)
    assert [s[:2] for s in seen] == [("c", "a")] * 2
    assert seen[0][2] != seen[1][2]


@virtual
async def test_context_variables_of_a_reconcile_end_with_it() -> None:
    bound: ContextVar[str] = ContextVar("bound", default="")
    seen: list[str] = []

    async def reconcile(key: str, _run: Run[str]) -> None:
        seen.append(bound.get())
        token = bound.set(key)
        await asyncio.sleep(1)  # the same context goes on after it
        seen.append(bound.get())
        bound.reset(token)
        bound.set(key)

    controller = Controller("c", reconcile)
    async with running(controller):
        controller.queue.add("a")
        controller.queue.add("b")
        await asyncio.sleep(5)
    assert seen == ["", "a", "", "b"]


def outcomes(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [r for r in caplog.records if r.name == LOG]


def run_and_log(
    caplog: pytest.LogCaptureFixture,
    reconcile: Callable[[str, Run[str]], Awaitable[Result | None]],
    *,
    seconds: float = 0.001,
) -> list[logging.LogRecord]:
    async def main() -> None:
        controller = Controller("c", reconcile)
        async with running(controller):
            controller.queue.add("a", reason="Thing changed")
            await asyncio.sleep(seconds)

    with caplog.at_level(logging.DEBUG):
        run_virtual(main())
    return outcomes(caplog)


def test_each_reconcile_ends_in_one_record(caplog: pytest.LogCaptureFixture) -> None:
    async def reconcile(_key: str, _run: Run[str]) -> None:
        await asyncio.sleep(0.0005)

    [record] = run_and_log(caplog, reconcile)
    assert record.levelno == logging.INFO
    assert record.__dict__["outcome"] == "success"
    assert record.__dict__["duration_s"] == 0.0005
    assert record.__dict__["reasons"] == ("Thing changed",)


def test_an_error_is_logged_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def reconcile(_key: str, _run: Run[str]) -> None:
        raise ValueError("boom")

    record = run_and_log(caplog, reconcile)[0]
    assert record.levelno == logging.ERROR
    assert record.__dict__["error"] == "boom"
    assert record.exc_info is not None


def test_a_skipped_run_is_not_worth_a_line(caplog: pytest.LogCaptureFixture) -> None:
    async def reconcile(_key: str, run: Run[str]) -> None:
        run.skipped = "gone"

    [record] = run_and_log(caplog, reconcile)
    assert (record.levelno, record.__dict__["outcome"]) == (logging.DEBUG, "gone")


def test_a_reconcile_of_more_than_a_minute_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def reconcile(_key: str, _run: Run[str]) -> None:
        await asyncio.sleep(90)

    slow, done = run_and_log(caplog, reconcile, seconds=100)
    assert slow.getMessage() == "reconcile is still running"
    assert done.__dict__["duration_s"] == 90


def test_a_reconcile_that_blocks_the_loop_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def reconcile(_key: str, _run: Run[str]) -> None:
        await asyncio.sleep(0)
        # Time passes while nobody else runs: what a blocking call looks like.
        asyncio.get_running_loop().advance(3.0)  # type: ignore[attr-defined]

    records = run_and_log(caplog, reconcile, seconds=5)
    assert "blocked the event loop" in records[0].getMessage()
    assert records[0].__dict__["duration_s"] == 3.0


@virtual
async def test_a_backlog_that_waits_for_nothing_lets_others_of_the_loop_go_on() -> None:
    turns = 0

    async def works_without_a_wait(_key: str, _run: Run[str]) -> None:
        asyncio.get_running_loop().advance(0.002)  # type: ignore[attr-defined]

    controller = Controller("c", works_without_a_wait)
    for n in range(60):
        controller.queue.add(str(n))
    async with running(controller):
        while len(controller.queue):
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 10  # one for each of twelve hundredths of a second, or nearly


@pytest.mark.parametrize("workers", [0, -1])
def test_without_workers_there_is_no_controller(workers: int) -> None:
    async def reconcile(_key: str, _run: Run[str]) -> None:
        pass

    with pytest.raises(ValueError, match="at least 1"):
        Controller("c", reconcile, max_concurrent_reconciles=workers)


def test_metrics_have_controller_runtimes_names() -> None:
    counts: dict[str, float] = {}
    gauges: dict[str, float] = {}
    observed: dict[str, float] = {}

    class Figures:
        def count(self, name: str, amount: float = 1.0, /, **labels: str) -> None:
            name = f"{name} {labels.get('result', '')}".strip()
            counts[name] = counts.get(name, 0) + amount

        def gauge(self, name: str, value: float, /, **_: str) -> None:
            gauges[name] = value

        def observe(self, name: str, value: float, /, **_: str) -> None:
            observed[name] = value

    answers: list[Exception | None] = [ValueError(), TerminalError("x"), None]

    async def main() -> None:
        async def reconcile(_key: str, _run: Run[str]) -> None:
            await asyncio.sleep(2)
            answer = answers.pop(0)
            if answer is not None:
                raise answer

        controller = Controller("c", reconcile, metrics=Figures())
        async with running(controller):
            controller.queue.add("a")
            await asyncio.sleep(1)
            assert gauges["controller_runtime_active_workers"] == 1
            await asyncio.sleep(10)
            controller.queue.add("a")
            await asyncio.sleep(10)

    run_virtual(main())
    assert counts["controller_runtime_reconcile_total error"] == 2
    assert counts["controller_runtime_reconcile_total success"] == 1
    assert counts["controller_runtime_reconcile_errors_total"] == 2
    assert counts["controller_runtime_terminal_reconcile_errors_total"] == 1
    assert counts["workqueue_retries_total"] == 1
    assert observed["controller_runtime_reconcile_time_seconds"] == 2.0
    assert gauges["controller_runtime_max_concurrent_reconciles"] == 1
    assert gauges["controller_runtime_active_workers"] == 0
