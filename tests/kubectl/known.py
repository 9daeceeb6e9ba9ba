"""What of kubectl differs between the two servers, and why."""

__all__ = ["KNOWN"]

_WHY = {
    "everybody may do everything": [
        "access: create -f - --as=jane",
    ],
    "it is the version of the real server, and not its build": [
        "access: version -o json",
    ],
    "quotas are neither checked, counted nor enforced": [
        "generators: create quota bad --hard=services=1 --scopes=NotTerminating",
        "generators: describe quota limits",
    ],
    "what certificate requests hold is not checked": [
        "nodes: create --validate=true -f -",
    ],
    "the real server adds how Go prints its internal types": [
        (
            "pods: patch pod web -p "
            '\'{"spec":{"containers":[{"name":"web","command":["x"]}]}}\''
        ),
        'pods: patch pod web -p \'{"spec":{"nodeName":"other"}}\'',
        'pods: patch pvc claim -p \'{"spec":{"storageClassName":"other"}}\'',
        (
            "workloads: patch job once -p "
            '\'{"spec":{"template":{"spec":{"restartPolicy":"Always"}}}}\''
        ),
    ],
    "there is no aggregation, nor what registers in it": [
        "reading: get apiservices v1. v1.apps",
    ],
    "there are no components to ask": [
        "reading: get componentstatuses -o name",
    ],
}

KNOWN = {command: why for why, commands in _WHY.items() for command in commands}
"""Commands whose outcome differs, and why; docs/conformance.md has the same table."""
