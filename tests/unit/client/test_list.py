"""Lists: selectors, pages, and their end."""

from typing import Any

import pytest

from homeostat._transport import HttpResponse
from homeostat.api import FieldSelector, Selector
from homeostat.client import ALL, Client, FieldsLike, LabelsLike
from homeostat.errors import ExpiredError, TransportError
from tests.unit.client.scripted import (
    DEPLOYMENT,
    Scripted,
    Thing,
    answer,
    failure,
    gather,
    page,
    sent,
)


@pytest.mark.parametrize(
    ("labels", "fields", "query"),
    [
        (None, None, {}),
        ("a=b,!c", "metadata.name=x", None),
        (Selector.parse("a=b,!c"), FieldSelector.parse("metadata.name=x"), None),
        (
            {"b": "2", "a": "1"},
            {"spec.nodeName": "n,1"},
            {"labelSelector": "a=1,b=2", "fieldSelector": "spec.nodeName=n\\,1"},
        ),
    ],
)
async def test_list_sends_selectors(
    labels: LabelsLike, fields: FieldsLike, query: dict[str, str] | None
) -> None:
    transport = Scripted(page())
    await Client(transport).list(DEPLOYMENT, labels=labels, fields=fields)
    if query is None:
        query = {"labelSelector": "a=b,!c", "fieldSelector": "metadata.name=x"}
    assert sent(transport)[2] == {**query, "limit": "500"}


async def test_bad_selector_is_refused_before_any_request() -> None:
    transport = Scripted(page())
    with pytest.raises(ValueError, match="=="):
        await Client(transport).list(DEPLOYMENT, labels="==")
    assert transport.requests == []


async def test_list_of_all_namespaces_has_none_in_its_path() -> None:
    transport = Scripted(page())
    await Client(transport).list(DEPLOYMENT, namespace=ALL)
    assert transport.requests[0].path == "/apis/apps/v1/deployments"


async def test_list_reads_all_pages_and_names_the_kind_of_items() -> None:
    first, second = {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}
    transport = Scripted(page(first, continue_="go on"), page(second))
    found = await Client(transport).list(DEPLOYMENT)
    assert [item["metadata"]["name"] for item in found] == ["a", "b"]
    assert found[0]["kind"] == "Deployment"
    assert found[0]["apiVersion"] == "apps/v1"
    assert sent(transport)[2] == {"limit": "500", "continue": "go on"}


async def test_list_that_expires_between_pages_starts_anew_in_one_request() -> None:
    old, new = {"metadata": {"name": "old"}}, {"metadata": {"name": "new"}}
    transport = Scripted(page(old, continue_="t"), failure(410, "Expired"), page(new))
    found = await Client(transport).list(DEPLOYMENT)
    assert [item["metadata"]["name"] for item in found] == ["new"]
    assert sent(transport)[2] == {}


async def test_iteration_that_expires_between_pages_is_an_error() -> None:
    item = {"metadata": {"name": "a"}}
    transport = Scripted(page(item, continue_="t"), failure(410, "Expired"))
    found: list[Any] = []
    with pytest.raises(ExpiredError):
        await gather(Client(transport).iterate(DEPLOYMENT), found)
    assert [item["metadata"]["name"] for item in found] == ["a"]


async def test_limit_ends_the_list() -> None:
    items = [{"metadata": {"name": name}} for name in "abc"]
    transport = Scripted(page(*items, continue_="more"))
    assert len(await Client(transport).list(DEPLOYMENT, limit=2)) == 2
    assert sent(transport)[2] == {"limit": "2"}
    assert len(transport.requests) == 1


async def test_page_keeps_each_objects_own_bytes() -> None:
    body = b'{"metadata":{"resourceVersion":"9","remainingItemCount":4,"continue":"c"},'
    body += b'"items":[ {"a": 1.50}, {"b":"\\u00e9"} ]}'
    transport = Scripted(HttpResponse(status=200, body=body))
    client = Client(transport)
    raw = await client.list_page(Thing.__resource__, limit=2, metadata_only=True)
    assert raw.items == [b'{"a": 1.50}', b'{"b":"\\u00e9"}']
    assert (raw.resource_version, raw.continue_, raw.remaining) == ("9", "c", 4)
    assert "PartialObjectMetadataList" in transport.requests[0].headers["accept"]


async def test_page_that_is_no_list_is_a_transport_error() -> None:
    client = Client(Scripted(HttpResponse(status=200, body=b'{"items": 3')))
    with pytest.raises(TransportError, match=r"list ex.io/v1 things: .* no list"):
        await client.list_page(Thing.__resource__)


async def test_list_of_null_items_is_empty() -> None:
    client = Client(Scripted(answer({"metadata": {}, "items": None})))
    assert await client.list(DEPLOYMENT) == []
