"""What Kubernetes lets the operator do, asked for a whole namespace at once.

A request that is refused says so where it fails: in the condition of its object. But a
kind that may not be listed has no objects to say it in, and events are sent behind
everybody's back. So the operator asks what it may, and says what it lacks.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import final

from homeostat import Context, Rule
from homeostat.errors import ApiError, TransportError
from homeostat.k8s import authorization_v1
from homeostat.k8s.authorization_v1 import ResourceRule


def lacking(rules: Sequence[Rule], granted: Sequence[ResourceRule]) -> str:
    """Return which verbs on which resources are not granted, "" for none. Pure.

    Args:
        rules: What is needed; a rule for named objects counts as met.
        granted: What the user may do; what is granted for some names only is not
            granted.
    """
    lacks: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        if rule.names:  # of no namespace, and nothing that it cannot do without
            continue
        for resource in rule.resources:
            verbs = lacks.setdefault((rule.group, resource), [])
            verbs += [
                verb
                for verb in rule.verbs
                if verb not in verbs
                and not any(_covers(g, rule.group, resource, verb) for g in granted)
            ]
    return "; ".join(
        f'cannot {", ".join(verbs)} resource "{resource}" in API group "{group}"'
        for (group, resource), verbs in sorted(lacks.items())
        if verbs
    )


def _covers(granted: ResourceRule, group: str, resource: str, verb: str) -> bool:
    _, slash, subresource = resource.partition("/")
    names = {"*", resource, f"*/{subresource}"} if slash else {"*", resource}
    return (
        not granted.resource_names
        and not {"*", verb}.isdisjoint(granted.verbs)
        and not {"*", group}.isdisjoint(granted.api_groups)
        and not names.isdisjoint(granted.resources)
    )


@final
class Permissions:
    """Asks what the operator may do: once per namespace and period.

    Args:
        rules: What it needs.
        period: Seconds for which an answer holds.
    """

    def __init__(self, rules: Callable[[], Sequence[Rule]], *, period: float) -> None:
        self._rules = rules
        self._period = period
        self._asking = asyncio.Lock()
        # By namespace: until when it holds, and what is lacking.
        self._known: dict[str, tuple[float, str | None]] = {}

    async def lacking(self, ctx: Context) -> str | None:
        """Return what the operator may not do in the object's namespace.

        Returns:
            "" when it may do everything; None when nobody can say.
        """
        namespace = ctx.request.namespace
        async with self._asking:
            now = asyncio.get_running_loop().time()
            until, known = self._known.get(namespace, (now, None))
            if until > now:
                return known
            lacks = await self._ask(ctx, namespace)
            if lacks and lacks != known:
                ctx.logger.error("in namespace %s, %s", namespace, lacks)
            self._known[namespace] = (now + self._period, lacks)
            return lacks

    async def _ask(self, ctx: Context, namespace: str) -> str | None:
        review = authorization_v1.SelfSubjectRulesReview(
            spec=authorization_v1.SelfSubjectRulesReviewSpec(namespace=namespace)
        )
        try:
            status = (await ctx.client.create(review)).status
        except (ApiError, TransportError) as error:  # a cluster without it is no fault
            ctx.logger.debug("cannot ask what is permitted: %s", error)
            return None
        lacks = lacking(self._rules(), status.resource_rules)
        # An authorizer that cannot list what it grants may grant more.
        return None if lacks and status.incomplete else lacks
