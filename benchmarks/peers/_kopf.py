# ruff: noqa: ANN401 - what a library gives is untyped here
"""kopf: an operator whose index keeps every body; it has no client of its own."""

import asyncio
import logging
from importlib import import_module
from typing import Any

from benchmarks.peers._library import GROUP, PLURAL, VERSION, Held, Library

kopf: Any = import_module("kopf")


async def _fill(server: str, count: int) -> Held:
    logging.getLogger("kopf").setLevel(logging.ERROR)
    held: Held = {}
    full = asyncio.Event()

    def login(**_: Any) -> Any:
        return kopf.ConnectionInfo(server=server)

    def widgets(namespace: str, name: str, body: Any, **_: Any) -> Any:
        held[namespace, name] = None
        if len(held) >= count:
            full.set()
        return {(namespace, name): dict(body)}

    kopf.on.login()(login)
    kopf.index(GROUP, VERSION, PLURAL)(widgets)
    operator = asyncio.create_task(kopf.operator(clusterwide=True))
    waiting = asyncio.create_task(full.wait())
    await asyncio.wait([operator, waiting], return_when=asyncio.FIRST_COMPLETED)
    if operator.done():
        raise RuntimeError("the operator ended") from operator.exception()
    return dict.fromkeys(held, operator)  # which holds them


LIBRARY = Library(fill=_fill)
