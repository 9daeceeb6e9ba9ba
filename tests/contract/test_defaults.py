"""What the server fills into pods, their owners and services, and what it refuses."""

from typing import Any

import pytest

from tests.harness.objects import deployment, pod, rejection
from tests.harness.server import Server

PROBE = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
TERMINATION = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
POD = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}


async def _pod(server: Server, **spec: Any) -> Any:
    return (await server.post(server.core("pods"), pod("p", **spec))).ok(201)


async def _container(server: Server, **container: Any) -> Any:
    full = {"name": "c", "image": "i:1", **container}
    return (await _pod(server, containers=[full]))["spec"]["containers"][0]


async def test_pod(server: Server) -> None:
    item = await _pod(server)
    spec = item["spec"]
    assert spec.pop("containers") == [
        {
            "name": "c",
            "image": "i:1",
            "resources": {},
            "imagePullPolicy": "IfNotPresent",
            **TERMINATION,
        }
    ]
    tolerations = [
        {
            "key": f"node.kubernetes.io/{key}",
            "operator": "Exists",
            "effect": "NoExecute",
            "tolerationSeconds": 300,
        }
        for key in ("not-ready", "unreachable")
    ]
    assert spec == {
        **POD,
        "tolerations": tolerations,
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    assert item["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1", "IfNotPresent"),
        ("host:5000/nginx", "Always"),
        ("nginx@sha256:" + "0" * 64, "IfNotPresent"),
    ],
)
async def test_pull_policy_follows_the_tag(
    server: Server, image: str, policy: str
) -> None:
    assert (await _container(server, image=image))["imagePullPolicy"] == policy


async def test_ports_are_tcp(server: Server) -> None:
    container = await _container(server, ports=[{"containerPort": 80}])
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


async def test_probes(server: Server) -> None:
    container = await _container(
        server,
        readinessProbe={"httpGet": {"port": 80}},
        livenessProbe={"tcpSocket": {"port": "web"}},
    )
    http = {"path": "/", "port": 80, "scheme": "HTTP"}
    assert container["readinessProbe"] == {"httpGet": http, **PROBE}
    assert container["livenessProbe"] == {"tcpSocket": {"port": "web"}, **PROBE}


async def test_limits_are_requests(server: Server) -> None:
    container = await _container(server, resources={"limits": {"cpu": "500m"}})
    assert container["resources"]["requests"] == {"cpu": "500m"}


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
    ],
)
async def test_quality_of_service(server: Server, resources: Any, quality: str) -> None:
    containers = [{"name": "c", "image": "i:1", "resources": resources}]
    item = await _pod(server, containers=containers)
    assert item["status"]["qosClass"] == quality


async def test_environment_from_fields(server: Server) -> None:
    value = {"fieldRef": {"fieldPath": "metadata.name"}}
    container = await _container(server, env=[{"name": "N", "valueFrom": value}])
    reference = container["env"][0]["valueFrom"]["fieldRef"]
    assert reference == {"apiVersion": "v1", "fieldPath": "metadata.name"}


async def test_volumes(server: Server) -> None:
    volumes = [
        {"name": "s", "secret": {"secretName": "x"}},
        {"name": "c", "configMap": {"name": "x"}},
        {"name": "e"},
        {"name": "h", "hostPath": {"path": "/x"}},
    ]
    item = await _pod(server, volumes=volumes)
    assert item["spec"]["volumes"] == [
        {"name": "s", "secret": {"secretName": "x", "defaultMode": 420}},
        {"name": "c", "configMap": {"name": "x", "defaultMode": 420}},
        {"name": "e", "emptyDir": {}},
        {"name": "h", "hostPath": {"path": "/x", "type": ""}},
    ]


async def test_quantities_are_canonical(server: Server) -> None:
    requests = {"cpu": "1000m", "memory": "1024Mi", "example.com/x": "2.0"}
    limits = {"example.com/x": "2"}
    container = await _container(
        server, resources={"requests": requests, "limits": limits}
    )
    assert container["resources"]["requests"] == {
        "cpu": "1",
        "memory": "1Gi",
        "example.com/x": "2",
    }


