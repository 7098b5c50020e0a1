"""One User with all that its rules look at."""

from dataclasses import dataclass
from functools import cached_property

from tenantry.domain.account import Account, Manager
from tenantry.domain.login import login_key
from tenantry.domain.mailbox import Mailbox
from tenantry.domain.observed import Observed
from tenantry.domain.password import PasswordOffer, current
from tenantry.domain.snapshot import PoolPolicy, Snapshot, WorkgroupPolicy
from tenantry.domain.user_profile import Profile, plan_profile
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.licensepool import LicenseType
from tenantry.specs.user_membership import Membership, MembershipKind


@dataclass(frozen=True)
class Entry:
    """One entry of spec.workgroups with its policy, which may not be there."""

    index: int
    membership: Membership
    policy: WorkgroupPolicy | None
    license_type: LicenseType | None = None

    @cached_property
    def role(self) -> str | None:
        """Return the role that is named, else the one by default for the license type, if there is one (NR-05)."""
        if self.membership.role is not None or not self.is_member or self.policy is None:
            return self.membership.role
        return self.policy.spec.role_by_default(self.license_type)

    @property
    def field(self) -> str:
        """Return the entry's path in the object."""
        return f"spec.workgroups[{self.index}]"

    @property
    def is_member(self) -> bool:
        """Tell whether the entry is a membership, not only access."""
        return self.membership.membership is MembershipKind.MEMBER


@dataclass(frozen=True)
class UserContext:
    """The User, its present account, and the policies it names."""

    user: Observed[UserSpec]
    spec: UserSpec
    snapshot: Snapshot
    account: Account | None

    @cached_property
    def key(self) -> str:
        """Return the login key."""
        return login_key(self.spec.user_name)

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Return the entries of spec.workgroups with their policies."""
        license_type = self.spec.license.type if self.spec.license is not None else None
        return tuple(
            Entry(index, membership, self.snapshot.workgroups.get(membership.workgroup_ref), license_type)
            for index, membership in enumerate(self.spec.workgroups)
        )

    @cached_property
    def policies(self) -> tuple[WorkgroupSpec, ...]:
        """Return the policies that are there."""
        return tuple(entry.policy.spec for entry in self.entries if entry.policy is not None)

    @property
    def knows_all_policies(self) -> bool:
        """Tell whether every workgroup is there: what none of these defines, one that is still missing may define."""
        return len(self.policies) == len(self.entries)

    @cached_property
    def pool_name(self) -> str | None:
        """Return the one pool of the account's workgroups (a second one is refused by a rule)."""
        return next((p.license_pool_ref for p in self.policies if p.license_pool_ref is not None), None)

    @cached_property
    def pool(self) -> PoolPolicy | None:
        """Return that pool where it is there."""
        return None if self.pool_name is None else self.snapshot.pools.get(self.pool_name)

    @cached_property
    def unlicensed(self) -> tuple[Entry, ...]:
        """Return the memberships that take a license of the pool while the account has none.

        Such an account is accepted (NR-08), but it cannot log in: nobody paid for that.
        """
        if self.spec.license is not None or self.pool is None or not self.pool.spec.licenses:
            return ()
        pool = self.pool.name
        return tuple(e for e in self.entries if e.is_member and e.policy and e.policy.spec.license_pool_ref == pool)

    @cached_property
    def offer(self) -> PasswordOffer | None:
        """Return what is offered as password, unless that changed since it was compared: then it is read again.

        A Secret offers it, or who calls the runtime API.
        """
        offered = self.spec.password_ref is not None or self.user.manager is Manager.API
        read = self.snapshot.offers.get(self.user.uid) if offered else None
        offer = read.password if read is not None else None
        present = self.account.password if self.account is not None else None
        return current(offer, present)

    @cached_property
    def mailbox(self) -> Mailbox | None:
        """Return what was found of the mailbox's Secret now, else the last time; None where nobody has looked there."""
        ref = self.spec.mailbox_ref
        if ref is None:
            return None
        read = self.snapshot.offers.get(self.user.uid)
        remembered = Mailbox.parse(self.account.mailbox) if self.account is not None else None
        some = (read.mailbox if read is not None else None, remembered)
        return next((found for found in some if found is not None and found.is_at(ref)), None)

    @cached_property
    def profile(self) -> Profile:
        """Return the person's data by the spec, the policies, and what has become the person's own."""
        return plan_profile(self.spec, self.policies, self.account)

    @cached_property
    def former(self) -> Account | None:
        """Return the tombstone under this login, or None."""
        other = self.snapshot.logins.get(self.key)
        return other if other is not None and other.tombstone is not None else None
