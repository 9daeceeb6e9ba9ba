"""A Deployment for every Foo, written out with the parts that controllers are made of.

It does what kubernetes/sample-controller does, the same way: informers fill caches,
event handlers put keys into a work queue, workers take them out and compare what should
be with what is. ``@controller`` does all of this for you; read this file to see what.

Run it with ``python examples/sample_controller/sample_controller.py``, on the cluster
that kubectl talks to.
"""

import argparse
import asyncio
import logging

from homeostat import CustomResource, Field, Spec, Status, custom_resource
from homeostat.api import (
    LabelSelector,
    ObjectMeta,
    Request,
    controller_of,
    set_controller_reference,
)
from homeostat.cache import Delta, InformerFactory
from homeostat.client import Client, load_config
from homeostat.events import EventRecorder
from homeostat.k8s import apps_v1, core_v1
from homeostat.manager import install_crds
from homeostat.workqueue import WorkQueue

logger = logging.getLogger("sample-controller")

SYNCED = "Synced"
ERR_RESOURCE_EXISTS = "ErrResourceExists"


class FooSpec(Spec):
    """Which Deployment, and how large."""

    deployment_name: str
    replicas: int = Field(default=1, ge=1, le=10)


class FooStatus(Status):
    """How much of it is there."""

    available_replicas: int = 0


@custom_resource(
    group="samplecontroller.k8s.io",
    version="v1alpha1",
    # The real API server wants a word about every group under k8s.io.
    annotations={"api-approved.kubernetes.io": "unapproved, an example"},
)
class Foo(CustomResource[FooSpec, FooStatus]):
    """A Deployment by another name."""


class ResourceExistsError(Exception):
    """The Deployment that a Foo names belongs to somebody else."""


class FooController:
    """Keeps one Deployment for each Foo.

    Args:
        client: Of the cluster; the caller closes it.
        workers: How many Foos are handled at once.
    """

    def __init__(self, client: Client, *, workers: int = 2) -> None:
        self._client = client
        self._workers = workers
        # A factory gives one watch per kind, whoever asks, and lets the caches know
        # what this client writes: what a worker wrote, the next lookup finds.
        self._informers = InformerFactory(client)
        foos = self._informers.informer(Foo)
        deployments = self._informers.informer(apps_v1.Deployment)
        self._foos, self._deployments = foos.lister, deployments.lister
        self._recorder = EventRecorder(client, component="sample-controller")
        # A queue holds each key once, however many events name it, and never gives one
        # key to two workers at a time.
        self._queue: WorkQueue[Request] = WorkQueue("foos")
        foos.add_handler(self._foo_changed)
        deployments.add_handler(self._deployment_changed)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informers.run())
            tasks.create_task(self._recorder.run())
            # A worker that starts on a half-full cache takes what it does not see for
            # what is not there.
            await self._informers.wait_synced()
            logger.info("caches are full, starting %d workers", self._workers)
            for _ in range(self._workers):
                tasks.create_task(self._work())

    def _foo_changed(self, delta: Delta) -> None:
        self._queue.add(Request(delta.key.namespace, delta.key.name))

    def _deployment_changed(self, delta: Delta) -> None:
        """Put the Foo that controls a Deployment into the queue.

        A handler does no work: it finds out which keys are concerned. A Deployment that
        is gone concerns its Foo as well, so the state before counts.
        """
        owner = delta.record.controller
        if owner is not None and owner.kind == "Foo":
            self._queue.add(Request(delta.key.namespace, owner.name))

    async def _work(self) -> None:
        while True:
            async with self._queue.lease() as item:
                try:
                    await self._sync(item.key)
                except Exception:
                    # Whatever it is, it will be tried again, later each time.
                    logger.exception("cannot sync %s", item.key)
                    self._queue.retry(item.key)
                else:
                    self._queue.forget(item.key)

    async def _sync(self, key: Request) -> None:
        """Compare what the Foo of a key wants with what there is, and close the gap.

        It gets a key and no event: whatever happened, what counts is the state of now.
        """
        foo = self._foos.find(key.name, key.namespace)
        if foo is None or foo.metadata.deletion_timestamp:
            return  # the garbage collector takes the Deployment
        name = foo.spec.deployment_name
        deployment = self._deployments.find(name, key.namespace)
        if deployment is None:
            deployment = await self._client.create(deployment_for(foo))
        owner = controller_of(deployment)
        if owner is None or owner.uid != foo.metadata.uid:
            message = f"Deployment {name!r} already exists and is not managed by Foo"
            self._recorder.event(foo, "Warning", ERR_RESOURCE_EXISTS, message)
            raise ResourceExistsError(message)
        if deployment.spec.replicas != foo.spec.replicas:
            deployment = await self._client.patch(
                apps_v1.Deployment,
                name,
                {"spec": {"replicas": foo.spec.replicas}},
                namespace=key.namespace,
            )
        await self._update_status(foo, deployment)
        self._recorder.event(foo, "Normal", SYNCED, "Foo synced successfully")

    async def _update_status(self, foo: Foo, deployment: apps_v1.Deployment) -> None:
        available = deployment.status.available_replicas
        if foo.status.available_replicas == available:
            return
        await self._client.patch(
            Foo,
            foo.metadata.name,
            # The uid: a Foo that was deleted and made again has a status of its own.
            {
                "metadata": {"uid": foo.metadata.uid},
                "status": {"availableReplicas": available},
            },
            namespace=foo.metadata.namespace,
            subresource="status",
        )


def deployment_for(foo: Foo) -> apps_v1.Deployment:
    """Return the Deployment that a Foo wants, controlled by it."""
    labels = {"app": "nginx", "controller": foo.metadata.name}
    container = core_v1.Container(name="nginx", image="nginx:latest")
    deployment = apps_v1.Deployment(
        metadata=ObjectMeta(
            name=foo.spec.deployment_name, namespace=foo.metadata.namespace
        ),
        spec=apps_v1.DeploymentSpec(
            replicas=foo.spec.replicas,
            selector=LabelSelector(match_labels=labels),
            template=core_v1.PodTemplateSpec(
                metadata=ObjectMeta(labels=labels),
                spec=core_v1.PodSpec(containers=[container]),
            ),
        ),
    )
    set_controller_reference(foo, deployment)
    return deployment


async def main(kubeconfig: str | None, workers: int) -> None:
    """Install the definition of Foo and run."""
    async with Client(load_config(kubeconfig)) as client:
        await install_crds(client, [Foo])
        await FooController(client, workers=workers).run()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Keep a Deployment for each Foo")
    parser.add_argument("--kubeconfig", help="default: as kubectl")
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO)
    try:
        asyncio.run(main(arguments.kubeconfig, arguments.workers))
    except KeyboardInterrupt:
        logger.info("stopped")