async def test_quantity_must_parse(server: Server) -> None:
    containers = [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "x"}}}]
    answer = await server.post(server.core("pods"), pod("p", containers=containers))
    answer.refused(
        400,
        "BadRequest",
        'Pod in version "v1" cannot be handled as a Pod: quantities must match the'
        " regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    )


@pytest.mark.parametrize(
    ("spec", "reason", "field", "text"),
    [
        ({"containers": []}, "Required", "spec.containers", "Required value"),
        (
            {"containers": [{"name": "c"}]},
            "Required",
            "spec.containers[0].image",
            "Required value",
        ),
        (
            {"containers": [{"name": "c", "image": "i"}] * 2},
            "Duplicate",
            "spec.containers[1].name",
            'Duplicate value: "c"',
        ),
        (
            {"restartPolicy": "Foo"},
            "NotSupported",
            "spec.restartPolicy",
            (
                'Unsupported value: "Foo": supported values: "Always", "OnFailure",'
                ' "Never"'
            ),
        ),
        (
            {
                "containers": [
                    {"name": "c", "image": "i", "ports": [{"containerPort": 99999}]}
                ]
            },
            "Invalid",
            "spec.containers[0].ports[0].containerPort",
            "Invalid value: 99999: must be between 1 and 65535, inclusive",
        ),
    ],
)
async def test_pod_that_is_refused(
    server: Server, spec: Any, reason: str, field: str, text: str
) -> None:
    answer = await server.post(server.core("pods"), pod("p", **spec))
    details = answer.refused(422, "Invalid", f'Pod "p" is invalid: {field}: {text}')
    assert rejection(details) == [(f"FieldValue{reason}", field)]


async def test_image_of_a_pod_can_be_changed(server: Server) -> None:
    item = await _pod(server)
    item["spec"]["containers"][0]["image"] = "i:2"
    item = (await server.put(server.core("pods/p"), item)).ok()
    assert item["spec"]["containers"][0]["image"] == "i:2"
    assert item["metadata"]["generation"] == 2


async def test_other_fields_of_a_pod_cannot(server: Server) -> None:
    await _pod(server)
    answer = await server.merge(server.core("pods/p"), {"spec": {"hostname": "h"}})
    details = answer.refused(422, "Invalid")
    assert rejection(details) == [("FieldValueForbidden", "spec")]
    assert answer.json["message"].startswith(
        'Pod "p" is invalid: spec: Forbidden: pod updates may not change fields other'
        " than `spec.containers[*].image`,"
    )


async def test_replica_set(server: Server) -> None:
    body = deployment("r")
    body["kind"] = "ReplicaSet"
    item = (await server.post(server.apps("replicasets"), body)).ok(201)
    assert item["spec"]["replicas"] == 1
    assert item["status"] == {"replicas": 0}
    template = item["spec"]["template"]["spec"]
    assert {name: template[name] for name in POD} == POD
    assert "tolerations" not in template
    assert "enableServiceLinks" not in template


async def test_replica_set_selector_is_immutable(server: Server) -> None:
    body = deployment("r")
    body["kind"] = "ReplicaSet"
    await server.post(server.apps("replicasets"), body)
    body["spec"]["selector"] = {"matchLabels": {"z": "z"}}
    body["spec"]["template"]["metadata"]["labels"] = {"z": "z"}
    details = (await server.put(server.apps("replicasets/r"), body)).refused(
        422,
        "Invalid",
        'ReplicaSet.apps "r" is invalid: spec.selector: Invalid value:'
        ' {"matchLabels":{"z":"z"}}: field is immutable',
    )
    assert rejection(details) == [("FieldValueInvalid", "spec.selector")]


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ({"type": "Recreate"}, {"type": "Recreate"}),
        (
            {"rollingUpdate": {"maxSurge": 2}},
            {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 2},
            },
        ),
    ],
)
async def test_strategy(server: Server, strategy: Any, expected: Any) -> None:
    body = deployment("d", strategy=strategy)
    item = (await server.post(server.apps("deployments"), body)).ok(201)
    assert item["spec"]["strategy"] == expected


