"""Objects of every kind with columns of its own, and the cells that they are shown by.

``NS`` stands for the test's namespace, ``AGO 90`` for the time 90 seconds ago. Cells
were taken from the real server, with the ages of what was just made as ``AGE``.
"""

from typing import Any, NamedTuple

__all__ = ["PODS", "PRINTED", "Printed", "container"]

Json = dict[str, Any]

_HOLD = ["example.com/hold"]


class Printed(NamedTuple):
    """An object, and how it is shown.

    Attributes:
        path: Where it is created.
        body: What is created.
        cells: How it is shown.
        status: What is written to ``/status`` then.
        deleted: It is deleted then, and held by a finalizer.
    """

    path: str
    body: Json
    cells: list[Any]
    status: Json | None = None
    deleted: bool = False


def _core(plural: str) -> str:
    return f"/api/v1/namespaces/NS/{plural}"


def _in(group: str, plural: str) -> str:
    return f"/apis/{group}/namespaces/NS/{plural}"


def _meta(name: str, **more: Any) -> Json:
    return {"name": name, **more}


def _template(**more: Any) -> Json:
    return {
        "metadata": {"labels": {"app": "web", "a": "b"}},
        "spec": {
            "containers": [
                {"name": "c", "image": "i:1"},
                {"name": "d", "image": "r.example.com/j:2"},
            ],
            **more,
        },
    }


_SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [
        {"key": "a", "operator": "In", "values": ["c", "b"]},
        {"key": "z", "operator": "DoesNotExist"},
    ],
}

# As Go prints a struct that nobody has written it a printer for.
_GO_SELECTOR = (
    "&LabelSelector{MatchLabels:map[string]string{app: web,},"
    "MatchExpressions:[]LabelSelectorRequirement{"
    "LabelSelectorRequirement{Key:a,Operator:In,Values:[c b],},"
    "LabelSelectorRequirement{Key:z,Operator:DoesNotExist,Values:[],},},}"
)


def container(name: str = "c", **more: Any) -> Json:
    """Return the status of a container; keywords are what is not usual."""
    return {
        "name": name,
        "image": "i:1",
        "imageID": "",
        "ready": False,
        "restartCount": 0,
        "state": {},
        **more,
    }


def _ended(code: int, reason: str = "", **more: Any) -> Json:
    return {"terminated": {"exitCode": code, "reason": reason, **more}}


def _waiting(reason: str) -> Json:
    return {"waiting": {"reason": reason}}


_RUNNING = {"running": {"startedAt": "AGO 60"}}
_READY = {"type": "Ready", "status": "True"}
_INIT = [{"name": "i", "image": "i:1"}, {"name": "j", "image": "i:1"}]
_SIDECAR = [{"name": "s", "image": "i:1", "restartPolicy": "Always"}]


def _last(seconds: int, restarts: int) -> Json:
    ended = _ended(1, finishedAt=f"AGO {seconds}", startedAt=f"AGO {seconds}")
    return {"restartCount": restarts, "lastState": ended}


