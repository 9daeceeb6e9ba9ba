"""The kind that is served, and one object of it with places for what varies."""

from typing import Any, Final

__all__ = ["API_VERSION", "GROUP", "KIND", "PLURAL", "prototype"]

GROUP: Final = "bench.example.com"
API_VERSION: Final = "bench.example.com/v1"
KIND: Final = "Widget"
PLURAL: Final = "widgets"


def prototype() -> dict[str, Any]:
    """Return the object; ``@name@`` is a place for text, ``@#name@`` for a number."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": _metadata(),
        "spec": _spec(),
        "status": _status(),
    }


def _metadata() -> dict[str, Any]:
    return {
        "name": "@name@",
        "generateName": "@app@-",
        "namespace": "@namespace@",
        "uid": "@uid@",
        "resourceVersion": "@version@",
        "generation": 1,
        "creationTimestamp": "@created@",
        "labels": {"app": "@app@", "pod-template-hash": "@hash@"},
        "annotations": {"example.com/checksum": "@uid@"},
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": "@app@",
                "uid": "@owner@",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
        "managedFields": _managed_fields(),
    }


def _managed_fields() -> list[dict[str, Any]]:
    leaf: dict[str, Any] = {}
    container = {
        ".": leaf,
        "f:command": leaf,
        "f:env": {
            ".": leaf,
            'k:{"name":"LEVEL"}': {".": leaf, "f:name": leaf, "f:value": leaf},
        },
        "f:image": leaf,
        "f:imagePullPolicy": leaf,
        "f:name": leaf,
        "f:resources": {
            ".": leaf,
            "f:limits": {".": leaf, "f:cpu": leaf, "f:memory": leaf},
        },
    }
    made = {
        "f:metadata": {
            "f:generateName": leaf,
            "f:labels": {".": leaf, "f:app": leaf, "f:pod-template-hash": leaf},
            "f:ownerReferences": {".": leaf, 'k:{"uid":"@owner@"}': leaf},
        },
        "f:spec": {
            "f:containers": {'k:{"name":"app"}': container},
            "f:dnsPolicy": leaf,
            "f:enableServiceLinks": leaf,
            "f:restartPolicy": leaf,
            "f:schedulerName": leaf,
            "f:securityContext": leaf,
            "f:terminationGracePeriodSeconds": leaf,
        },
    }
    condition = {
        ".": leaf,
        "f:lastProbeTime": leaf,
        "f:lastTransitionTime": leaf,
        "f:status": leaf,
        "f:type": leaf,
    }
    kept = ("ContainersReady", "Initialized", "Ready")
    observed = {
        "f:status": {
            "f:conditions": {f'k:{{"type":"{each}"}}': condition for each in kept},
            "f:containerStatuses": leaf,
            "f:hostIP": leaf,
            "f:phase": leaf,
            "f:podIP": leaf,
            "f:podIPs": {".": leaf, 'k:{"ip":"@ip@"}': {".": leaf, "f:ip": leaf}},
            "f:startTime": leaf,
        }
    }
    shared = {"apiVersion": API_VERSION, "fieldsType": "FieldsV1"}
    return [
        {
            **shared,
            "manager": "kube-controller-manager",
            "operation": "Update",
            "time": "@created@",
            "fieldsV1": made,
        },
        {
            **shared,
            "manager": "kubelet",
            "operation": "Update",
            "subresource": "status",
            "time": "@moved@",
            "fieldsV1": observed,
        },
    ]


def _spec() -> dict[str, Any]:
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    unreachable = ("not-ready", "unreachable")
    pod_ip = {"apiVersion": "v1", "fieldPath": "status.podIP"}
    own_namespace = {"apiVersion": "v1", "fieldPath": "metadata.namespace"}
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {
            "configMap": {
                "name": "kube-root-ca.crt",
                "items": [{"key": "ca.crt", "path": "ca.crt"}],
            }
        },
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": own_namespace}]}},
    ]
    volume = "kube-api-access-@short@"
    container = {
        "name": "app",
        "image": "images.example.com/team/app:@image@",
        "command": ["/bin/app", "--port=8080"],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [
            {"name": "POD_IP", "valueFrom": {"fieldRef": pod_ip}},
            {"name": "LEVEL", "value": "info"},
        ],
        "resources": {
            "limits": {"cpu": "500m", "memory": "256Mi"},
            "requests": {"cpu": "100m", "memory": "128Mi"},
        },
        "volumeMounts": [{"name": volume, "readOnly": True, "mountPath": account}],
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
            "timeoutSeconds": 1,
            "periodSeconds": 10,
            "successThreshold": 1,
            "failureThreshold": 3,
        },
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
        "imagePullPolicy": "IfNotPresent",
    }
    return {
        "volumes": [
            {"name": volume, "projected": {"sources": sources, "defaultMode": 420}}
        ],
        "containers": [container],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "serviceAccount": "default",
        "nodeName": "@node@",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{key}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for key in unreachable
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }


def _status() -> dict[str, Any]:
    types = (
        *("PodReadyToStartContainers", "Initialized"),
        *("Ready", "ContainersReady", "PodScheduled"),
    )
    return {
        "phase": "Running",
        "conditions": [
            {
                "type": each,
                "status": "True",
                "lastProbeTime": None,
                "lastTransitionTime": "@moved@" if "Ready" in each else "@created@",
            }
            for each in types
        ],
        "hostIP": "@host@",
        "podIP": "@ip@",
        "podIPs": [{"ip": "@ip@"}],
        "startTime": "@created@",
        "containerStatuses": [
            {
                "name": "app",
                "state": {"running": {"startedAt": "@moved@"}},
                "lastState": {},
                "ready": True,
                "restartCount": "@#restarts@",
                "image": "images.example.com/team/app:@image@",
                "imageID": "images.example.com/team/app@sha256:@digest@",
                "containerID": "containerd://@container@",
                "started": True,
            }
        ],
        "qosClass": "Burstable",
    }
