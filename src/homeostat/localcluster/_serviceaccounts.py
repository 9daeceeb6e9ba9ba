"""What every namespace is given: a service account, and the cluster's root CA.

Source: kubernetes ``pkg/controller/serviceaccount`` (serviceaccounts_controller.go) and
``pkg/controller/certificates/rootcacertpublisher``.
"""

from collections.abc import Iterable

from homeostat.api import Object, ObjectMeta, Request
from homeostat.cache import Reader, Record
from homeostat.controller import Context, KindController, Watch, controller
from homeostat.errors import AlreadyExistsError, ApiError, NotFoundError
from homeostat.k8s import core_v1

__all__ = ["root_certificates", "service_accounts"]

ACCOUNT = "default"
CERTIFICATE = "kube-root-ca.crt"
_DESCRIPTION = "kubernetes.io/description"
# Word for word what kubectl describe shows of a real one.
_TEXT = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using "
    "internal endpoints such as the internal service IP or kubernetes.default.svc. No "
    "other usage is guaranteed across distributions of Kubernetes clusters."
)


def _its_namespace(record: Record, _reader: Reader) -> Iterable[Request]:
    return [Request("", record.namespace)]


def service_accounts() -> KindController[core_v1.Namespace]:
    """Return the controller that gives each namespace its default service account."""

    @controller(
        core_v1.Namespace,
        name="serviceaccount-controller",
        watches=[
            Watch(
                core_v1.ServiceAccount,
                to=_its_namespace,
                fields=f"metadata.name={ACCOUNT}",
            )
        ],
    )
    async def give(namespace: core_v1.Namespace, ctx: Context) -> None:
        name = namespace.metadata.name
        if ctx.find(core_v1.ServiceAccount, ACCOUNT, namespace=name) is None:
            meta = ObjectMeta(name=ACCOUNT, namespace=name)
            await _create(core_v1.ServiceAccount(metadata=meta), ctx)

    return give


def root_certificates(ca: str) -> KindController[core_v1.Namespace]:
    """Return the controller that publishes the root CA in each namespace.

    Args:
        ca: The certificates, PEM; "" where the server has none.
    """
    data = {"ca.crt": ca}

    @controller(
        core_v1.Namespace,
        name="root-ca-certificate-publisher-controller",
        watches=[
            Watch(
                core_v1.ConfigMap,
                to=_its_namespace,
                fields=f"metadata.name={CERTIFICATE}",
            )
        ],
    )
    async def publish(namespace: core_v1.Namespace, ctx: Context) -> None:
        name = namespace.metadata.name
        found = ctx.find(core_v1.ConfigMap, CERTIFICATE, namespace=name)
        if found is None:
            meta = ObjectMeta(
                name=CERTIFICATE, namespace=name, annotations={_DESCRIPTION: _TEXT}
            )
            await _create(core_v1.ConfigMap(metadata=meta, data=data), ctx)
        elif found.data != data or not found.metadata.annotations.get(_DESCRIPTION):
            found.data = data
            found.metadata.annotations[_DESCRIPTION] = _TEXT
            await ctx.update(found)

    return publish


async def _create(item: Object, ctx: Context) -> None:
    try:
        await ctx.create(item)
    except (AlreadyExistsError, NotFoundError):
        return  # a user was quicker, or the namespace went meanwhile
    except ApiError as error:
        if not error.is_namespace_terminating:
            raise
