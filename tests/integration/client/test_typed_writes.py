"""Typed objects of the built-in kinds, written to both API servers."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from homeostat.api import (
    LabelSelector,
    MicroTime,
    Object,
    ObjectMeta,
    Time,
    kind_of,
    to_dict,
)
from homeostat.client import Client
from homeostat.errors import ConflictError
from homeostat.k8s import (
    apiextensions_v1,
    apps_v1,
    coordination_v1,
    core_v1,
    networking_v1,
    scheduling_v1,
)

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LABELS = {"app": "web"}


def template() -> core_v1.PodTemplateSpec:
    pod = core_v1.PodSpec(
        containers=[
            core_v1.Container(
                name="c",
                image="busybox",
                volume_mounts=[core_v1.VolumeMount(name="v", mount_path="/v")],
            )
        ],
        volumes=[core_v1.Volume(name="v", empty_dir=core_v1.EmptyDirVolumeSource())],
    )
    return core_v1.PodTemplateSpec(metadata=ObjectMeta(labels=LABELS), spec=pod)


def definition(name: str) -> Object:
    schema = apiextensions_v1.JSONSchemaProps(
        type="object",
        properties={
            "spec": apiextensions_v1.JSONSchemaProps(
                type="object",
                properties={"size": apiextensions_v1.JSONSchemaProps(type="integer")},
            )
        },
    )
    group = f"{name}.example.com"
    return apiextensions_v1.CustomResourceDefinition(
        metadata=ObjectMeta(name=f"gadgets.{group}", labels=LABELS),
        spec=apiextensions_v1.CustomResourceDefinitionSpec(
            group=group,
            scope="Namespaced",
            names=apiextensions_v1.CustomResourceDefinitionNames(
                plural="gadgets", kind="Gadget"
            ),
            versions=[
                apiextensions_v1.CustomResourceDefinitionVersion(
                    name="v1",
                    served=True,
                    storage=True,
                    schema=apiextensions_v1.CustomResourceValidation(
                        open_api_v3_schema=schema
                    ),
                    subresources=apiextensions_v1.CustomResourceSubresources(
                        status=apiextensions_v1.CustomResourceSubresourceStatus()
                    ),
                )
            ],
        ),
    )


def objects(namespace: str) -> list[Object]:
    """One of each kind, cluster-scoped ones named after the namespace."""
    meta = ObjectMeta(name="web", labels=LABELS)
    own = ObjectMeta(name=namespace, labels=LABELS)
    selector = LabelSelector(match_labels=LABELS)
    return [
        core_v1.Pod(metadata=meta, spec=template().spec),
        apps_v1.Deployment(
            metadata=meta,
            spec=apps_v1.DeploymentSpec(
                replicas=0, selector=selector, template=template()
            ),
        ),
        apps_v1.ReplicaSet(
            metadata=meta,
            spec=apps_v1.ReplicaSetSpec(selector=selector, template=template()),
        ),
        core_v1.Service(
            metadata=meta,
            spec=core_v1.ServiceSpec(
                selector=LABELS, ports=[core_v1.ServicePort(port=80)]
            ),
        ),
        core_v1.ConfigMap(metadata=meta, data={"a": "1"}),
        core_v1.Node(metadata=own),
        coordination_v1.Lease(
            metadata=meta,
            spec=coordination_v1.LeaseSpec(
                holder_identity="a", acquire_time=MicroTime.of(MOMENT)
            ),
        ),
        core_v1.Event(
            metadata=meta,
            involved_object=core_v1.ObjectReference(
                kind="Pod", namespace=namespace, name="web"
            ),
            reason="Tested",
            type="Normal",
            first_timestamp=Time.of(MOMENT),
        ),
        networking_v1.NetworkPolicy(
            metadata=meta,
            spec=networking_v1.NetworkPolicySpec(
                ingress=[
                    networking_v1.NetworkPolicyIngressRule(
                        from_=[
                            networking_v1.NetworkPolicyPeer(
                                namespace_selector=LabelSelector()
                            )
                        ]
                    )
                ]
            ),
        ),
        scheduling_v1.PriorityClass(metadata=own, value=0),
        definition(namespace),
    ]


def paths_of(value: Any, at: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    """Return the paths of what somebody said; a list is one place."""
    if not isinstance(value, dict) or not value:
        return {at}
    return {
        path for name, item in value.items() for path in paths_of(item, (*at, name))
    }


def owned_by(obj: Object, manager: str) -> set[tuple[str, ...]]:
    """Return what a manager owns, as ``paths_of`` does."""
    (entry,) = [e for e in obj.metadata.managed_fields if e.manager == manager]
    found: set[tuple[str, ...]] = set()

    def walk(fields: dict[str, Any], at: tuple[str, ...]) -> None:
        inner = {key: v for key, v in fields.items() if key != "."}
        names = {key[2:]: v for key, v in inner.items() if key.startswith("f:")}
        if not names:
            found.add(at)
        for name, below in names.items():
            walk(below, (*at, name))

    walk(entry.fields_v1 or {}, ())
    return found


def said_in(obj: Object) -> set[tuple[str, ...]]:
    identity = {("apiVersion",), ("kind",), ("metadata", "name")}
    return paths_of(to_dict(obj)) - identity


async def relabeled(client: Client, obj: Object) -> Object:
    # The server itself writes the status of a definition, in a moment of its choosing.
    obj.metadata.resource_version = ""
    obj.metadata.labels = {**LABELS, "a": "b"}
    for _ in range(10):
        with suppress(ConflictError):
            return await client.update(obj, field_validation="Strict")
    raise AssertionError("the object changes all the time")


def is_in(path: tuple[str, ...], place: tuple[str, ...]) -> bool:
    return path[: len(place)] == place


async def test_every_kind_is_created_and_updated(client: Client) -> None:
    for obj in objects(client.namespace):
        made = await client.create(obj, field_validation="Strict")
        updated = await relabeled(client, made)
        assert updated.metadata.labels["a"] == "b", kind_of(obj)
        assert updated.metadata.generation <= 1, kind_of(obj)


async def test_apply_owns_what_was_said_and_nothing_else(client: Client) -> None:
    for obj in objects(client.namespace):
        applied = await client.apply(
            obj, field_manager="said", field_validation="Strict"
        )
        owned, said = owned_by(applied, "said"), said_in(obj)
        # Ownership ends at what is atomic, as a Deployment's selector.
        assert {p for p in owned if not any(is_in(q, p) for q in said)} == set()
        assert {q for q in said if not any(is_in(q, p) for p in owned)} == set()


async def test_a_status_keeps_its_zeros(client: Client) -> None:
    await client.create(
        core_v1.Pod(metadata=ObjectMeta(name="p"), spec=template().spec)
    )
    status = core_v1.PodStatus(
        container_statuses=[
            core_v1.ContainerStatus(
                name="c",
                image="busybox",
                image_id="x",
                state=core_v1.ContainerState(running=core_v1.ContainerStateRunning()),
            )
        ]
    )
    applied = await client.apply(
        core_v1.Pod(metadata=ObjectMeta(name="p"), status=status),
        subresource="status",
        field_manager="kubelet",
    )
    (container,) = applied.status.container_statuses
    assert (container.ready, container.restart_count) == (False, 0)
    assert container.state.running is not None
    assert owned_by(applied, "kubelet") == {("status", "containerStatuses")}
