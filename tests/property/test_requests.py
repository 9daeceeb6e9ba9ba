"""Good requests with something wrong in them: a Status answers each, and in time."""

import asyncio
import copy
import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat._transport import HttpRequest
from homeostat.apiserver import ApiServer
from tests.harness.widgets import CRDS
from tests.robust.spoiled import (
    APPLY,
    CORE,
    GOOD,
    ODD,
    QUERIES,
    THINGS,
    TOKENS,
    VALUES,
    places,
)

SECONDS = 5.0  # for one request on a busy machine; most take a millisecond
OURS = b"the embedded server failed"


def _mutate(draw: st.DrawFn, document: Any) -> Any:
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(0, 3))):
        found = places(document)
        if not found:
            return draw(st.sampled_from(ODD))
        *way, last = draw(st.sampled_from(found))
        holder = document
        for step in way:
            holder = holder[step]
        match draw(st.sampled_from(["replace", "remove", "wrap", "add"])):
            case "replace":
                holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "remove":
                del holder[last]
            case "wrap":
                holder[last] = draw(st.sampled_from([[holder[last]], {"a": 1}]))
            case _ if isinstance(holder, dict):
                name = draw(st.sampled_from(["x", "", "managedFields", "finalizers"]))
                holder[name] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case _:
                holder.append(copy.deepcopy(draw(st.sampled_from(ODD))))
    return document


@st.composite
def requests(draw: st.DrawFn) -> HttpRequest:
    """Draw a good request, and spoil its body, its bytes or its query."""
    method, path, media, document = draw(st.sampled_from(GOOD))
    body = b""
    if document is not None:
        body = json.dumps(_mutate(draw, document)).encode()
        if draw(st.integers(0, 3)) == 0:
            at = draw(st.integers(0, len(body)))
            gone = draw(st.integers(0, 3))
            token = draw(st.sampled_from([b"", *TOKENS]))
            body = body[:at] + token + body[at + gone :]
    names, values = st.sampled_from(QUERIES), st.sampled_from(VALUES)
    query = draw(st.lists(st.tuples(names, values), max_size=2))
    if media == APPLY:
        query.append(("fieldManager", "fuzz"))
    headers = {"content-type": media} if media else {}
    if draw(st.integers(0, 9)) == 0:
        headers["content-type"] = draw(st.sampled_from(["application/yaml", ";", "x"]))
    return HttpRequest(
        method=method, path=path, query=tuple(query), headers=headers, body=body
    )


def _request(method: str, path: str, media: str, body: Any) -> HttpRequest:
    headers = {"content-type": media} if media else {}
    text = json.dumps(body).encode()
    return HttpRequest(method=method, path=path, headers=headers, body=text)


async def _ask(server: ApiServer, request: HttpRequest) -> None:
    before = time.process_time()
    async with server.stream(request) as stream:
        text = b""
        try:
            # A watch is quiet after what there is.
            async with asyncio.timeout(0.01):
                async for chunk in stream.chunks():
                    text += chunk
        except TimeoutError:
            pass
    spent = time.process_time() - before
    assert spent < SECONDS, (spent, request)
    assert OURS not in text, (request, text)
    if stream.status >= 400 and text != b"404 page not found\n":
        status = json.loads(text)
        assert (status["kind"], status["code"]) == ("Status", stream.status), request
        assert status["message"], request


async def _ask_all(asked: list[HttpRequest]) -> None:
    server = ApiServer()
    for good in (GOOD[0], GOOD[3], GOOD[8], GOOD[14], GOOD[15], GOOD[12]):
        assert (await server.handle(_request(*good))).status == 201
    for request in asked:
        await _ask(server, request)
        # Whatever was let in can be shown, and does no harm to others.
        for path in (f"{CORE}/configmaps", THINGS, f"{CORE}/events", CRDS):
            await _ask(server, HttpRequest(method="GET", path=path))


@settings(max_examples=60, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=8))
def test_spoiled_requests_are_answered_by_a_status(asked: list[HttpRequest]) -> None:
    with asyncio.Runner() as runner:
        runner.run(_ask_all(asked))
