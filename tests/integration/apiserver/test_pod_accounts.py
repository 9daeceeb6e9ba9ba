"""How long a pod waits for its service account, on virtual time."""

import asyncio
from typing import Any

import pytest

from homeostat.apiserver import ApiServer
from homeostat.client import Client
from homeostat.errors import ForbiddenError
from homeostat.testing import run_virtual

SPEC = {"containers": [{"name": "c", "image": "busybox"}]}


async def _make(client: Client, kind: str, name: str, **fields: Any) -> Any:
    item = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **fields}
    return await client.create(item)


async def _refused(client: Client, name: str) -> float:
    """Return after how many seconds a pod of an account is refused."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    with pytest.raises(ForbiddenError):
        await _make(client, "Pod", "p", spec={**SPEC, "serviceAccountName": name})
    return loop.time() - began


def test_default_account_is_waited_for_and_others_are_not() -> None:
    run_virtual(_refusals())


async def _refusals() -> None:
    async with Client(ApiServer(accounts=True).transport()) as client:
        assert await _refused(client, "other") == 0.0
        # Kubernetes 1.36.3 was seen to refuse after 1.24 to 1.79 s.
        assert 0.9 <= await _refused(client, "default") <= 1.8


def test_pod_is_made_as_soon_as_the_account_is_there() -> None:
    run_virtual(_wait())


async def _wait() -> None:
    loop = asyncio.get_running_loop()
    async with (
        Client(ApiServer(accounts=True).transport()) as client,
        asyncio.TaskGroup() as tasks,
    ):
        pod = tasks.create_task(_make(client, "Pod", "p", spec=SPEC))
        await asyncio.sleep(0.5)
        await _make(client, "ConfigMap", "else")
        await asyncio.sleep(0.1)
        assert not pod.done()
        began = loop.time()
        await _make(client, "ServiceAccount", "default")
        assert (await pod)["spec"]["serviceAccountName"] == "default"
        assert loop.time() == began


async def test_pods_need_no_accounts_where_nobody_makes_them() -> None:
    async with Client(ApiServer().transport()) as client:
        pod = await _make(client, "Pod", "p", spec=SPEC)
        assert "serviceAccountName" not in pod["spec"]
