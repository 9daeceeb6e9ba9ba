"""One question for all who doubt."""

import asyncio
import logging

import pytest

from homeostat._random import Random
from homeostat._tasks import Group
from homeostat.cache._identity import ServerIdentity
from homeostat.cache._inputs import Identified
from homeostat.client import Client
from homeostat.errors import TransportError
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
        assert await ask_all(asked, [ALWAYS] * 5) == [Identified(0)] * 5
        assert await ask_all(asked, [0.5, 0.9, 0.95]) == [Identified(1)] * 3
        assert await asked.ask(0.7) == Identified(1)

    run_virtual(main())
    assert script.identified == [0.0, 1.0]


def test_failure_is_shared_by_those_who_waited_for_it() -> None:
    script = Script()
    script.identities = [10.0, refusal(401, "Unauthorized"), cluster("one")]

    async def main() -> None:
        asked = identity(script)
        answers = await ask_all(asked, [ALWAYS] * 3)
        assert all(answer.error is not None for answer in answers)
        assert await asked.ask(ALWAYS) == Identified(0)

    run_virtual(main())
    assert script.identified == [0.0, 10.0]


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
        assert second.result() == Identified(0)

    run_virtual(main())


@pytest.mark.parametrize(("code", "reason"), [(403, "Forbidden"), (404, "NotFound")])
def test_what_may_not_be_read_is_said_once_and_harms_nobody(
    code: int, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script()
    script.identities = [refusal(code, reason), refusal(code, reason)]

    async def main() -> None:
        asked = identity(script)
        assert await asked.ask(ALWAYS) == Identified(0)
        await asyncio.sleep(1)
        assert await asked.ask(0.5) == Identified(0)

    with caplog.at_level(logging.INFO, "homeostat.cache"):
        run_virtual(main())
    assert len(caplog.records) == (1 if code == 403 else 0)


@pytest.mark.parametrize("code", [401, 429, 500])
def test_other_answers_say_nothing(code: int) -> None:
    script = Script()
    script.identities = [refusal(code, "Other")] * 9

    async def main() -> None:
        assert (await identity(script).ask(ALWAYS)).error is not None

    run_virtual(main())


def test_server_that_does_not_say_after_it_did_is_asked_again() -> None:
    script = Script()
    script.identities = [cluster("one"), refusal(403, "Forbidden"), cluster("two")]

    async def main() -> None:
        asked = identity(script)
        for expected in (Identified(0), Identified(0, unsaid=True), Identified(1)):
            await asyncio.sleep(1)
            assert await asked.ask(asyncio.get_running_loop().time() - 0.5) == expected

    run_virtual(main())


def test_everybody_is_told_in_the_step_in_which_another_history_is_known() -> None:
    script = Script()
    script.identities = [cluster("one"), cluster("two"), cluster("two")]
    heard: list[int] = []

    async def main() -> None:
        asked = identity(script)
        asked.listeners.append(lambda: heard.append(asked.number))
        for _ in range(3):
            asked.suspect()
            await asked.confirm()

    run_virtual(main())
    assert heard == [1]


def test_writes_wait_for_an_answer_to_every_doubt_and_to_no_more() -> None:
    script = Script()
    script.identities = [1.0, cluster("one"), 2.0, cluster("one")]

    async def main() -> list[float]:
        loop, asked = asyncio.get_running_loop(), identity(script)
        await asked.confirm()  # nobody doubts
        went = [loop.time()]
        asked.suspect()
        loop.call_later(0.5, asked.suspect)  # of the request under way nothing is said
        await asked.confirm()
        await asked.confirm()
        return [*went, loop.time()]

    assert run_virtual(main()) == [0.0, 3.0]


def test_writes_are_refused_while_nobody_can_tell() -> None:
    script = Script()
    script.identities = [refusal(401, "Unauthorized"), cluster("one")]

    async def main() -> None:
        asked = identity(script)
        asked.suspect()
        with pytest.raises(TransportError, match="still the one it was") as refused:
            await asked.confirm()
        assert not refused.value.sent
        await asked.confirm()

    run_virtual(main())


def test_history_that_versions_tell_of_gets_its_name_later() -> None:
    script = Script()
    script.identities = [cluster("one"), cluster("two"), cluster("three")]

    async def main() -> list[int]:
        asked = identity(script)
        numbers = []
        await asked.ask(ALWAYS)
        asked.lose()
        for _ in range(2):
            numbers.append(asked.number)
            asked.suspect()
            await asked.confirm()
        return [*numbers, asked.number]

    assert run_virtual(main()) == [1, 1, 2]