@pytest.mark.parametrize(
    ("strategy", "reason", "field", "text"),
    [
        (
            {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}},
            "Invalid",
            "spec.strategy.rollingUpdate.maxUnavailable",
            "Invalid value: 0: may not be 0 when `maxSurge` is 0",
        ),
        (
            {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}},
            "Forbidden",
            "spec.strategy.rollingUpdate",
            "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        ),
    ],
)
async def test_strategy_that_is_refused(
    server: Server, strategy: Any, reason: str, field: str, text: str
) -> None:
    body = deployment("d", strategy=strategy)
    answer = await server.post(server.apps("deployments"), body)
    details = answer.refused(
        422, "Invalid", f'Deployment.apps "d" is invalid: {field}: {text}'
    )
    assert rejection(details) == [(f"FieldValue{reason}", field)]


async def test_pods_of_a_deployment_restart_always(server: Server) -> None:
    body = deployment("d")
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    (await server.post(server.apps("deployments"), body)).refused(
        422,
        "Invalid",
        'Deployment.apps "d" is invalid: spec.template.spec.restartPolicy: Unsupported'
        ' value: "Never": supported values: "Always"',
    )


async def test_service(server: Server) -> None:
    ports: Any = [{"port": 80}, {"port": 81, "name": "x", "targetPort": "web"}]
    ports[0]["name"] = "a"
    body = {"metadata": {"name": "s"}, "spec": {"ports": ports}}
    item = (await server.post(server.core("services"), body)).ok(201)
    spec = item["spec"]
    address = spec.pop("clusterIP")
    assert address.startswith("10.")
    assert spec == {
        "ports": [
            {"name": "a", "protocol": "TCP", "port": 80, "targetPort": 80},
            {"name": "x", "protocol": "TCP", "port": 81, "targetPort": "web"},
        ],
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
    assert item["status"] == {"loadBalancer": {}}


async def test_service_keeps_its_address(server: Server) -> None:
    body: Any = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    item = (await server.post(server.core("services"), body)).ok(201)
    body["spec"]["ports"] = [{"port": 81}]
    again = (await server.put(server.core("services/s"), body)).ok()
    assert again["spec"]["clusterIP"] == item["spec"]["clusterIP"]


async def test_address_of_a_service_must_be_one(server: Server) -> None:
    body = {
        "metadata": {"name": "s"},
        "spec": {"clusterIP": "nope", "ports": [{"port": 80}]},
    }
    (await server.post(server.core("services"), body)).refused(
        422,
        "Invalid",
        'Service "s" is invalid: spec.clusterIPs[0]: Invalid value: "nope": must be a'
        " valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
    )


async def test_local_balancer_has_a_health_check(server: Server) -> None:
    spec = {
        "type": "LoadBalancer",
        "externalTrafficPolicy": "Local",
        "ports": [{"port": 80}],
    }
    body = {"metadata": {"name": "s"}, "spec": spec}
    item = (await server.post(server.core("services"), body)).ok(201)
    port = item["spec"]["healthCheckNodePort"]
    assert 30000 <= port < 32768
    assert port != item["spec"]["ports"][0]["nodePort"]
    again = (await server.put(server.core("services/s"), body)).ok()
    assert again["spec"]["healthCheckNodePort"] == port
    policy = {"spec": {"externalTrafficPolicy": "Cluster"}}
    after = (await server.merge(server.core("services/s"), policy)).ok()
    assert "healthCheckNodePort" not in after["spec"]


async def test_binding_of_a_role_names_its_group(server: Server) -> None:
    path = server.path("rbac.authorization.k8s.io/v1", "rolebindings")
    body = {
        "metadata": {"name": "r"},
        "subjects": [{"kind": "User", "name": "u"}],
        "roleRef": {"kind": "Role", "name": "r"},
    }
    group = "rbac.authorization.k8s.io"
    item = (await server.post(path, body)).ok(201)
    assert item["subjects"] == [{"kind": "User", "apiGroup": group, "name": "u"}]
    assert item["roleRef"] == {"apiGroup": group, "kind": "Role", "name": "r"}
