"""The client on both API servers: the embedded one in process, the real one by TLS."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from homeostat.api import GroupVersionKind, LabelSelector, ObjectMeta
from homeostat.apiserver import ApiServer, HistoryLimits, serve
from homeostat.client import (
    ALL,
    Bookmark,
    Client,
    ClusterConfig,
    _load,
    load_config,
)
from homeostat.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ExpiredError,
    ForbiddenError,
    NotFoundError,
    UnauthorizedError,
)
from homeostat.k8s import apps_v1, core_v1
from tests.harness.kube import ControlPlane

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
WIDGET = GroupVersionKind("ex.io", "v1", "Widget")
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.ex.io"},
    "spec": {
        "group": "ex.io",
        "scope": "Namespaced",
        "names": {
            "plural": "widgets",
            "singular": "widget",
            "kind": "Widget",
            "listKind": "WidgetList",
        },
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "x-kubernetes-preserve-unknown-fields": True,
                            }
                        },
                    }
                },
            }
        ],
    },
}


def config_map(name: str, **data: str) -> core_v1.ConfigMap:
    return core_v1.ConfigMap(metadata=ObjectMeta(name=name), data=data)


def deployment(replicas: int) -> apps_v1.Deployment:
    labels = {"app": "web"}
    return apps_v1.Deployment(
        metadata=ObjectMeta(name="web"),
        spec=apps_v1.DeploymentSpec(
            replicas=replicas,
            selector=LabelSelector(match_labels=labels),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=labels),
                spec=core_v1.PodSpec(
                    containers=[core_v1.Container(name="c", image="busybox")]
                ),
            ),
        ),
    )


async def test_object_lives_from_create_to_delete(client: Client) -> None:
    made = await client.create(config_map("a", k="1"))
    made.data = {"k": "2"}
    updated = await client.update(made)
    assert updated.data == {"k": "2"}
    with pytest.raises(
        AlreadyExistsError, match=f"create v1 configmaps {client.namespace}/a"
    ):
        await client.create(config_map("a"))
    await client.delete(core_v1.ConfigMap, "a", uid=updated.metadata.uid)
    with pytest.raises(NotFoundError, match=f"get v1 configmaps {client.namespace}/a"):
        await client.get(core_v1.ConfigMap, "a")


async def test_update_of_an_old_version_conflicts(client: Client) -> None:
    made = await client.create(config_map("a", k="1"))
    await client.patch(CONFIG_MAP, "a", {"data": {"k": "2"}})
    made.data = {"k": "3"}
    with pytest.raises(ConflictError):
        await client.update(made)


async def test_delete_of_a_successor_conflicts(client: Client) -> None:
    await client.create(config_map("a"))
    with pytest.raises(ConflictError):
        await client.delete(CONFIG_MAP, "a", uid="another")


async def test_typed_update_keeps_what_the_server_defaulted(client: Client) -> None:
    made = await client.create(deployment(2))
    before = await client.get(GroupVersionKind("apps", "v1", "Deployment"), "web")
    made.spec.replicas = 5
    await client.update(made)
    after = await client.get(GroupVersionKind("apps", "v1", "Deployment"), "web")
    assert after["spec"] == before["spec"] | {"replicas": 5}


async def test_apply_owns_fields_and_conflicts_on_others(client: Client) -> None:
    first = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"k": "1"},
    }
    await client.apply(first, field_manager="one")
    second = first | {"data": {"k": "2"}}
    with pytest.raises(ConflictError) as caught:
        await client.apply(second, field_manager="two")
    assert caught.value.is_field_manager_conflict
    taken = await client.apply(second, field_manager="two", force=True)
    assert taken["data"] == {"k": "2"}


async def test_scale_is_set_without_touching_the_rest(client: Client) -> None:
    await client.create(deployment(2))
    scale = await client.set_scale(apps_v1.Deployment, "web", 4)
    assert scale.replicas == 4
    assert (await client.get_scale(apps_v1.Deployment, "web")).selector == "app=web"


async def test_lists_page_and_select(client: Client) -> None:
    for number in range(7):
        made = config_map(f"c{number}")
        made.metadata.labels = {"even": str(number % 2 == 0).lower()}
        await client.create(made)
    resource = await client.resource_for(CONFIG_MAP)
    page = await client.list_page(resource, namespace=client.namespace, limit=3)
    assert (len(page.items), page.remaining) == (3, 4)
    rest = await client.list_page(
        resource, namespace=client.namespace, limit=9, continue_=page.continue_
    )
    assert len(rest.items) == 4
    assert rest.resource_version == page.resource_version
    even = await client.list(core_v1.ConfigMap, labels={"even": "true"})
    assert [item.metadata.name for item in even] == ["c0", "c2", "c4", "c6"]
    fields = f"metadata.name=c3,metadata.namespace={client.namespace}"
    one = await client.list(CONFIG_MAP, namespace=ALL, fields=fields)
    assert [item["metadata"]["name"] for item in one] == ["c3"]
    assert one[0]["kind"] == "ConfigMap"


async def test_metadata_alone_can_be_listed_and_watched(client: Client) -> None:
    await client.create(config_map("a", secret="value"))
    resource = await client.resource_for(CONFIG_MAP)
    page = await client.list_page(
        resource, namespace=client.namespace, metadata_only=True
    )
    assert b"PartialObjectMetadata" in page.items[0]
    assert b"value" not in page.items[0]
    async with client.watch_raw(
        resource, namespace=client.namespace, metadata_only=True
    ) as lines:
        async for arrived in lines:
            assert b"PartialObjectMetadata" in arrived[0]
            break


async def test_watch_begins_with_what_is_there(client: Client) -> None:
    await client.create(config_map("a"))
    seen: list[tuple[str, str | None]] = []
    async with (
        asyncio.timeout(5),
        client.watch(core_v1.ConfigMap, bookmarks=True, initial_events=True) as events,
    ):
        async for event in events:
            if isinstance(event, Bookmark):
                assert event.initial_events_end
                await client.create(config_map("b"))
            else:
                seen.append((event.type, event.object.metadata.name))
                if event.object.metadata.name == "b":
                    break
    assert seen == [("ADDED", "a"), ("ADDED", "b")]


async def test_watch_from_before_history_has_expired() -> None:
    client = Client(ApiServer(history=HistoryLimits(events=2)).transport())
    first = await client.create(config_map("a"))
    for number in range(5):
        await client.create(config_map(f"b{number}"))
    with pytest.raises(ExpiredError):
        async with client.watch(
            CONFIG_MAP, resource_version=first.metadata.resource_version or ""
        ) as events:
            await anext(events)


async def test_custom_resource_is_found_once_it_is_installed(client: Client) -> None:
    with pytest.raises(NotFoundError, match="serves no 'Widget'"):
        await client.list(WIDGET)
    await client.create(CRD)
    async with asyncio.timeout(5):
        while True:
            try:
                assert await client.list(WIDGET) == []
                break
            except NotFoundError:
                await asyncio.sleep(0.01)
    with pytest.raises(NotFoundError, match=r'widgets\.ex\.io "a" not found'):
        await client.get(WIDGET, "a")


async def test_dry_run_and_strict_validation_reach_the_server(client: Client) -> None:
    await client.create(config_map("a"), dry_run=True)
    assert await client.list(CONFIG_MAP) == []
    unknown = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}}
    with pytest.raises(ApiError, match='unknown field "dat"'):
        await client.create(unknown | {"dat": {}}, field_validation="Strict")


async def test_delete_collection_takes_what_the_selector_chooses(
    client: Client,
) -> None:
    await client.create(config_map("a"))
    await client.create(config_map("b"))
    await client.delete_collection(CONFIG_MAP, fields="metadata.name=a")
    assert [c.metadata.name for c in await client.list(core_v1.ConfigMap)] == ["b"]


async def test_same_client_works_over_http() -> None:
    async with serve(ApiServer()) as address:
        server = address if "://" in address else f"http://{address}"
        async with Client(ClusterConfig(server=server)) as client:
            await client.create(config_map("a"))
            async with client.watch(core_v1.ConfigMap) as events:
                assert (await anext(events)).object.metadata.name == "a"


@pytest.mark.kube
async def test_certificate_and_token_both_log_in(control_plane: ControlPlane) -> None:
    for certificate in (True, False):
        path = control_plane.kubeconfig(certificate=certificate)
        config = await asyncio.to_thread(load_config, path)
        async with Client(config) as client:
            assert (await client.version())["gitVersion"].startswith("v1.")


@pytest.mark.kube
async def test_wrong_token_is_unauthorized(control_plane: ControlPlane) -> None:
    config = await asyncio.to_thread(load_config, control_plane.kubeconfig())
    config = replace(config, token="wrong", client_certificate="", client_key="")
    async with Client(config) as client:
        with pytest.raises(UnauthorizedError, match="list v1 configmaps"):
            await client.list(CONFIG_MAP)


@pytest.mark.kube
async def test_pod_logs_in_with_its_service_account(
    control_plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = GroupVersionKind("", "v1", "ServiceAccount")
    config = await asyncio.to_thread(load_config, control_plane.kubeconfig())
    async with Client(config) as admin:
        await admin.create(
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pod"}}
        )
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest"}
        answer = await admin.create_subresource(
            account, "pod", "token", request | {"spec": {}}
        )
        await admin.delete(account, "pod", dry_run=True)
    host, _, port = control_plane.url.removeprefix("https://").rpartition(":")
    monkeypatch.setattr(_load, "SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    authority = await asyncio.to_thread(control_plane.ca_file.read_text)
    for name, text in (("token", answer["status"]["token"]), ("ca.crt", authority)):
        await asyncio.to_thread((tmp_path / name).write_text, text)
    async with Client(await asyncio.to_thread(load_config)) as client:
        with pytest.raises(ForbiddenError, match="system:serviceaccount:default:pod"):
            await client.list(CONFIG_MAP)
