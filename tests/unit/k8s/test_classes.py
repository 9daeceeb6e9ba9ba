import copy
import pickle
import subprocess
import sys
from typing import Any

import pytest

from homeostat.api import (
    GroupVersionKind,
    LabelSelector,
    Object,
    ObjectMeta,
    Quantity,
    decode,
    encode,
    from_dict,
    to_dict,
)
from homeostat.k8s import (
    apiextensions_v1,
    apps_v1,
    coordination_v1,
    core_v1,
    meta_v1,
    networking_v1,
    resources,
    type_of,
)

DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")


def test_a_container_needs_no_more_than_is_said() -> None:
    container = core_v1.Container(name="c", image="busybox")
    assert to_dict(container) == {"name": "c", "image": "busybox"}


def test_structs_that_nobody_set_are_not_sent() -> None:
    deployment = apps_v1.Deployment(metadata=ObjectMeta(name="web"))
    deployment.spec.template.spec.volumes = [
        core_v1.Volume(name="v", empty_dir=core_v1.EmptyDirVolumeSource())
    ]
    assert to_dict(deployment) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"template": {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}},
    }
    assert "status" not in to_dict(apps_v1.ReplicaSet())


def test_numbers_and_booleans_that_go_always_writes_are_sent() -> None:
    status = core_v1.PodStatus(container_statuses=[core_v1.ContainerStatus(name="c")])
    assert to_dict(status) == {
        "containerStatuses": [{"name": "c", "ready": False, "restartCount": 0}]
    }
    assert to_dict(apps_v1.ReplicaSetStatus(ready_replicas=0)) == {"replicas": 0}
    assert to_dict(apps_v1.DeploymentStatus(replicas=0)) == {}
    version = apiextensions_v1.CustomResourceDefinitionVersion(name="v1", served=True)
    assert to_dict(version) == {"name": "v1", "served": True, "storage": False}


def test_an_empty_selector_that_somebody_set_stays() -> None:
    peer = networking_v1.NetworkPolicyPeer(namespace_selector=LabelSelector())
    assert to_dict(peer) == {"namespaceSelector": {}}


def test_what_go_has_a_pointer_for_is_none_until_set() -> None:
    spec = apps_v1.DeploymentSpec()
    assert spec.replicas is None
    assert spec.template.spec.containers == []
    assert to_dict(apps_v1.DeploymentSpec(replicas=0))["replicas"] == 0


def test_wire_names_are_exact() -> None:
    status = core_v1.PodStatus(
        pod_ips=[core_v1.PodIP(ip="10.0.0.1")], host_ip="1.2.3.4"
    )
    assert to_dict(status) == {"podIPs": [{"ip": "10.0.0.1"}], "hostIP": "1.2.3.4"}
    assert to_dict(core_v1.PodSpec(host_ipc=True))["hostIPC"] is True


def test_keywords_get_an_underscore() -> None:
    peer: dict[str, Any] = {"from": [{"podSelector": {}}]}
    rule = from_dict(networking_v1.NetworkPolicyIngressRule, peer)
    assert len(rule.from_) == 1
    assert "from" in to_dict(rule)


def test_secret_data_is_bytes() -> None:
    secret = core_v1.Secret(data={"password": b"\x00secret"})
    wire = to_dict(secret)
    assert wire["data"] == {"password": "AHNlY3JldA=="}
    assert from_dict(core_v1.Secret, wire).data["password"] == b"\x00secret"


def test_quantities_and_int_or_strings_keep_their_form() -> None:
    wire = {"limits": {"cpu": "500m", "memory": "1Gi"}}
    resources = from_dict(core_v1.ResourceRequirements, wire)
    assert resources.limits["cpu"] == Quantity("0.5")
    assert to_dict(resources) == wire
    port = from_dict(core_v1.ServicePort, {"port": 80, "targetPort": "http"})
    assert port.target_port == "http"


def test_micro_times_have_six_digits() -> None:
    wire = {"renewTime": "2024-01-01T10:00:00.000000Z"}
    assert to_dict(from_dict(coordination_v1.LeaseSpec, wire)) == wire


def test_schema_props_hold_themselves_and_unions() -> None:
    wire = {
        "type": "object",
        "$ref": "#/x",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": True,
        "x-kubernetes-list-map-keys": ["name"],
        "enum": [1, "a", None],
        "not": {"type": "null"},
    }
    props = from_dict(apiextensions_v1.JSONSchemaProps, wire)
    assert props.properties["a"].items == apiextensions_v1.JSONSchemaProps(
        type="string"
    )
    assert props.ref == "#/x"
    assert to_dict(props) == wire


def test_kinds_know_their_resource() -> None:
    deployment = apps_v1.Deployment(metadata=ObjectMeta(name="web"))
    assert deployment.api_version == "apps/v1"
    assert deployment.kind == "Deployment"
    assert apps_v1.Deployment.__resource__.plural == "deployments"
    assert type_of(DEPLOYMENT) is apps_v1.Deployment


def test_no_class_for_what_is_no_object() -> None:
    assert type_of(GroupVersionKind("", "v1", "Nothing")) is None
    assert type_of(GroupVersionKind("apps", "v1", "DeploymentList")) is None


def test_every_resource_has_a_class() -> None:
    for resource in resources():
        kind = type_of(resource.gvk)
        assert kind is not None, resource.gvk
        assert issubclass(kind, Object)
        assert kind.__resource__ == resource


def test_classes_are_made_once() -> None:
    assert apps_v1.Deployment is apps_v1.Deployment
    assert core_v1.PodTemplateSpec is type(apps_v1.DeploymentSpec().template)


def test_types_that_api_defines_are_the_same_classes() -> None:
    assert meta_v1.ObjectMeta is ObjectMeta


def test_unknown_names_are_attribute_errors() -> None:
    with pytest.raises(AttributeError, match=r"core_v1' has no attribute 'Deployment'"):
        core_v1.Deployment  # type: ignore[attr-defined]  # noqa: B018


def test_modules_list_their_types() -> None:
    assert "Pod" in dir(core_v1)
    assert "Deployment" not in dir(core_v1)


def test_objects_can_be_copied_and_pickled() -> None:
    pod = core_v1.Pod(spec=core_v1.PodSpec(containers=[core_v1.Container(name="c")]))
    assert copy.deepcopy(pod) == pod
    assert pickle.loads(pickle.dumps(pod)) == pod


def test_null_lists_and_missing_fields_decode() -> None:
    pod = decode(core_v1.Pod, b'{"spec":{"containers":null},"status":null}')
    assert pod.spec.containers == []
    assert pod.status.phase == ""
    assert decode(core_v1.Pod, encode(pod)) == pod


def test_importing_a_module_makes_no_class_and_reads_no_table() -> None:
    program = (
        "import homeostat.k8s._table as t;"
        "import homeostat.k8s.apps_v1, homeostat.k8s.core_v1;"
        "assert t.table.cache_info().currsize == 0;"
        "homeostat.k8s.apps_v1.Deployment;"
        "assert t.table.cache_info().currsize == 1"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
