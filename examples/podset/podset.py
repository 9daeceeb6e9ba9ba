"""The PodSet operator: a Deployment for every PodSet, and its pods in the status.

Run it on a cluster of its own: ``homeostat run examples/podset/podset.py --local``.
"""

from homeostat import (
    Context,
    CustomResource,
    Field,
    Rule,
    Spec,
    Status,
    Watch,
    by_label,
    controller,
    custom_resource,
)
from homeostat.api import LabelSelector, ObjectMeta, PrinterColumn, Scale
from homeostat.k8s import apps_v1, core_v1

OWNER_LABEL = "podSet_cr"


class PodSetSpec(Spec):
    """What should run."""

    size: int = Field(ge=0, description="Number of pods.")
    image: str = Field(default="busybox", min_length=1)
    command: list[str] = Field(default_factory=lambda: ["sleep", "3600"])
    port: int = Field(default=1234, ge=1, le=65535)


class PodSetStatus(Status):
    """What runs."""

    nodes: list[str] = Field(default=[], description="Names of the pods, sorted.")
    ready_replicas: int = 0


@custom_resource(
    group="apps.jicki.cn",
    version="v1alpha1",
    short_names=["pds"],
    scale=Scale(
        spec_replicas_path=".spec.size", status_replicas_path=".status.readyReplicas"
    ),
    printer_columns=[
        PrinterColumn("Size", ".spec.size", "integer"),
        PrinterColumn("Ready", ".status.readyReplicas", "integer"),
        PrinterColumn("Age", ".metadata.creationTimestamp", "date"),
    ],
)
class PodSet(CustomResource[PodSetSpec, PodSetStatus]):
    """A number of equal pods."""


@controller(
    PodSet,
    owns=[apps_v1.Deployment],
    watches=[Watch(core_v1.Pod, to=by_label(OWNER_LABEL))],
    permissions=[Rule("", ["pods"], ["get"])],
    max_concurrent_reconciles=2,
)
async def podsets(podset: PodSet, ctx: Context) -> None:
    """Keep the Deployment as the spec wants it; tell in the status what runs."""
    await ctx.apply(deployment_for(podset), owned=True)
    pods = ctx.list(core_v1.Pod, labels=labels_of(podset))
    alive = [pod for pod in pods if not pod.metadata.deletion_timestamp]
    ready = sum(is_ready(pod) for pod in alive)
    done = ready == len(alive) == podset.spec.size
    podset.status.nodes = sorted(pod.metadata.name for pod in alive)
    podset.status.ready_replicas = ready
    podset.set_condition(
        "Ready",
        done,
        reason="AllPodsReady" if done else "PodsNotReady",
        message=f"{ready} of {podset.spec.size} pods are ready",
    )
    await ctx.update_status(podset)


def labels_of(podset: PodSet) -> dict[str, str]:
    """Return the labels that select the pods of one PodSet."""
    return {"app": "podSet", OWNER_LABEL: podset.metadata.name}


def is_ready(pod: core_v1.Pod) -> bool:
    """Tell whether the pod's Ready condition is true."""
    return any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)


def deployment_for(podset: PodSet) -> apps_v1.Deployment:
    """Return the Deployment that a PodSet wants."""
    labels, spec = labels_of(podset), podset.spec
    container = core_v1.Container(
        name="pod",
        image=spec.image,
        command=spec.command,
        ports=[core_v1.ContainerPort(container_port=spec.port)],
    )
    return apps_v1.Deployment(
        metadata=ObjectMeta(
            name=podset.metadata.name,
            namespace=podset.metadata.namespace,
            labels=labels,
        ),
        spec=apps_v1.DeploymentSpec(
            replicas=spec.size,
            selector=LabelSelector(match_labels=labels),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=labels),
                spec=core_v1.PodSpec(containers=[container]),
            ),
        ),
    )
