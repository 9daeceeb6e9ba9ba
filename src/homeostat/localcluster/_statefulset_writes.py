"""How the StatefulSet controller makes, mends and deletes pods and their claims.

Source: kubernetes ``pkg/controller/statefulset/stateful_pod_control.go``.
"""

from typing import final

from homeostat.controller import Context, Requeue
from homeostat.errors import AlreadyExistsError, ApiError
from homeostat.k8s import apps_v1, core_v1
from homeostat.localcluster._revisions import Revision, template_of
from homeostat.localcluster._statefulset_plan import Step
from homeostat.localcluster._statefulset_pods import (
    claims_of,
    has_other_controller,
    new_pod,
    ordinal_of,
    ordinals_of,
    partition_of,
    refit,
    retained_owners,
    waits_for_old_claim,
)

__all__ = ["Writer"]

# How soon what is in the way of a pod is looked at again, in seconds.
RETRY = 0.5


@final
class Writer:
    """Takes the steps of one reconcile of a StatefulSet.

    Args:
        owner: The StatefulSet.
        current: The revision that it has come from, or has reached.
        update: The revision of its template.
        ctx: Of the reconcile.
    """

    def __init__(
        self,
        owner: apps_v1.StatefulSet,
        current: Revision,
        update: Revision,
        ctx: Context,
    ) -> None:
        self._owner = owner
        self._current = current
        self._update = update
        self._ctx = ctx

    def is_held(self, ordinal: int) -> bool:
        """Tell whether a pod cannot be made yet: its old claims are still there."""
        return waits_for_old_claim(self._owner, ordinal, self._claims(ordinal))

    def claims_fit(self, pod: core_v1.Pod) -> bool:
        """Tell whether a pod's claims belong to whom they are to belong."""
        claims = self._claims(ordinal_of(pod))
        return all(retained_owners(c, self._owner, pod) is None for c in claims)

    async def take(self, step: Step, pod: core_v1.Pod | None) -> None:
        """Take a step.

        Args:
            step: What to do.
            pod: The pod of its ordinal, None when there is none.

        Raises:
            ApiError: The server refuses it; an event tells.
            Requeue: Something is in the way.
        """
        if pod is None:
            await self._create(self._new(step.ordinal))
        elif step.verb == "delete":
            await self._delete(pod)
        elif step.verb == "mend":
            await self._mend(pod)
        else:
            await self._make_claims(pod)
            await self._give_claims(pod)

    def _claims(self, ordinal: int) -> list[core_v1.PersistentVolumeClaim]:
        """Return the claims of an ordinal that are there."""
        wanted = claims_of(self._owner, ordinal)
        kind = core_v1.PersistentVolumeClaim
        found = [self._ctx.find(kind, claim.metadata.name) for claim in wanted]
        return [claim for claim in found if claim is not None]

    def _new(self, ordinal: int) -> core_v1.Pod:
        partition = partition_of(self._owner)
        start = ordinals_of(self._owner).start
        kept = partition is not None and ordinal < start + partition
        revision = self._current if kept else self._update
        name = revision.metadata.name
        return new_pod(self._owner, template_of(revision), name, ordinal)

    async def _create(self, pod: core_v1.Pod) -> None:
        try:
            await self._make_claims(pod)
            created = await self._ctx.create(pod, owned=True)
        except AlreadyExistsError as error:
            # Somebody else's, and no change of it need come this way.
            raise Requeue(after=RETRY, reason="the name of a pod is taken") from error
        except ApiError as error:
            if error.is_namespace_terminating:
                return
            self._tell("Create", pod, error.message)
            raise
        await self._give_claims(created)
        self._tell("Create", pod)

    async def _delete(self, pod: core_v1.Pod) -> None:
        try:
            await self._ctx.delete(pod)
        except ApiError as error:
            self._tell("Delete", pod, error.message)
            raise
        self._tell("Delete", pod)

    async def _mend(self, pod: core_v1.Pod) -> None:
        if ordinal_of(pod) not in ordinals_of(self._owner):
            await self._give_claims(pod)
            return
        try:
            await self._make_claims(pod)
            await self._give_claims(pod)
            refit(self._owner, pod)
            await self._ctx.update(pod)
        except ApiError as error:
            self._tell("Update", pod, error.message)
            raise
        self._tell("Update", pod)

    async def _make_claims(self, pod: core_v1.Pod) -> None:
        """Create the claims of a pod that are not there."""
        kind = core_v1.PersistentVolumeClaim
        for claim in claims_of(self._owner, ordinal_of(pod)):
            found = self._ctx.find(kind, claim.metadata.name)
            if found is None:
                await self._make_claim(claim, pod)
            elif found.metadata.deletion_timestamp:
                text = f"pvc {claim.metadata.name} is being deleted"
                if not pod.metadata.uid:
                    self._tell("Create", pod, text)
                raise Requeue(after=RETRY, reason=text)

    async def _make_claim(
        self, claim: core_v1.PersistentVolumeClaim, pod: core_v1.Pod
    ) -> None:
        what = f"Claim {claim.metadata.name}"
        whose = f"Pod {pod.metadata.name} in StatefulSet {self._owner.metadata.name}"
        try:
            await self._ctx.create(claim)
        except AlreadyExistsError:
            return
        except ApiError as error:
            text = f"Create {what} for {whose} failed error: {error.message}"
            self._ctx.event("FailedCreate", text, type="Warning")
            raise
        self._ctx.event("SuccessfulCreate", f"Create {what} {whose} success")

    async def _give_claims(self, pod: core_v1.Pod) -> None:
        """Give the claims of a pod to whom they are to belong."""
        for claim in self._claims(ordinal_of(pod)):
            if has_other_controller(claim, self._owner, pod):
                text = (
                    f"PersistentVolumeClaim {claim.metadata.name} has a conflicting "
                    "OwnerReference that acts as a manging controller, the retention "
                    "policy is ignored for this claim"
                )
                self._ctx.event("ConflictingController", text, type="Warning")
            owners = retained_owners(claim, self._owner, pod)
            if owners is not None:
                claim.metadata.owner_references = owners
                await self._ctx.update(claim)

    def _tell(self, what: str, pod: core_v1.Pod, failure: str = "") -> None:
        text = f"{what} Pod {pod.metadata.name} in StatefulSet "
        text += self._owner.metadata.name
        if failure:
            text += f" failed error: {failure}"
            self._ctx.event(f"Failed{what}", text, type="Warning")
        else:
            self._ctx.event(f"Successful{what}", f"{text} successful")
