"""What disruption budgets count, and which evictions they allow."""

from collections.abc import Sequence
from typing import Any

from homeostat.api import GroupVersionKind
from homeostat.client import Client
from homeostat.errors import ApiError
from tests.contract.controllers.events import events_of
from tests.contract.controllers.workload import POD, Workload
from tests.harness.clusters import AnyCluster, with_ours

pytestmark = with_ours

Json = dict[str, Any]

BUDGET = GroupVersionKind("policy", "v1", "PodDisruptionBudget")
REFUSED = "Cannot evict pod as it would violate the pod's disruption budget."
ENOUGH, SHORT = "True SufficientPods: ", "False InsufficientPods: "


class Budgets:
    """Budgets, and pods without a node that are as ready as a test says."""

    def __init__(self, cluster: AnyCluster) -> None:
        self.cluster = cluster

    def create(self, name: str, app: str = "web", **spec: Any) -> None:
        spec = {"selector": {"matchLabels": {"app": app}}, **spec}
        item: Json = {"apiVersion": "policy/v1", "kind": BUDGET.kind, "spec": spec}
        item["metadata"] = {"name": name}
        self.cluster.call(lambda client: client.create(item))

    def pod(
        self, name: str, app: str, *, ready: bool, owner: Json | None = None
    ) -> None:
        container = {"name": "c", "image": "busybox"}
        spec = {"schedulerName": "nobody", "containers": [container]}
        meta: Json = {"name": name, "labels": {"app": app}}
        if owner:
            meta["ownerReferences"] = [owner]
        item = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        self.cluster.call(lambda client: client.create(item))
        condition = {"type": "Ready", "status": "True" if ready else "False"}
        patch = {"status": {"phase": "Running", "conditions": [condition]}}
        self.cluster.call(
            lambda client: client.patch(POD, name, patch, subresource="status")
        )

    def show(self, **expected: str) -> None:
        """Wait until the budgets say this."""

        def check() -> None:
            found = {name: self.picture(name) for name in expected}
            assert found == expected, found

        self.cluster.eventually(check)

    def picture(self, name: str) -> str:
        """Return allowed, healthy/desired, expected, condition, pods disrupted."""
        item = self.cluster.call(lambda client: client.get(BUDGET, name))
        status: Json = item["status"]
        assert status["observedGeneration"] == item["metadata"]["generation"]
        [condition] = status["conditions"]
        disrupted = sorted(status.get("disruptedPods", {}))
        text = f"{condition['status']} {condition['reason']}: {condition['message']}"
        return " ".join(
            [
                f"{status['disruptionsAllowed']}",
                f"{status['currentHealthy']}/{status['desiredHealthy']}",
                f"of {status['expectedPods']} {text}",
                *disrupted,
            ]
        )

    def evict(self, name: str, **options: Any) -> str:
        """Evict a pod; return the refusal with its cause, "" without one."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "deleteOptions": options}

        async def send(client: Client) -> None:
            meta = {"name": name, "namespace": self.cluster.namespace}
            item = {**body, "metadata": meta}
            await client.create_subresource(POD, name, "eviction", item)

        try:
            self.cluster.call(send)
        except ApiError as error:
            causes: Sequence[Json] = error.details.get("causes", [])
            told = [f"{each['reason']}: {each['message']}" for each in causes]
            return " ".join([f"{error.code} {error.reason}", error.message, *told])
        return ""


def test_budget_is_spent_by_evictions_and_refuses_more(any_cluster: AnyCluster) -> None:
    budgets = Budgets(any_cluster)
    budgets.create("two", minAvailable=2)
    budgets.show(two=f"0 0/2 of 0 {SHORT}")
    for name in ("a", "b", "c"):
        budgets.pod(name, "web", ready=True)
    budgets.pod("sick", "web", ready=False)
    budgets.show(two=f"1 3/2 of 4 {ENOUGH}")
    assert budgets.evict("a", dryRun=["All"]) == ""
    # What serves nobody costs nothing.
    assert budgets.evict("sick") == ""
    budgets.show(two=f"1 3/2 of 3 {ENOUGH}")
    assert budgets.evict("a") == ""
    budgets.show(two=f"0 2/2 of 2 {SHORT}")
    cause = "The disruption budget two needs 2 healthy pods and has 2 currently"
    assert budgets.evict("b") == (
        f"429 TooManyRequests {REFUSED} DisruptionBudget: {cause}"
    )
    budgets.create("other", maxUnavailable=1)
    assert budgets.evict("b") == (
        "500 InternalError This pod has more than one PodDisruptionBudget, which the "
        "eviction subresource does not support."
    )


def test_budget_is_a_part_of_what_controllers_want(any_cluster: AnyCluster) -> None:
    budgets, web = Budgets(any_cluster), Workload(any_cluster)
    web.create(replicas=5)
    # Of several budgets that a pod has, a change of it is told to one, whichever: these
    # find what they count when they are made.
    any_cluster.eventually(lambda: web.get()["status"].get("readyReplicas") == 5)
    budgets.create("part", minAvailable="50%")
    budgets.create("most", maxUnavailable="25%")
    budgets.create("all", maxUnavailable=0)
    budgets.create("bare", app="bare", maxUnavailable=1)
    budgets.pod("bare-1", "bare", ready=True)
    budgets.create("odd", app="odd", minAvailable="1%")
    budgets.create(
        "sick", app="sick", minAvailable=1, unhealthyPodEvictionPolicy=ALWAYS
    )
    budgets.pod("sick-1", "sick", ready=False)
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    made = any_cluster.call(lambda client: client.create(item))
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "x", "controller": True}
    owner["uid"] = made["metadata"]["uid"]
    budgets.show(odd=f"0 0/0 of 0 {SHORT}")
    budgets.pod("odd-1", "odd", ready=True, owner=owner)
    why = "configmaps does not implement the scale subresource"
    budgets.show(
        part=f"2 5/3 of 5 {ENOUGH}",
        most=f"2 5/3 of 5 {ENOUGH}",
        all=f"0 5/5 of 5 {SHORT}",
        bare=f"0 1/0 of 0 {SHORT}",
        odd=f"0 0/0 of 0 False SyncFailed: {why}",
        sick=f"0 0/1 of 1 {SHORT}",
    )
    head = "The disruption budget odd does not allow evicting pods currently"
    assert budgets.evict("odd-1") == (
        f"429 TooManyRequests {REFUSED} DisruptionBudget: "
        f"{head} because it failed sync: {why}"
    )
    assert budgets.evict("sick-1") == ""
    told = events_of(any_cluster, "bare")
    assert (
        "Warning UnmanagedPods: Pods selected by this PodDisruptionBudget (selector: "
        "&LabelSelector{MatchLabels:map[string]string{app: bare,},"
        "MatchExpressions:[]LabelSelectorRequirement{},}) were found to be unmanaged. "
        "As a result, the status of the PDB cannot be calculated correctly, which may "
        "result in undefined behavior. To account for these pods please set "
        '".spec.minAvailable" field of the PDB to an integer value.'
    ) in told


ALWAYS = "AlwaysAllow"
