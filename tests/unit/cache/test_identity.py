"""One question for all who doubt."""

import asyncio
import logging

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._inputs import Identified
from homeostat.client import Client
from homeostat.testing import run_virtual
from tests.unit.cache.scripted import Script, cluster, refusal

ALWAYS = float("-inf")


def identity(script: Script) -> ServerIdentity:
    return ServerIdentity(Client(script, random=Random(1)))


async def ask_all(asked: ServerIdentity, sinces: list[float]) -> list[Identified]:
    async with Group() as group:
        tasks = [group.start(asked.ask(s), name=f"ask/{s}") for s in sinces]
    return [task.result() for task in tasks]


def test_one_request_serves_everybody() -> None:
    script = Script()
    script.identities = [1.0, cluster("one"), 1.0, cluster("two")]

    async def main() -> None:
        asked = identity(script)
        assert await ask_all(asked, [ALWAYS] * 5) == [Identified("one")] * 5
        assert await ask_all(asked, [0.5, 0.9, 0.95]) == [Identified("two")] * 3
        assert await asked.ask(0.7) == Identified("two")

    run_virtual(main())
    assert script.identified == [0.0, 1.0]


def test_failure_is_shared_by_those_who_waited_for_it() -> None:
    script = Script()
    script.identities = [10.0, refusal(401, "Unauthorized"), cluster("one")]

    async def main() -> None:
        asked = identity(script)
        answers = await ask_all(asked, [ALWAYS] * 3)
        assert all(answer.error is not None for answer in answers)
        await asyncio.sleep(1)
        assert await asked.ask(ALWAYS) == Identified("one")

    run_virtual(main())
    assert script.identified == [0.0, 11.0]


def test_asker_that_is_cancelled_leaves_the_question_to_the_next() -> None:
    script = Script()
    script.identities = [10.0, cluster("lost"), cluster("one")]

    async def main() -> None:
        asked = identity(script)
        async with Group() as group:
            first = group.start(asked.ask(ALWAYS), name="first")
            await asyncio.sleep(1)
            second = group.start(asked.ask(ALWAYS), name="second")
            await asyncio.sleep(1)
            first.cancel()
        assert isinstance(second.result(), Identified)
        assert second.result().uid

    run_virtual(main())


@pytest.mark.parametrize(
    ("code", "reason", "missing"), [(403, "Forbidden", False), (404, "NotFound", True)]
)
def test_what_may_not_be_read_is_said_once_and_harms_nobody(
    code: int, reason: str, caplog: pytest.LogCaptureFixture, *, missing: bool
) -> None:
    script = Script()
    script.identities = [refusal(code, reason), refusal(code, reason)]

    async def main() -> None:
        asked = identity(script)
        assert await asked.ask(ALWAYS) == Identified(missing=missing)
        await asyncio.sleep(1)
        assert await asked.ask(0.5) == Identified(missing=missing)

    with caplog.at_level(logging.INFO, "homeostat.cache"):
        run_virtual(main())
    assert len(caplog.records) == (0 if missing else 1)


@pytest.mark.parametrize("code", [401, 429, 500])
def test_other_answers_say_nothing(code: int) -> None:
    script = Script()
    script.identities = [refusal(code, "Other")] * 9

    async def main() -> None:
        assert (await identity(script).ask(ALWAYS)).error is not None

    run_virtual(main())
