"""Plan objects that no cluster has yet: what the operator would say of the files of one namespace, applied at once.

The rules are the operator's own; nothing is decided here but the order, which is that of arrival.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tenantry.domain.account import Account
from tenantry.domain.licensepool import check_roles_named, refs_of_pool
from tenantry.domain.observed import Kind, Observed
from tenantry.domain.projectmember import check_project_member
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.seating import full, judge
from tenantry.domain.secret import SecretOffer
from tenantry.domain.snapshot import Policy, Snapshot
from tenantry.domain.status import Finding
from tenantry.domain.user import plan_user
from tenantry.domain.user_context import UserContext
from tenantry.domain.user_rules import check_user
from tenantry.domain.workgroup import check_workgroup
from tenantry.specs import LicensePoolSpec, ProjectMemberSpec, UserSpec, WorkgroupSpec

#: Refusals of what may still appear: in a part of the files, no fault of the part.
MISSING = frozenset({Reason.WORKGROUP_NOT_FOUND, Reason.LICENSE_POOL_NOT_FOUND, Reason.USER_NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one object: why it is refused, and what is accepted but worth telling.

    ``unsettled`` are refusals only because an object that it names has a fault of its own.
    """

    seen: Observed[Any]
    refusals: tuple[Refusal, ...] = ()
    unsettled: tuple[Refusal, ...] = ()
    warnings: tuple[Refusal, ...] = ()


def plan_draft(
    objects: Sequence[Observed[Any]],
    now: datetime,
    *,
    offers: Mapping[str, SecretOffer],
    broken: Collection[tuple[Kind, str]] = (),
) -> list[Verdict]:
    """Plan the objects of one namespace as new ones, Users in order of arrival.

    ``offers`` has by User UID what its Secrets hold. ``broken`` are objects that are there but cannot be read.
    """
    draft = _Draft(objects, now, offers, broken)
    return [*draft.workgroups(), *draft.pools(), *draft.users(), *draft.members()]


class _Draft:
    def __init__(
        self,
        objects: Sequence[Observed[Any]],
        now: datetime,
        offers: Mapping[str, SecretOffer],
        broken: Collection[tuple[Kind, str]],
    ) -> None:
        self._objects = sorted(objects, key=lambda o: o.arrival)
        self._broken = set(broken)
        self._users = {o.name for o in objects if o.kind is Kind.USER}
        self._accounts: dict[str, Account] = {}
        self._snapshot = Snapshot(now=now, offers=dict(offers))
        for seen in self._objects:
            self._take(seen)

    def _take(self, seen: Observed[Any]) -> None:
        """Put a policy in force, and count a ProjectMember as that of its User."""
        policy: Policy[Any] = Policy(seen.name, seen.uid, seen.generation, seen.spec)
        if isinstance(seen.spec, LicensePoolSpec):
            self._snapshot.pools[seen.name] = policy
        elif isinstance(seen.spec, WorkgroupSpec):
            self._snapshot.workgroups[seen.name] = policy
        elif isinstance(seen.spec, ProjectMemberSpec):
            self._snapshot.projects.add((seen.spec.workgroup_ref, seen.spec.user_ref))

    def _of(self, kind: Kind) -> list[tuple[Observed[Any], Any]]:
        """Return the objects of a kind, each with its spec."""
        return [(o, o.spec) for o in self._objects if o.kind is kind]

    def workgroups(self) -> Iterator[Verdict]:
        for seen, _ in self._of(Kind.WORKGROUP):
            refusals = check_workgroup(self._snapshot.workgroups[seen.name], self._snapshot)
            yield self._verdict(seen, refusals)

    def pools(self) -> Iterator[Verdict]:
        for seen, spec in self._of(Kind.LICENSE_POOL):
            told = check_roles_named(spec, self._snapshot.workgroups)
            yield Verdict(seen, warnings=tuple(w for w in told if not self._is_unsettled(w, spec)))

    def users(self) -> Iterator[Verdict]:
        for seen, spec in self._of(Kind.USER):
            ctx = UserContext(seen, spec, self._snapshot, None)
            refusals = check_user(ctx)
            if not refusals:
                refusals = [full(c, self._snapshot) for c in judge(ctx, turn=False).blocked]
            plan = plan_user(seen, self._snapshot)
            if plan.after is not None:
                self._accounts[seen.name] = plan.after
                self._snapshot.owners[plan.after.id] = seen.name
            yield self._verdict(seen, refusals, () if refusals else plan.findings)

    def members(self) -> Iterator[Verdict]:
        for seen, spec in self._of(Kind.PROJECT_MEMBER):
            user = self._accounts.get(spec.user_ref)
            yield self._verdict(seen, check_project_member(spec, user, self._snapshot))

    def _verdict(self, seen: Observed[Any], refusals: Sequence[Refusal], findings: Sequence[Finding] = ()) -> Verdict:
        unsettled = tuple(r for r in refusals if self._is_unsettled(r, seen.spec))
        warnings = tuple(Refusal(f.reason, "", f.message) for f in findings if f.type != "Ready" and not f.holds)
        return Verdict(seen, tuple(r for r in refusals if r not in unsettled), unsettled, warnings)

    def _is_unsettled(self, refusal: Refusal, spec: Any) -> bool:  # noqa: ANN401 - a spec of any kind
        """Tell whether something is missing only because it has faults of its own."""
        match refusal.reason:
            case Reason.WORKGROUP_NOT_FOUND:
                return any((Kind.WORKGROUP, name) in self._broken for name in _workgroups_of(spec))
            case Reason.LICENSE_POOL_NOT_FOUND:
                return any(kind is Kind.LICENSE_POOL for kind, _ in self._broken)
            case Reason.USER_NOT_FOUND:
                user = spec.user_ref
                return (Kind.USER, user) in self._broken or user in self._users
        return False


def _workgroups_of(spec: Any) -> list[str]:  # noqa: ANN401 - a spec of any kind
    """Return the names of the Workgroups that a spec refers to."""
    if isinstance(spec, UserSpec):
        return [m.workgroup_ref for m in spec.workgroups]
    if isinstance(spec, LicensePoolSpec):
        return [ref.name for ref in refs_of_pool(spec)]
    return [spec.workgroup_ref] if isinstance(spec, ProjectMemberSpec) else []
