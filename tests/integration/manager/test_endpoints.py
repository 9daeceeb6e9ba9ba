import asyncio

import aiohttp
import pytest

from homeostat.errors import ConfigError
from homeostat.manager import Health
from homeostat.manager._endpoints import serve_health


async def get(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.text()


async def test_liveness_and_readiness_are_apart() -> None:
    health = Health()
    health.live["ping"] = lambda: ""
    health.ready["controller/a"] = lambda: "not synced"
    async with serve_health(health, "127.0.0.1:0") as address:
        assert await get(f"http://{address}/healthz") == (200, "ok")
        assert await get(f"http://{address}/livez?verbose") == (
            200,
            "[+]ping ok\nlive check passed\n",
        )
        assert await get(f"http://{address}/readyz") == (
            503,
            "[-]controller/a failed: not synced\nready check failed\n",
        )
        health.ready["controller/a"] = lambda: ""
        assert await get(f"http://{address}/readyz") == (200, "ok")


async def test_an_address_in_use_is_an_error_that_says_so() -> None:
    async with serve_health(Health(), "127.0.0.1:0") as address:
        with pytest.raises(ConfigError, match="cannot listen on 127"):
            async with serve_health(Health(), address):
                await asyncio.sleep(0)
