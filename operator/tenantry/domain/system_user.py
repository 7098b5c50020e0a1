"""The passwords of a Workgroup's system users, from the Secrets that it names (NR-07)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tenantry.domain.account import Account, Password
from tenantry.domain.login import login_key
from tenantry.domain.password import SYSTEM_PASSWORD_FIELD, PasswordOffer, apply_offer, check_password, current
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.secret import is_from
from tenantry.domain.snapshot import Snapshot, WorkgroupPolicy
from tenantry.specs.workgroup_login import SystemUser


def check_system_passwords(
    policy: WorkgroupPolicy, present: Mapping[str, Account], snapshot: Snapshot
) -> Iterator[Refusal]:
    """Each Secret is there and holds a password by the policy. ``present`` are the accounts by login key."""
    for index, user in enumerate(policy.spec.system_users):
        account = present.get(login_key(user.user_name))
        refusal = _check(policy, user, account.password if account is not None else None, snapshot)
        if refusal is not None:
            yield replace(refusal, field=f"spec.systemUsers[{index}].{SYSTEM_PASSWORD_FIELD}")


def system_password(policy: WorkgroupPolicy, user: SystemUser, account: Account, snapshot: Snapshot) -> Password | None:
    """Return the password by the Secret; what is refused leaves the last good one. Without a Secret there is none."""
    if user.password_ref is None:
        return None
    if _check(policy, user, account.password, snapshot) is not None:
        return account.password
    return apply_offer(account.password, _offer(policy, user, account.password, snapshot), snapshot.now)


def _check(policy: WorkgroupPolicy, user: SystemUser, present: Password | None, snapshot: Snapshot) -> Refusal | None:
    ref = user.password_ref
    if ref is None:
        return None
    offer = _offer(policy, user, present, snapshot)
    if offer is not None:
        return check_password(offer, policy.spec.password, ref)
    if present is not None and is_from(present.source, ref):
        return None
    return Refusal(Reason.SECRET_NOT_FOUND, "", f'Secret "{ref.name}" has not been read yet')


def _offer(
    policy: WorkgroupPolicy, user: SystemUser, present: Password | None, snapshot: Snapshot
) -> PasswordOffer | None:
    read = snapshot.offers.get(policy.uid)
    return current(read.system.get(login_key(user.user_name)), present) if read is not None else None
