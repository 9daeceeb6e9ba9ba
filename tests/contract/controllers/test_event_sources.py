"""Who reports events: kubectl shows it in the column From."""

from typing import Any

from tests.contract.controllers.workload import EVENT, Workload
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

SELECTED = {"matchLabels": {"app": "x"}}
STORAGE = {
    "accessModes": ["ReadWriteOnce"],
    "resources": {"requests": {"storage": "1"}},
}


def make(cluster: AnyCluster, version: str, kind: str, **spec: Any) -> None:
    item = {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": spec,
    }
    cluster.call(lambda client: client.create(item))


def test_events_name_who_reports_them(any_cluster: AnyCluster) -> None:
    template = Workload(any_cluster, "x").template("1")
    never = {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}
    selected: dict[str, Any] = {"selector": SELECTED, "template": template}
    make(any_cluster, "apps/v1", "Deployment", **selected)
    make(any_cluster, "apps/v1", "StatefulSet", **selected, serviceName="x")
    make(any_cluster, "apps/v1", "DaemonSet", **selected)
    make(any_cluster, "batch/v1", "Job", template=never)
    unbound = {**STORAGE, "storageClassName": ""}
    make(any_cluster, "v1", "PersistentVolumeClaim", **unbound)
    none = {"matchLabels": {"app": "none"}}
    make(any_cluster, "policy/v1", "PodDisruptionBudget", selector=none)
    expected = {
        "DaemonSet SuccessfulCreate": "daemonset-controller",
        "Deployment ScalingReplicaSet": "deployment-controller",
        "Job SuccessfulCreate": "job-controller",
        "PersistentVolumeClaim FailedBinding": "persistentvolume-controller",
        "Pod Scheduled": "default-scheduler",  # the simulation's, on all of them
        "PodDisruptionBudget NoPods": "controllermanager",
        "ReplicaSet SuccessfulCreate": "replicaset-controller",
        "StatefulSet SuccessfulCreate": "statefulset-controller",
    }

    def check() -> None:
        events = any_cluster.call(lambda client: client.list(EVENT))
        found = {
            f"{event['involvedObject']['kind']} {event['reason']}": (
                event["source"].get("component"),
                event["reportingComponent"],
            )
            for event in events
        }
        assert {key: found.get(key) for key in expected} == {
            key: (name, name) for key, name in expected.items()
        }

    any_cluster.eventually(check)
