"""The manifests: the sample converges, and the permissions are just enough."""

from examples.podset.lab import Web, manifest
from examples.podset.podset import PodSet, podsets
from homeostat.client import load_config
from homeostat.k8s import apps_v1
from tests.harness.clusters import AnyCluster, only_real
from tests.harness.kube import ControlPlane


def test_manifest_converges(web: Web) -> None:
    (sample,) = manifest("podset.yaml")
    sample["metadata"]["namespace"] = web.cluster.namespace
    web.cluster.call(lambda c: c.create(sample))
    web.converge(sample["spec"]["size"])


def test_manifest_grants_what_the_operator_declares() -> None:
    (role,) = (item for item in manifest("rbac.yaml") if item["kind"] == "ClusterRole")
    granted = {
        (group, resource, verb, *rule.get("resourceNames", ()))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    needed = {
        (rule.group, resource, verb, *rule.names)
        for rule in podsets.rules()
        for resource in rule.resources
        for verb in rule.verbs
    }
    assert granted == needed


@only_real
def test_granted_permissions_are_enough(
    any_cluster: AnyCluster, simulated_plane: ControlPlane
) -> None:
    (role,) = (item for item in manifest("rbac.yaml") if item["kind"] == "ClusterRole")
    role["metadata"]["name"] = any_cluster.namespace
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "jane"},
        "roleRef": {
            "apiGroup": group,
            "kind": "ClusterRole",
            "name": role["metadata"]["name"],
        },
        "subjects": [{"apiGroup": group, "kind": "User", "name": "jane"}],
    }
    any_cluster.call(lambda c: c.create(role))
    any_cluster.call(lambda c: c.create(binding))
    jane = load_config(str(simulated_plane.kubeconfig("jane")))
    any_cluster.start(podsets, config=jane)
    web = Web(any_cluster)
    web.create(2)
    web.converge(2)
    web.cluster.call(lambda c: c.delete(apps_v1.Deployment, "web"))
    web.cluster.eventually(lambda: web.has_converged(2))
    any_cluster.call(lambda c: c.delete(PodSet, "web"))
    any_cluster.eventually(lambda: web.names() == [])