# Name: spec, status, and READY, STATUS and RESTARTS.
PODS: dict[str, tuple[Json, Json, list[str]]] = {
    "new": ({}, {}, ["0/1", "Pending", "0"]),
    "running": (
        {},
        {
            "phase": "Running",
            "conditions": [_READY],
            "containerStatuses": [
                container(ready=True, state=_RUNNING, **_last(5430, 3))
            ],
        },
        ["1/1", "Running", "3 (90m ago)"],
    ),
    "crash": (
        {},
        {
            "phase": "Running",
            "containerStatuses": [
                container(state=_waiting("CrashLoopBackOff"), **_last(330, 5))
            ],
        },
        ["0/1", "CrashLoopBackOff", "5 (5m30s ago)"],
    ),
    "completed": (
        {},
        {
            "phase": "Succeeded",
            "containerStatuses": [container(state=_ended(0, "Completed"))],
        },
        ["0/1", "Completed", "0"],
    ),
    "half-done": (
        {"containers": [{"name": n, "image": "i:1"} for n in "cd"]},
        {
            "phase": "Running",
            "conditions": [_READY],
            "containerStatuses": [
                container(state=_ended(0, "Completed")),
                container("d", ready=True, state=_RUNNING),
            ],
        },
        ["1/2", "Running", "0"],
    ),
    "half-ready": (
        {"containers": [{"name": n, "image": "i:1"} for n in "cd"]},
        {
            "phase": "Running",
            "containerStatuses": [
                container(state=_ended(0, "Completed")),
                container("d", ready=True, state=_RUNNING),
            ],
        },
        ["1/2", "NotReady", "0"],
    ),
    "half-failed": (
        {"containers": [{"name": n, "image": "i:1"} for n in "cd"]},
        {
            "phase": "Running",
            "containerStatuses": [
                container(state=_ended(0, "Completed")),
                container("d", state=_ended(2, "Error")),
            ],
        },
        ["0/2", "Error", "0"],
    ),
    "exit": (
        {},
        {"phase": "Failed", "containerStatuses": [container(state=_ended(3))]},
        ["0/1", "ExitCode:3", "0"],
    ),
    "signal": (
        {},
        {
            "phase": "Failed",
            "containerStatuses": [container(state=_ended(137, signal=9))],
        },
        ["0/1", "Signal:9", "0"],
    ),
    "evicted": ({}, {"phase": "Failed", "reason": "Evicted"}, ["0/1", "Evicted", "0"]),
    "gated": (
        {"schedulingGates": [{"name": "example.com/g"}]},
        {},
        ["0/1", "SchedulingGated", "0"],
    ),
    "init": (
        {"initContainers": _INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                container("i", state=_ended(0), **_last(30, 2)),
                container("j", state=_RUNNING),
            ],
            "containerStatuses": [container(state=_waiting("PodInitializing"))],
        },
        ["0/1", "Init:1/2", "2 (30s ago)"],
    ),
    "init-crash": (
        {"initContainers": _INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [
                container("i", state=_waiting("CrashLoopBackOff"), **_last(3700, 2))
            ],
        },
        ["0/1", "Init:CrashLoopBackOff", "2 (61m ago)"],
    ),
    "init-error": (
        {"initContainers": _INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [container("i", state=_ended(1, "Error"))],
        },
        ["0/1", "Init:Error", "0"],
    ),
    "init-signal": (
        {"initContainers": _INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [container("i", state=_ended(1, signal=11))],
        },
        ["0/1", "Init:Signal:11", "0"],
    ),
    "init-exit": (
        {"initContainers": _INIT},
        {
            "phase": "Pending",
            "initContainerStatuses": [container("i", state=_ended(4))],
        },
        ["0/1", "Init:ExitCode:4", "0"],
    ),
    "initialized": (
        {"initContainers": _INIT},
        {
            "phase": "Running",
            "conditions": [{"type": "Initialized", "status": "True"}],
            "initContainerStatuses": [container("i", state=_RUNNING, **_last(60, 7))],
            "containerStatuses": [container(ready=True, state=_RUNNING)],
        },
        ["1/1", "Init:0/2", "0"],
    ),
    "sidecar": (
        {"initContainers": _SIDECAR},
        {
            "phase": "Running",
            "initContainerStatuses": [
                container("s", ready=True, started=True, state=_RUNNING, **_last(9, 1))
            ],
            "containerStatuses": [
                container(ready=True, state=_RUNNING, **_last(600, 2))
            ],
        },
        ["2/2", "Running", "3 (9s ago)"],
    ),
}

_WIDE_POD: Json = {
    "nodeName": "n",
    "readinessGates": [{"conditionType": "a.b/c"}, {"conditionType": "a.b/d"}],
    "containers": [{"name": "c", "image": "i:1"}],
}

_METRICS = [
    {
        "type": "Resource",
        "resource": {
            "name": "cpu",
            "target": {"type": "Utilization", "averageUtilization": 80},
        },
    },
    {
        "type": "External",
        "external": {
            "metric": {"name": "m"},
            "target": {"type": "AverageValue", "averageValue": "5"},
        },
    },
    {
        "type": "Pods",
        "pods": {
            "metric": {"name": "m"},
            "target": {"type": "AverageValue", "averageValue": "1k"},
        },
    },
]
_MEMORY = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "memory",
        "container": "c",
        "target": {"type": "AverageValue", "averageValue": "1Gi"},
    },
}
_OBJECT = {
    "type": "Object",
    "object": {
        "describedObject": {"kind": "Service", "name": "s", "apiVersion": "v1"},
        "metric": {"name": "m"},
        "target": {"type": "Value", "value": "10"},
    },
}
_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
_HOOK = {
    "name": "a.example.com",
    "clientConfig": {"url": "https://127.0.0.1:1/x"},
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
_CONSTRAINTS = {
    "resourceRules": [
        {
            "apiGroups": ["nowhere.example.com"],
            "apiVersions": ["v1"],
            "operations": ["CREATE"],
            "resources": ["nothing"],
        }
    ]
}
_SUBJECTS = [
    {"kind": "User", "name": "u", "apiGroup": "rbac.authorization.k8s.io"},
    {"kind": "User", "name": "v", "apiGroup": "rbac.authorization.k8s.io"},
    {"kind": "Group", "name": "g", "apiGroup": "rbac.authorization.k8s.io"},
    {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
]


def _now(kind: str, status: str = "True", **more: Any) -> Json:
    return {"type": kind, "status": status, "lastTransitionTime": "AGO 1", **more}


def _service(name: str, cells: list[Any], status: Any = None, **spec: Any) -> Printed:
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 53, "protocol": "UDP"}]
    body = {"metadata": _meta(name), "spec": {"ports": ports, **spec}}
    return Printed(_core("services"), body, cells, status)


