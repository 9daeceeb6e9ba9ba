"""Definitions are installed once they are served, and refusals come to light."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from homeostat import Client, CustomResource, Spec, Status, custom_resource
from homeostat._transport import HttpRequest, HttpStream
from homeostat.apiserver import ApiServer
from homeostat.errors import InvalidError
from homeostat.manager import install_crds
from homeostat.testing import run_virtual
from tests.integration.controller.support import Wire


class GadgetSpec(Spec):
    size: int = 1


@custom_resource(group="test.dev", version="v1", kind="Gadget", short_names=["gg"])
class Gadget(CustomResource[GadgetSpec, Status]):
    """A kind."""


@custom_resource(group="test.dev", version="v1", kind="Gadget", plural="gears")
class Gear(CustomResource[GadgetSpec, Status]):
    """Another one, that calls itself by the name of the first."""


class Empty:
    """A watch that the server ends before it says anything."""

    status = 200
    headers: dict[str, str] = {}

    async def chunks(self) -> AsyncIterator[bytes]:
        for chunk in list[bytes]():
            yield chunk


class Ending(Wire):
    """A line that ends the first watches at once."""

    def __init__(self, server: ApiServer, *, watches: int) -> None:
        super().__init__(server)
        self.left = watches

    def stream(self, request: HttpRequest) -> AbstractAsyncContextManager[HttpStream]:
        if self.left:
            self.left -= 1
            return self.nothing()
        return super().stream(request)

    @asynccontextmanager
    async def nothing(self) -> AsyncGenerator[HttpStream]:
        yield Empty()


def test_the_kind_is_served_when_it_returns() -> None:
    async def main() -> None:
        async with Client(ApiServer().transport()) as client:
            await install_crds(client, [Gadget, Gadget])
            assert await client.list(Gadget) == []

    run_virtual(main())


def test_a_name_that_another_definition_has_is_an_error() -> None:
    async def main() -> None:
        async with Client(ApiServer().transport()) as client:
            await install_crds(client, [Gadget])
            async with asyncio.timeout(60):
                with pytest.raises(InvalidError, match=r"gears\.test\.dev: .*Gadget"):
                    await install_crds(client, [Gear])

    run_virtual(main())


def test_a_watch_that_ends_is_begun_again_once_a_second() -> None:
    async def main() -> None:
        wire = Ending(ApiServer(), watches=1500)
        async with Client(wire) as client:
            await install_crds(client, [Gadget])
        assert wire.left == 0
        assert asyncio.get_running_loop().time() == pytest.approx(1500, abs=1)

    run_virtual(main())
