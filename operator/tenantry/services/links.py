"""The links that people were mailed: what one opens, once, and only for the address that it went to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenantry.domain.account import Account
from tenantry.domain.login import login_key
from tenantry.domain.mail import Purpose, address_to_verify, kind_of
from tenantry.domain.onboarding import check_acceptance
from tenantry.domain.password import password_policy, takes_password
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.services.acts import Act
from tenantry.services.observed import observe
from tenantry.services.tokens import token_hash
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.workgroup_login import PasswordPolicy
from tenantry.store import Connection
from tenantry.store.account import load_by_id
from tenantry.store.outbox import load_link, load_queued, newest_link
from tenantry.store.policy import load_policies
from tenantry.store.resource import load_resources

NOT_VALID = Refusal(
    Reason.LINK_INVALID, "token", "the link was used, replaced by a newer one, or ran out; ask for another mail"
)
#: Who asks again within this time has the mail already: nobody's mailbox is filled by asking.
_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Person:
    """An account with what its person may do about it: the spec and the policies it is held to."""

    account: Account
    spec: UserSpec | None
    policies: Sequence[WorkgroupSpec]

    @property
    def password_policy(self) -> PasswordPolicy | None:
        """Return what a password of the account must be; None where no workgroup takes one."""
        taking = [policy for policy in self.policies if takes_password(policy)]
        return password_policy(self.spec, taking) if taking else None


def person_of(connection: Connection, tenant_id: int, account: Account) -> Person:
    """Return an account with its spec and policies."""
    uid = account.resource_uid or ""
    row = load_resources(connection, [uid]).get(uid)
    spec = observe(row, "").spec if row is not None else None
    workgroups = load_policies(connection, tenant_id).workgroups
    asked = [m.workgroup_ref for m in spec.workgroups] if isinstance(spec, UserSpec) else []
    names = [member.workgroup for member in account.members] or asked
    policies = [workgroups[name].spec for name in names if name in workgroups]
    return Person(account, spec if isinstance(spec, UserSpec) else None, policies)


def follow(connection: Connection, tenant_id: int, token: str, purpose: Purpose, now: datetime) -> Person | Refusal:
    """Return whose link it is and what is known of them, or why it opens nothing."""
    link = load_link(connection, tenant_id, token_hash(token))
    if link is None or link.purpose is not purpose:
        return NOT_VALID
    account = next(iter(load_by_id(connection, [link.account_id], tenant_id)), None)
    if account is None or account.tombstone is not None:
        return NOT_VALID
    if login_key(_bound_to(account, purpose)) != login_key(link.address):
        return NOT_VALID
    person = person_of(connection, tenant_id, account)
    if purpose is Purpose.ACCEPT and (refusal := check_acceptance(account, now)) is not None:
        return refusal
    return person if now < link.expires else NOT_VALID


def _bound_to(account: Account, purpose: Purpose) -> str:
    match purpose:
        case Purpose.ACCEPT:
            return account.onboarding.invited_address
        case Purpose.VERIFY:
            return address_to_verify(account)
        case Purpose.RESET:
            return account.serving_address


def mailed_lately(act: Act, account: Account, purpose: Purpose, lasts: timedelta) -> bool:
    """Tell whether a link for this purpose went to the account within the last minute, or is about to.

    ``lasts`` is how long such a link is good from when it is mailed.
    """
    link = newest_link(act.connection, account.id, purpose)
    # Far beyond that it was mailed by a clock that was ahead: it is no reason to mail no other until then.
    fresh = link is not None and abs(link.expires - act.now - lasts) < _AGAIN
    return fresh or bool(load_queued(act.connection, account.id, kind_of(purpose)))