def _job(name: str, cells: list[Any], status: Any = None, **spec: Any) -> Printed:
    body = {
        "metadata": _meta(name),
        "spec": {"template": _template(restartPolicy="Never"), **spec},
    }
    return Printed(_in("batch/v1", "jobs"), body, cells, status)


def _subsets(count: int) -> list[Json]:
    addresses = [{"ip": f"1.2.3.{n}"} for n in range(1, count + 1)]
    return [{"addresses": addresses, "ports": [{"port": 80}]}]


PRINTED: list[Printed] = [
    Printed(
        _core("pods"),
        {"metadata": _meta("wide"), "spec": _WIDE_POD},
        ["wide", "0/1", "Running", "0", "AGE", "10.1.2.3", "n", "<none>", "1/2"],
        {
            "phase": "Running",
            "podIPs": [{"ip": "10.1.2.3"}],
            "conditions": [{"type": "a.b/c", "status": "True"}],
        },
    ),
    Printed(
        _core("pods"),
        {
            "metadata": _meta("ending", finalizers=_HOLD),
            "spec": {"containers": [{"name": "c", "image": "i:1"}]},
        },
        [
            "ending",
            "0/1",
            "Terminating",
            "0",
            "AGE",
            "<none>",
            "<none>",
            "<none>",
            "<none>",
        ],
        deleted=True,
    ),
    Printed(
        _core("podtemplates"),
        {"metadata": _meta("a"), "template": _template()},
        ["a", "c,d", "i:1,r.example.com/j:2", "a=b,app=web"],
    ),
    Printed(
        _core("replicationcontrollers"),
        {
            "metadata": _meta("a"),
            "spec": {
                "replicas": 3,
                "selector": {"app": "web", "a": "b"},
                "template": _template(),
            },
        },
        ["a", 3, 2, 1, "AGE", "c,d", "i:1,r.example.com/j:2", "a=b,app=web"],
        {"replicas": 2, "readyReplicas": 1},
    ),
    Printed(
        _in("apps/v1", "replicasets"),
        {
            "metadata": _meta("a"),
            "spec": {"replicas": 3, "selector": _SELECTOR, "template": _template()},
        },
        ["a", 3, 2, 1, "AGE", "c,d", "i:1,r.example.com/j:2", "a in (b,c),app=web,!z"],
        {"replicas": 2, "readyReplicas": 1},
    ),
    Printed(
        _in("apps/v1", "deployments"),
        {
            "metadata": _meta("a"),
            "spec": {"replicas": 3, "selector": _SELECTOR, "template": _template()},
        },
        [
            "a",
            "2/3",
            3,
            1,
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "a in (b,c),app=web,!z",
        ],
        {
            "replicas": 3,
            "readyReplicas": 2,
            "updatedReplicas": 3,
            "availableReplicas": 1,
        },
    ),
    Printed(
        _in("apps/v1", "statefulsets"),
        {
            "metadata": _meta("a"),
            "spec": {
                "replicas": 3,
                "serviceName": "s",
                "selector": {"matchLabels": {"app": "web"}},
                "template": _template(),
            },
        },
        ["a", "1/3", "AGE", "c,d", "i:1,r.example.com/j:2"],
        {"replicas": 2, "readyReplicas": 1},
    ),
    Printed(
        _in("apps/v1", "daemonsets"),
        {
            "metadata": _meta("a"),
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": _template(nodeSelector={"b": "2", "a": "1"}),
            },
        },
        [
            "a",
            5,
            4,
            3,
            2,
            1,
            "a=1,b=2",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "app=web",
        ],
        {
            "desiredNumberScheduled": 5,
            "currentNumberScheduled": 4,
            "numberReady": 3,
            "updatedNumberScheduled": 2,
            "numberAvailable": 1,
            "numberMisscheduled": 0,
        },
    ),
    Printed(
        _in("apps/v1", "controllerrevisions"),
        {
            "metadata": _meta(
                "a",
                ownerReferences=[
                    {
                        "apiVersion": "apps/v1",
                        "kind": "DaemonSet",
                        "name": "d",
                        "uid": "u",
                        "controller": True,
                    }
                ],
            ),
            "revision": 7,
            "data": {},
        },
        ["a", "daemonset.apps/d", 7, "AGE"],
    ),
    _job(
        "new",
        [
            "new",
            "Running",
            "0/1",
            "",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
    ),
    _job(
        "many",
        [
            "many",
            "Running",
            "0/1 of 3",
            "",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
        parallelism=3,
    ),
    _job(
        "counted",
        [
            "counted",
            "Running",
            "1/2",
            "90m",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
        {"succeeded": 1, "startTime": "AGO 5400"},
        completions=2,
    ),
    _job(
        "done",
        [
            "done",
            "Complete",
            "1/1",
            "AGE",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
        {
            "succeeded": 1,
            "startTime": "AGO 5490",
            "completionTime": "AGO 5400",
            "conditions": [_now("SuccessCriteriaMet"), _now("Complete")],
        },
    ),
    _job(
        "failed",
        [
            "failed",
            "Failed",
            "0/1",
            "24h",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
        {
            "failed": 1,
            "startTime": "AGO 86400",
            "conditions": [_now("FailureTarget"), _now("Failed")],
        },
    ),
    _job(
        "idle",
        [
            "idle",
            "Suspended",
            "0/1",
            "",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "batch.kubernetes.io/controller-uid=UID",
        ],
        {"conditions": [_now("Suspended")]},
        suspend=True,
    ),
    Printed(
        _in("batch/v1", "cronjobs"),
        {
            "metadata": _meta("a"),
            "spec": {
                "schedule": "*/5 * * * *",
                "timeZone": "Etc/UTC",
                "suspend": True,
                "jobTemplate": {"spec": {"template": _template(restartPolicy="Never")}},
            },
        },
        [
            "a",
            "*/5 * * * *",
            "Etc/UTC",
            "True",
            1,
            "3d",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "<none>",
        ],
        {"active": [{"name": "x"}], "lastScheduleTime": "AGO 260000"},
    ),
    Printed(
        _in("batch/v1", "cronjobs"),
        {
            "metadata": _meta("b"),
            "spec": {
                "schedule": "@daily",
                "jobTemplate": {"spec": {"template": _template(restartPolicy="Never")}},
            },
        },
        [
            "b",
            "@daily",
            "<none>",
            "False",
            0,
            "<none>",
            "AGE",
            "c,d",
            "i:1,r.example.com/j:2",
            "<none>",
        ],
    ),
    Printed(
        _in("policy/v1", "poddisruptionbudgets"),
        {"metadata": _meta("a"), "spec": {"minAvailable": 1, "selector": {}}},
        ["a", "1", "N/A", 2, "AGE"],
        {
            "disruptionsAllowed": 2,
            "currentHealthy": 3,
            "desiredHealthy": 1,
            "expectedPods": 3,
        },
    ),
    Printed(
        _in("policy/v1", "poddisruptionbudgets"),
        {"metadata": _meta("b"), "spec": {"maxUnavailable": "30%", "selector": {}}},
        ["b", "N/A", "30%", 0, "AGE"],
    ),
    Printed(
        _in("autoscaling/v2", "horizontalpodautoscalers"),
        {
            "metadata": _meta("a"),
            "spec": {
                "scaleTargetRef": _TARGET,
                "minReplicas": 2,
                "maxReplicas": 9,
                "metrics": _METRICS,
            },
        },
        [
            "a",
            "Deployment/web",
            "cpu: 42%/80%, <unknown>/5 (avg) + 1 more...",
            "2",
            9,
            3,
            "AGE",
        ],
        {
            "currentReplicas": 3,
            "desiredReplicas": 3,
            "currentMetrics": [
                {
                    "type": "Resource",
                    "resource": {
                        "name": "cpu",
                        "current": {"averageUtilization": 42, "averageValue": "100m"},
                    },
                }
            ],
        },
    ),
    Printed(
        _in("autoscaling/v2", "horizontalpodautoscalers"),
        {
            "metadata": _meta("b"),
            "spec": {
                "scaleTargetRef": _TARGET,
                "maxReplicas": 9,
                "metrics": [_MEMORY, _OBJECT],
            },
        },
        ["b", "Deployment/web", "memory: 512Mi/1Gi, <unknown>/10", "1", 9, 1, "AGE"],
        {
            "currentReplicas": 1,
            "desiredReplicas": 1,
            "currentMetrics": [
                {
                    "type": "ContainerResource",
                    "containerResource": {
                        "name": "memory",
                        "container": "c",
                        "current": {"averageValue": "512Mi"},
                    },
                }
            ],
        },
    ),
    Printed(
        _in("autoscaling/v1", "horizontalpodautoscalers"),
        {"metadata": _meta("c"), "spec": {"scaleTargetRef": _TARGET, "maxReplicas": 4}},
        ["c", "Deployment/web", "cpu: <unknown>/80%", "1", 4, 0, "AGE"],
    ),
    _service(
        "none",
        ["none", "ClusterIP", "None", "<none>", "80/TCP,53/UDP", "AGE", "a=1,b=2"],
        clusterIP="None",
        selector={"b": "2", "a": "1"},
    ),
    _service(
        "outside",
        [
            "outside",
            "ExternalName",
            "<none>",
            "x.example.com",
            "80/TCP,53/UDP",
            "AGE",
            "<none>",
        ],
        type="ExternalName",
        externalName="x.example.com",
    ),
    _service(
        "extra",
        [
            "extra",
            "ClusterIP",
            "None",
            "1.2.3.4,5.6.7.8",
            "80/TCP,53/UDP",
            "AGE",
            "<none>",
        ],
        clusterIP="None",
        externalIPs=["1.2.3.4", "5.6.7.8"],
    ),
    Printed(
        _core("endpoints"),
        {"metadata": _meta("a"), "subsets": _subsets(2)},
        ["a", "1.2.3.1:80,1.2.3.2:80", "AGE"],
    ),
    Printed(
        _core("endpoints"),
        {"metadata": _meta("b"), "subsets": _subsets(5)},
        ["b", "1.2.3.1:80,1.2.3.2:80,1.2.3.3:80 + 2 more...", "AGE"],
    ),
    Printed(_core("endpoints"), {"metadata": _meta("c")}, ["c", "<none>", "AGE"]),
    Printed(
        _core("endpoints"),
        {
            "metadata": _meta("d"),
            "subsets": [{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}],
        },
        ["d", "[fd00::1]:80", "AGE"],
    ),
    Printed(
        _in("discovery.k8s.io/v1", "endpointslices"),
        {
            "metadata": _meta("a"),
            "addressType": "IPv4",
            "ports": [{"name": n, "port": 80} for n in "abcd"],
            "endpoints": [{"addresses": ["1.2.3.4"]}, {"addresses": ["1.2.3.5"]}],
        },
        ["a", "IPv4", "80,80,80 + 1 more...", "1.2.3.4,1.2.3.5", "AGE"],
    ),
    Printed(
        _in("discovery.k8s.io/v1", "endpointslices"),
        {
            "metadata": _meta("b"),
            "addressType": "FQDN",
            "endpoints": [],
            "ports": [{"name": "a"}],
        },
        ["b", "FQDN", "a", "<unset>", "AGE"],
    ),
    Printed(
        _in("networking.k8s.io/v1", "ingresses"),
        {
            "metadata": _meta("a"),
            "spec": {
                "ingressClassName": "c",
                "tls": [{"secretName": "t"}],
                "rules": [{"host": f"{n}.example.com"} for n in "abcde"],
            },
        },
        [
            "a",
            "c",
            "a.example.com,b.example.com,c.example.com + 2 more...",
            "1.1.1.1,h.example.com",
            "80, 443",
            "AGE",
        ],
        {
            "loadBalancer": {
                "ingress": [{"hostname": "h.example.com"}, {"ip": "1.1.1.1"}]
            }
        },
    ),
    Printed(
        _in("networking.k8s.io/v1", "ingresses"),
        {
            "metadata": _meta("b"),
            "spec": {
                "defaultBackend": {"service": {"name": "s", "port": {"number": 80}}}
            },
        },
        ["b", "<none>", "*", "", "80", "AGE"],
    ),
    Printed(
        "/apis/networking.k8s.io/v1/ingressclasses",
        {
            "metadata": _meta("NS"),
            "spec": {
                "controller": "example.com/c",
                "parameters": {
                    "apiGroup": "k.example.com",
                    "kind": "P",
                    "name": "p",
                    "scope": "Cluster",
                },
            },
        },
        ["NS", "example.com/c", "P.k.example.com/p", "AGE"],
    ),
    Printed(
        _in("networking.k8s.io/v1", "networkpolicies"),
        {"metadata": _meta("a"), "spec": {"podSelector": _SELECTOR}},
        ["a", "a in (b,c),app=web,!z", "AGE"],
    ),
    Printed(
        _in("networking.k8s.io/v1", "networkpolicies"),
        {"metadata": _meta("b"), "spec": {"podSelector": {}}},
        ["b", "<none>", "AGE"],
    ),
    Printed(
        "/api/v1/nodes",
        {
            "metadata": _meta(
                "NS-a",
                labels={
                    "node-role.kubernetes.io/worker": "",
                    "node-role.kubernetes.io/control-plane": "",
                    "kubernetes.io/role": "x",
                },
            ),
            "spec": {"unschedulable": True},
        },
        [
            "NS-a",
            "NotReady,SchedulingDisabled",
            "control-plane,worker,x",
            "AGE",
            "v1.36.0",
            "10.0.0.1",
            "1.2.3.4",
            "OS",
            "6.1 (amd64)",
            "c://1",
        ],
        {
            "conditions": [_now("Ready", "False", lastHeartbeatTime="AGO 1")],
            "addresses": [
                {"type": "ExternalIP", "address": "1.2.3.4"},
                {"type": "InternalIP", "address": "10.0.0.1"},
            ],
            "nodeInfo": {
                "machineID": "",
                "systemUUID": "",
                "bootID": "",
                "kernelVersion": "6.1",
                "osImage": "OS",
                "containerRuntimeVersion": "c://1",
                "kubeletVersion": "v1.36.0",
                "kubeProxyVersion": "",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    ),
    Printed(
        "/api/v1/nodes",
        {"metadata": _meta("NS-b")},
        [
            "NS-b",
            "Unknown",
            "<none>",
            "AGE",
            "",
            "<none>",
            "<none>",
            "<unknown>",
            "<unknown>",
            "<unknown>",
        ],
    ),
    Printed(
        "/api/v1/namespaces", {"metadata": _meta("NS-x")}, ["NS-x", "Active", "AGE"]
    ),
    Printed(
        _core("events"),
        {
            "metadata": _meta("a"),
            "involvedObject": {
                "kind": "Pod",
                "namespace": "NS",
                "name": "p",
                "fieldPath": "spec.containers{c}",
            },
            "reason": "Started",
            "message": " Started it \n",
            "type": "Normal",
            "source": {"component": "kubelet", "host": "n"},
            "firstTimestamp": "AGO 7260",
            "lastTimestamp": "AGO 3660",
            "count": 4,
        },
        [
            "61m",
            "Normal",
            "Started",
            "pod/p",
            "spec.containers{c}",
            "kubelet, n",
            "Started it",
            "121m",
            4,
            "a",
        ],
    ),
    Printed(
        _in("events.k8s.io/v1", "events"),
        {
            "metadata": _meta("b"),
            "eventTime": "MICRO 5400",
            "regarding": {"kind": "Pod", "namespace": "NS", "name": "p"},
            "reason": "Pulled",
            "action": "Pulling",
            "note": "text",
            "type": "Warning",
            "reportingController": "example.com/c",
            "reportingInstance": "i-1",
            "series": {"count": 9, "lastObservedTime": "MICRO 600"},
        },
        [
            "10m",
            "Warning",
            "Pulled",
            "pod/p",
            "",
            "example.com/c, i-1",
            "text",
            "90m",
            9,
            "b",
        ],
    ),
    Printed(
        _in("events.k8s.io/v1", "events"),
        {
            "metadata": _meta("c"),
            "eventTime": "MICRO 5400",
            "regarding": {"kind": "Pod", "namespace": "NS", "name": "p"},
            "reason": "Pulled",
            "action": "Pulling",
            "type": "Normal",
            "reportingController": "example.com/c",
            "reportingInstance": "i-1",
        },
        [
            "90m",
            "Normal",
            "Pulled",
            "pod/p",
            "",
            "example.com/c, i-1",
            "",
            "90m",
            1,
            "c",
        ],
    ),
    Printed(
        _core("secrets"),
        {"metadata": _meta("a"), "data": {"x": "eA==", "y": ""}},
        ["a", "Opaque", 2, "AGE"],
    ),
    Printed(
        _core("configmaps"),
        {"metadata": _meta("a"), "data": {"x": "1"}, "binaryData": {"y": "eA=="}},
        ["a", 2, "AGE"],
    ),
    Printed(_core("serviceaccounts"), {"metadata": _meta("a")}, ["a", "AGE"]),
    Printed(
        _core("limitranges"),
        {
            "metadata": _meta("a"),
            "spec": {"limits": [{"type": "Pod", "max": {"cpu": "1"}}]},
        },
        ["a", "TIME"],
    ),
    Printed(
        _core("resourcequotas"),
        {"metadata": _meta("a"), "spec": {"hard": {"example.com/x": "10"}}},
        ["a", "configmaps: 3/10, requests.cpu: 1500m/4", "limits.cpu: 0/8", "AGE"],
        {
            "hard": {"requests.cpu": "4", "limits.cpu": "8", "configmaps": "10"},
            "used": {"requests.cpu": "1500m", "configmaps": "3"},
        },
    ),
    Printed(
        "/api/v1/persistentvolumes",
        {
            "metadata": _meta("NS"),
            "spec": {
                "capacity": {"storage": "1024Mi"},
                "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                "hostPath": {"path": "/x"},
                "storageClassName": "fast",
                "claimRef": {"namespace": "n", "name": "c"},
            },
        },
        [
            "NS",
            "1Gi",
            "RWO,RWX",
            "Retain",
            "Failed",
            "n/c",
            "fast",
            "<unset>",
            "Broken",
            "AGE",
            "Filesystem",
        ],
        {"phase": "Failed", "reason": "Broken"},
    ),
    Printed(
        _core("persistentvolumeclaims"),
        {
            "metadata": _meta("a"),
            "spec": {
                "accessModes": ["ReadOnlyMany"],
                "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "fast",
                "volumeName": "v",
            },
        },
        ["a", "Bound", "v", "2Gi", "ROX,RWOP", "fast", "<unset>", "AGE", "Filesystem"],
        {
            "phase": "Bound",
            "accessModes": ["ReadOnlyMany", "ReadWriteOncePod"],
            "capacity": {"storage": "2Gi"},
        },
    ),
    Printed(
        _core("persistentvolumeclaims"),
        {
            "metadata": _meta("b", finalizers=_HOLD),
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}},
                "volumeMode": "Block",
                "storageClassName": "",
            },
        },
        ["b", "Terminating", "", "", "", "", "<unset>", "AGE", "Block"],
        deleted=True,
    ),
    Printed(
        "/apis/storage.k8s.io/v1/storageclasses",
        {
            "metadata": _meta(
                "NS",
                annotations={"storageclass.kubernetes.io/is-default-class": "true"},
            ),
            "provisioner": "example.com/p",
            "allowVolumeExpansion": True,
        },
        ["NS (default)", "example.com/p", "Delete", "Immediate", True, "AGE"],
    ),
    Printed(
        "/apis/storage.k8s.io/v1/volumeattributesclasses",
        {
            "metadata": _meta("NS"),
            "driverName": "example.com/d",
            "parameters": {"a": "b"},
        },
        ["NS", "example.com/d", "AGE"],
    ),
    Printed(
        "/apis/storage.k8s.io/v1/volumeattachments",
        {
            "metadata": _meta("NS"),
            "spec": {
                "attacher": "d.example.com",
                "nodeName": "n",
                "source": {"persistentVolumeName": "v"},
            },
        },
        ["NS", "d.example.com", "v", "n", True, "AGE"],
        {"attached": True},
    ),
    Printed(
        "/apis/storage.k8s.io/v1/csinodes",
        {
            "metadata": _meta("NS"),
            "spec": {"drivers": [{"name": "d.example.com", "nodeID": "n"}]},
        },
        ["NS", 1, "AGE"],
    ),
    Printed(
        "/apis/storage.k8s.io/v1/csidrivers",
        {
            "metadata": _meta("NS"),
            "spec": {
                "podInfoOnMount": True,
                "tokenRequests": [{"audience": "a"}, {"audience": "b"}],
                "volumeLifecycleModes": ["Persistent", "Ephemeral"],
            },
        },
        ["NS", True, True, False, "a,b", False, "Persistent,Ephemeral", "AGE"],
    ),
    Printed(
        "/apis/storage.k8s.io/v1/csidrivers",
        {"metadata": _meta("NS-b"), "spec": {}},
        ["NS-b", True, False, False, "<unset>", False, "Persistent", "AGE"],
    ),
    Printed(
        _in("storage.k8s.io/v1", "csistoragecapacities"),
        {"metadata": _meta("a"), "storageClassName": "fast", "capacity": "1Gi"},
        ["a", "TIME"],
    ),
    Printed(
        _in("coordination.k8s.io/v1", "leases"),
        {"metadata": _meta("a"), "spec": {"holderIdentity": "me"}},
        ["a", "me", "AGE"],
    ),
    Printed(
        "/apis/scheduling.k8s.io/v1/priorityclasses",
        {"metadata": _meta("NS"), "value": 12, "preemptionPolicy": "Never"},
        ["NS", 12, False, "AGE", "Never"],
    ),
    Printed(
        "/apis/node.k8s.io/v1/runtimeclasses",
        {"metadata": _meta("NS"), "handler": "h"},
        ["NS", "h", "AGE"],
    ),
    Printed(
        "/apis/apiregistration.k8s.io/v1/apiservices",
        {
            "metadata": _meta("v1.NS.example.com"),
            "spec": {
                "group": "NS.example.com",
                "version": "v1",
                "groupPriorityMinimum": 10,
                "versionPriority": 10,
                "insecureSkipTLSVerify": True,
                "service": {"namespace": "n", "name": "s"},
            },
        },
        ["v1.NS.example.com", "n/s", "False (ServiceNotFound)", "AGE"],
        {"conditions": [_now("Available", "False", reason="ServiceNotFound")]},
    ),
    Printed(
        _in("rbac.authorization.k8s.io/v1", "roles"),
        {"metadata": _meta("a"), "rules": []},
        ["a", "TIME"],
    ),
    Printed(
        _in("rbac.authorization.k8s.io/v1", "rolebindings"),
        {
            "metadata": _meta("a"),
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role",
                "name": "r",
            },
            "subjects": _SUBJECTS,
        },
        ["a", "Role/r", "AGE", "u, v", "g", "n/s"],
    ),
    Printed(
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        {
            "metadata": _meta("NS"),
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "r",
            },
        },
        ["NS", "ClusterRole/r", "AGE", "", "", ""],
    ),
    Printed(
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
        {"metadata": _meta("NS"), "webhooks": [_HOOK]},
        ["NS", 1, "AGE"],
    ),
    Printed(
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
        {"metadata": _meta("NS"), "webhooks": [_HOOK]},
        ["NS", 1, "AGE"],
    ),
    Printed(
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
        {
            "metadata": _meta("NS"),
            "spec": {
                "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
                "matchConstraints": _CONSTRAINTS,
                "validations": [{"expression": "true"}],
            },
        },
        ["NS", 1, "v1/ConfigMap", "AGE"],
    ),
    Printed(
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        {
            "metadata": _meta("NS"),
            "spec": {
                "policyName": "p",
                "validationActions": ["Deny"],
                "paramRef": {"name": "a", "parameterNotFoundAction": "Allow"},
            },
        },
        ["NS", "p", "*/a", "AGE"],
    ),
    Printed(
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
        {
            "metadata": _meta("NS-b"),
            "spec": {
                "policyName": "p",
                "validationActions": ["Deny"],
                "paramRef": {
                    "selector": _SELECTOR,
                    "parameterNotFoundAction": "Allow",
                },
            },
        },
        [
            "NS-b",
            "p",
            _GO_SELECTOR,
            "AGE",
        ],
    ),
    Printed(
        "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
        {
            "metadata": _meta("NS"),
            "spec": {
                "priorityLevelConfiguration": {"name": "NS"},
                "matchingPrecedence": 9000,
                "distinguisherMethod": {"type": "ByUser"},
            },
        },
        ["NS", "NS", 9000, "ByUser", "AGE", "True"],
        # As the real server itself says soon: there is no such priority level.
        {"conditions": [_now("Dangling", reason="NotFound")]},
    ),
    Printed(
        "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
        {
            "metadata": _meta("NS"),
            "spec": {
                "type": "Limited",
                "limited": {
                    "nominalConcurrencyShares": 5,
                    "limitResponse": {
                        "type": "Queue",
                        "queuing": {
                            "queues": 64,
                            "handSize": 6,
                            "queueLengthLimit": 50,
                        },
                    },
                },
            },
        },
        ["NS", "Limited", 5, 64, 6, 50, "AGE"],
    ),
    Printed(
        "/apis/resource.k8s.io/v1/deviceclasses",
        {"metadata": _meta("NS"), "spec": {}},
        ["NS", "AGE"],
    ),
    Printed(
        _in("resource.k8s.io/v1", "resourceclaims"),
        {"metadata": _meta("a"), "spec": {}},
        ["a", "pending", "AGE"],
    ),
    Printed(
        "/apis/resource.k8s.io/v1/resourceslices",
        {
            "metadata": _meta("NS"),
            "spec": {
                "driver": "d.example.com",
                "nodeName": "n",
                "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
                "devices": [],
            },
        },
        ["NS", "n", "d.example.com", "p", "AGE"],
    ),
]
