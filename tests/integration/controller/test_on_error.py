"""What failed is told, also when the reconciler could not be called."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from homeostat import Context, Request, Requeue, SyncContext, controller
from homeostat._transport import HttpRequest, HttpResponse
from homeostat.api import find_condition
from homeostat.controller import KindController, LogFields
from homeostat.errors import ConflictError, ForbiddenError, TerminalError
from tests.integration.controller.support import (
    PodSet,
    Wire,
    World,
    podset,
    settle,
    virtual,
)


def refuse(wire: Wire, fits: Callable[[HttpRequest], bool], *, code: int = 403) -> None:
    """Answer the requests that fit with 403 or 409."""
    reason = {403: "Forbidden", 409: "Conflict"}[code]
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "reason": reason,
        "message": 'podsets is forbidden: User "x" cannot patch resource "podsets"',
        "code": code,
    }

    async def answer(request: HttpRequest) -> HttpResponse | None:
        if fits(request):
            return HttpResponse(status=code, body=json.dumps(body).encode())
        return None

    wire.before = answer


def is_status(request: HttpRequest) -> bool:
    return request.path.endswith("/podsets/a/status")


def is_main(request: HttpRequest) -> bool:
    return request.method == "PATCH" and request.path.endswith("/podsets/a")


@dataclass
class Telling:
    """A controller with a finalizer that says its failures in a condition."""

    made: KindController[PodSet]
    errors: list[Exception]
    runs: list[str]


def telling(error: Exception | None = None, *, threaded: bool = False) -> Telling:
    errors: list[Exception] = []
    runs: list[str] = []

    @controller(PodSet, name="telling")
    async def made(podset: PodSet, _ctx: Context) -> None:
        runs.append(podset.metadata.name)
        podset.status.ready = 7  # never written, and not to be seen by the handler
        if error is not None:
            raise error

    @made.finalizer("test.dev/clean")
    async def clean(_podset: PodSet, _ctx: Context) -> None:
        if error is not None:
            raise error

    def condition(podset: PodSet, error: Exception) -> None:
        assert podset.status.ready == 0
        errors.append(error)
        podset.set_condition("Ready", "False", reason="Failed", message=str(error))

    async def tell(podset: PodSet, ctx: Context, error: Exception) -> None:
        condition(podset, error)
        await ctx.update_status(podset)

    def tell_in_thread(podset: PodSet, ctx: SyncContext, error: Exception) -> None:
        condition(podset, error)
        ctx.update_status(podset)

    if threaded:
        made.on_error(tell_in_thread)
    else:
        made.on_error(tell)
    return Telling(made, errors, runs)


async def message(world: World) -> str:
    found = find_condition(
        (await world.outsider.get(PodSet, "a")).status.conditions, "Ready"
    )
    return found.message if found is not None else ""


@pytest.mark.parametrize("threaded", [False, True], ids=["async", "def"])
def test_a_finalizer_that_may_not_be_written_is_told(*, threaded: bool) -> None:
    @virtual
    async def test(world: World) -> None:
        told = telling(threaded=threaded)
        refuse(world.wire, is_main)
        await world.outsider.create(podset("a"))
        async with world.running(told.made):
            await settle()
            assert not told.runs
            assert isinstance(told.errors[0], ForbiddenError)
            assert 'cannot patch resource "podsets"' in await message(world)
            # It is tried again and again; the condition is written once.
            assert len(told.errors) > 1
            assert len([r for r in world.wire.writes() if r.endswith("/status")]) == 1
            world.wire.before = None
            await asyncio.sleep(60)  # the backoff doubled each time
            assert told.runs

    test()


@virtual
async def test_what_a_reconciler_and_a_clean_up_raise_is_told(world: World) -> None:
    told = telling(ValueError("boom"))
    await world.outsider.create(podset("a"))
    async with world.running(told.made):
        await settle()
        assert await message(world) == "boom"
        told.errors.clear()
        await world.outsider.delete(PodSet, "a", namespace="default")
        await settle()
        assert any(str(e) == "boom" for e in told.errors)


@pytest.mark.parametrize(
    "error",
    [Requeue(after=1), ConflictError("lost", code=409, reason="Conflict")],
    ids=["requeue", "conflict"],
)
def test_what_is_no_failure_is_not_told(error: Exception) -> None:
    @virtual
    async def test(world: World) -> None:
        told = telling(error)
        await world.outsider.create(podset("a"))
        async with world.running(told.made):
            await settle()
        assert told.runs
        assert not told.errors

    test()


@virtual
async def test_a_lost_lock_in_the_handler_is_tried_again(world: World) -> None:
    told = telling(TerminalError("never"))
    tries: list[str] = []

    def first(request: HttpRequest) -> bool:
        if not is_status(request):
            return False
        tries.append(request.path)
        return len(tries) == 1

    refuse(world.wire, first, code=409)
    await world.outsider.create(podset("a"))
    async with world.running(told.made):
        await settle()
    assert await message(world) == "never"
    assert len(tries) == 2


def test_a_handler_that_fails_is_logged_beside_the_error(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(LogFields())

    @virtual
    async def test(world: World) -> None:
        told = telling(ValueError("boom"))
        refuse(world.wire, is_status)
        await world.outsider.create(podset("a"))
        async with world.running(told.made):
            await settle()
        assert len(told.errors) > 1  # the error's own backoff

    test()
    failed = [
        (r.getMessage(), getattr(r, "error", ""), getattr(r, "object_name", ""))
        for r in caplog.records
        if r.levelno == logging.ERROR
    ]
    assert ("reconcile failed", "boom", "a") in failed
    assert any(
        text == "on_error failed" and "cannot patch" in error and name == "a"
        for text, error, name in failed
    )


@virtual
async def test_reconcile_once_tells_and_raises(world: World) -> None:
    told = telling(ValueError("boom"))
    await world.outsider.create(podset("a"))
    with pytest.raises(ValueError, match="boom"):
        await told.made.reconcile_once(world.server, Request("default", "a"))
    assert [str(error) for error in told.errors] == ["boom"]
    assert await message(world) == "boom"


def test_there_is_one_handler_and_it_takes_an_error() -> None:
    made = telling().made

    async def right(_obj: Any, _ctx: Context, _error: Exception) -> None: ...

    async def wrong(_obj: Any, _ctx: Context) -> None: ...

    with pytest.raises(ValueError, match="'telling' has its on_error already"):
        made.on_error(right)

    @controller(PodSet, name="other")
    async def other(_podset: PodSet, _ctx: Context) -> None: ...

    with pytest.raises(TypeError, match=r"wrong must take three .*\(obj, ctx, error\)"):
        other.on_error(wrong)  # type: ignore[arg-type]


@virtual
async def test_what_is_gone_meanwhile_is_told_to_nobody(world: World) -> None:
    told: list[Exception] = []

    @controller(PodSet, name="deleting")
    async def deleting(podset: PodSet, ctx: Context) -> None:
        await ctx.delete(podset)
        raise ValueError("it is gone")

    @deleting.on_error
    async def tell(_podset: PodSet, _ctx: Context, error: Exception) -> None:
        told.append(error)

    await world.outsider.create(podset())
    with pytest.raises(ValueError, match="it is gone"):
        await deleting.reconcile_once(world.outsider, podset())
    assert told == []


@virtual
async def test_handler_writes_what_another_has_changed_without_a_read(
    world: World,
) -> None:
    @controller(PodSet, name="telling")
    async def made(podset: PodSet, _ctx: Context) -> None:
        if podset.spec.size == 1:
            await world.outsider.patch(PodSet, "a", {"spec": {"size": 2}})
            await asyncio.sleep(1)
            raise TerminalError("too small")

    @made.on_error
    async def tell(podset: PodSet, ctx: Context, error: Exception) -> None:
        podset.set_condition("Ready", False, reason="Failed", message=str(error))
        await ctx.update_status(podset)

    async with world.running(made):
        await world.outsider.create(podset(size=1))
        await settle()
        assert await message(world) == "too small"
        assert world.wire.writes() == [
            "PATCH /apis/test.dev/v1/namespaces/default/podsets/a/status"
        ]
        reads = [each for each in world.wire.requests if each.endswith("/podsets/a")]
        assert reads == []


def test_finalizer_of_a_kind_that_is_not_served_is_tried_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @virtual
    async def scenario(world: World) -> None:
        telling_one = telling()

        async def not_served(request: HttpRequest) -> HttpResponse | None:
            if not is_main(request):
                return None
            world.wire.before = None
            return HttpResponse(
                status=404,
                body=json.dumps(
                    {
                        "kind": "Status",
                        "apiVersion": "v1",
                        "status": "Failure",
                        "reason": "NotFound",
                        "message": "the server could not find the requested resource",
                        "details": {},
                        "code": 404,
                    }
                ).encode(),
            )

        world.wire.before = not_served
        async with world.running(telling_one.made):
            await world.outsider.create(podset())
            await settle()
            assert telling_one.runs == ["a"]

    with caplog.at_level(logging.INFO, "homeostat.controller"):
        scenario()
    assert "reconcile failed" in {record.getMessage() for record in caplog.records}
