"""The rules that a User must satisfy, in the order in which their refusals are told.

Each rule is a function of the context that yields refusals; RULES is the whole book. What can only be decided by
counting (seats, limits, holders) is in ``seating``.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tenantry.domain.account import Manager
from tenantry.domain.act import check_acts
from tenantry.domain.login import is_email, login_fault, login_key
from tenantry.domain.onboarding import check_lapse
from tenantry.domain.password import PASSWORD_FIELD, check_password, password_policy, takes_password
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices, pool_goes
from tenantry.domain.seating import takes_more
from tenantry.domain.secret import is_from
from tenantry.domain.user_context import UserContext
from tenantry.domain.user_email import check_email_login
from tenantry.domain.user_holdings import check_holdings, check_offboarding
from tenantry.domain.user_profile import with_defaults
from tenantry.domain.user_references import (
    check_access,
    check_attributes,
    check_carrier,
    check_default_module,
    check_groups,
    check_notifications,
    check_preferences,
    check_roles,
    check_scopes,
    check_scopes_of_modules,
)
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.user import OnExisting
from tenantry.specs.workgroup_deletion import DeletionMode
from tenantry.specs.workgroup_login import LoginFormat, OnboardingMode
from tenantry.specs.workgroup_profile import ProfileField

Refusals: TypeAlias = Iterator[Refusal]
Rule: TypeAlias = Callable[[UserContext], Refusals]


def check_workgroups_exist(ctx: UserContext) -> Refusals:
    """Every workgroup is there, and takes new accounts unless this one is in it already."""
    for entry in ctx.entries:
        name = entry.membership.workgroup_ref
        if entry.policy is None:
            yield Refusal(
                Reason.WORKGROUP_NOT_FOUND,
                f"{entry.field}.workgroupRef",
                f'Workgroup "{name}" does not exist; create it, or correct the name',
            )
        elif entry.policy.deleting and (ctx.account is None or ctx.account.member_of(name) is None):
            yield Refusal(
                Reason.WORKGROUP_DELETING,
                f"{entry.field}.workgroupRef",
                f'Workgroup "{name}" is being deleted and takes no new account; name another',
            )


def check_pool_exists(ctx: UserContext) -> Refusals:
    """The workgroups' pool is there."""
    if ctx.pool_name is not None and ctx.pool is None:
        yield Refusal(
            Reason.LICENSE_POOL_NOT_FOUND,
            "spec.workgroups",
            f'LicensePool "{ctx.pool_name}" does not exist; create it, or make another Workgroup',
        )


def check_policies_agree(ctx: UserContext) -> Refusals:
    """The workgroups of one account agree on pool, deletion, attributes and preferences (decision 1)."""
    for entry in ctx.entries[1:]:
        for earlier in ctx.entries[: entry.index]:
            if entry.policy is None or earlier.policy is None:
                continue
            what = _disagreement(earlier.policy.spec, entry.policy.spec)
            if what is not None:
                yield Refusal(
                    Reason.POLICY_CONFLICT,
                    f"{entry.field}.workgroupRef",
                    f'Workgroups "{earlier.policy.name}" and "{entry.policy.name}" differ in {what}; '
                    "one account cannot be in both",
                )
                return


def _disagreement(one: WorkgroupSpec, other: WorkgroupSpec) -> str | None:
    if one.license_pool_ref and other.license_pool_ref and one.license_pool_ref != other.license_pool_ref:
        return "licensePoolRef"
    if one.deletion.mode != other.deletion.mode:
        return "deletion.mode"
    if one.onboarding.mode != other.onboarding.mode:
        return "onboarding.mode"
    attributes = {a.name: a for a in one.attributes}
    for attribute in other.attributes:
        if attributes.get(attribute.name, attribute) != attribute:
            return f"attribute {attribute.name}"
    preferences = {p.name: p for p in one.preferences}
    for preference in other.preferences:
        if preferences.get(preference.name, preference) != preference:
            return f"preference {preference.name}"
    return None


def check_login_form(ctx: UserContext) -> Refusals:
    """The userName is a login, and of the form that every workgroup asks for (NR-09, TH-14)."""
    name = ctx.spec.user_name
    fault = login_fault(name)
    if fault is not None:
        yield Refusal(Reason.LOGIN_INVALID, "spec.userName", f"the userName {fault}")
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        login = entry.policy.spec.login
        if len(name) > login.max_length:
            yield Refusal(
                Reason.LOGIN_INVALID,
                "spec.userName",
                f'"{name}" has {len(name)} characters; Workgroup "{entry.policy.name}" accepts {login.max_length}',
            )
        if login.format is LoginFormat.EMAIL and not is_email(name):
            yield Refusal(
                Reason.LOGIN_INVALID,
                "spec.userName",
                f'"{name}" is not an email address, which Workgroup "{entry.policy.name}" asks for',
            )


def check_no_system_user(ctx: UserContext) -> Refusals:
    """No User takes the name of a system user (NR-07)."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        if any(login_key(system.user_name) == ctx.key for system in entry.policy.spec.system_users):
            yield Refusal(
                Reason.LOGIN_RESERVED,
                "spec.userName",
                f'"{ctx.spec.user_name}" is a system user of Workgroup "{entry.policy.name}"; choose another userName',
            )


def check_profile(ctx: UserContext) -> Refusals:
    """Every field that a workgroup requires is there, by the spec or by default (NR-09, IT-02, IT-04)."""
    spec = with_defaults(ctx.spec, ctx.policies)
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for required in entry.policy.spec.profile.required:
            if required is ProfileField.PASSWORD and not takes_password(entry.policy.spec):
                continue  # the directory has it (NR-12)
            if not (_has_password(ctx) if required is ProfileField.PASSWORD else _has(spec, required)):
                yield Refusal(
                    Reason.PROFILE_INCOMPLETE,
                    f"spec.{required}",
                    f'Workgroup "{entry.policy.name}" requires this field; add it',
                )


def missing_fields(spec: UserSpec, policy: WorkgroupSpec) -> list[ProfileField]:
    """Return the fields of the profile that a workgroup requires and that are not there."""
    required = (field for field in policy.profile.required if field is not ProfileField.PASSWORD)
    return [field for field in required if not _has(spec, field)]


def _has_password(ctx: UserContext) -> bool:
    """Tell whether there is a password, or where one comes from. Who is invited by the runtime API brings it along."""
    if ctx.user.manager is not Manager.API:
        return ctx.spec.password_ref is not None
    comes = any(policy.onboarding.mode is not OnboardingMode.PROVISIONED for policy in ctx.policies)
    return comes or ctx.offer is not None or (ctx.account is not None and ctx.account.password is not None)


def _has(spec: UserSpec, required: ProfileField) -> bool:
    """Tell whether the field has a value; of a list, whether any entry has one."""
    found: list[object] = [spec]
    for step in required.split("."):
        name = _SNAKE[step]
        found = [getattr(item, name) for item in found]
        found = [x for item in found for x in (item if isinstance(item, tuple) else (item,))]
    return any(item is not None and item != "" for item in found)


_SNAKE = {
    step: "".join(f"_{c.lower()}" if c.isupper() else c for c in step) for f in ProfileField for step in f.split(".")
}


def check_license(ctx: UserContext) -> Refusals:
    """A license needs a pool that sells it; a pool that is going seats nobody new; the plan has accounts (TH-22)."""
    if ctx.spec.license is not None and ctx.pool_name is None and ctx.knows_all_policies:
        yield Refusal(
            Reason.LICENSE_NOT_APPLICABLE,
            "spec.license",
            "no workgroup of this account has a licensePoolRef; remove the license",
        )
    if ctx.pool is None:
        return
    newcomer = ctx.account is None or not ctx.account.in_force
    if ctx.pool.deleting and (newcomer or takes_more(ctx)):
        yield Refusal(
            Reason.LICENSE_POOL_DELETING,
            "spec.workgroups",
            pool_goes(ctx.pool.name),
        )
    plan = ctx.pool.spec.plan
    if newcomer and plan is not None and not plan.multiple_accounts:
        yield Refusal(
            Reason.PLAN_FORBIDS_ACCOUNTS,
            "spec.workgroups",
            f'plan "{plan.name}" of LicensePool "{ctx.pool.name}" has no accounts beside the subscriber\'s; '
            "change the plan",
        )


def check_roles_in_plan(ctx: UserContext) -> Refusals:
    """In a pool with limits every role of its workgroups is in a limit or free (design §2, LicensePool).

    A role that no workgroup defines has its refusal already.
    """
    if ctx.pool is None or not ctx.pool.spec.limits:
        return
    pool = ctx.pool.spec
    sold = {(r.workgroup_ref, r.role) for limit in pool.limits for r in limit.consumed_by}
    sold |= {(r.workgroup_ref, r.role) for r in pool.free_roles}
    for entry in ctx.entries:
        role = entry.role
        counted = entry.is_member and entry.policy is not None and entry.policy.spec.license_pool_ref is not None
        defined = role is None or entry.policy is None or role in entry.policy.spec.roles_by_name
        if counted and defined and (entry.membership.workgroup_ref, role) not in sold:
            known = choices(sorted(r for w, r in sold if w == entry.membership.workgroup_ref))
            has = (
                f'has role "{role}" in no limit and not as a free role'
                if role
                else "has limits, and the membership names no role"
            )
            yield Refusal(
                Reason.ROLE_NOT_IN_PLAN,
                f"{entry.field}.role",
                f'LicensePool "{ctx.pool.name}" {has}; {known}',
            )


def check_login_free(ctx: UserContext) -> Refusals:
    """The login is nobody else's, alive or buried (NR-13, IT-19)."""
    other = ctx.snapshot.logins.get(ctx.key)
    if other is None or (ctx.account is not None and other.id == ctx.account.id):
        return
    if other.tombstone is None:
        owner = ctx.snapshot.owners.get(other.id)
        holder = f'User "{owner}"' if owner else f"account {other.id}"
        yield Refusal(
            Reason.LOGIN_TAKEN, "spec.userName", f'"{ctx.spec.user_name}" is the login of {holder}; choose another'
        )
    elif other.tombstone.mode is not DeletionMode.RESTORABLE:
        yield Refusal(
            Reason.LOGIN_RESERVED,
            "spec.userName",
            f'"{ctx.spec.user_name}" belonged to a deleted account and can never be used again; choose another',
        )
    elif ctx.spec.on_existing is not OnExisting.RESTORE:
        yield Refusal(
            Reason.LOGIN_DELETED,
            "spec.userName",
            f'"{ctx.spec.user_name}" belonged to an account that was deleted; '
            "set spec.onExisting: Restore to bring it back, or choose another userName",
        )
    elif not ctx.spec.active:
        yield _restore_of_inactive()


def check_former_memberships(ctx: UserContext) -> Refusals:
    """A membership that was deleted comes back only by a restore, while the account is active (NR-25, NR-26)."""
    if ctx.account is None:
        return
    for entry in ctx.entries:
        name = entry.membership.workgroup_ref
        if not entry.is_member or entry.policy is None or name not in ctx.account.former_workgroups:
            continue
        if entry.policy.spec.deletion.mode is DeletionMode.PERMANENT_RESERVED:
            yield Refusal(
                Reason.LOGIN_RESERVED,
                f"{entry.field}.workgroupRef",
                f'this login was deleted from Workgroup "{name}" and can never be used there again',
            )
        elif ctx.spec.on_existing is not OnExisting.RESTORE:
            yield Refusal(
                Reason.MEMBERSHIP_DELETED,
                f"{entry.field}.workgroupRef",
                f'this account was deleted from Workgroup "{name}"; set spec.onExisting: Restore to bring it back',
            )
        elif not ctx.spec.active:
            yield _restore_of_inactive()


def _restore_of_inactive() -> Refusal:
    return Refusal(
        Reason.RESTORE_NOT_ALLOWED, "spec.active", "only an active account can be restored; set active: true"
    )


def check_password_offer(ctx: UserContext) -> Refusals:
    """The Secret is there and holds a password by the policy of every workgroup that takes one."""
    offer = ctx.offer
    ref = ctx.spec.password_ref
    if (ref is None and offer is None) or not ctx.policies:
        return
    policies = [policy for policy in ctx.policies if takes_password(policy)]
    if not policies:
        if ctx.knows_all_policies:
            message = "every workgroup of this account compares passwords in a directory; remove it"
            yield Refusal(Reason.PASSWORD_NOT_APPLICABLE, PASSWORD_FIELD, message)
        return
    if offer is None:
        present = ctx.account.password if ctx.account is not None else None
        if ref is not None and (present is None or not is_from(present.source, ref)):
            message = f'Secret "{ref.name}" has not been read yet'
            yield Refusal(Reason.SECRET_NOT_FOUND, "spec.password.secretKeyRef.name", message)
        return
    refusal = check_password(offer, password_policy(ctx.spec, policies), ref)
    if refusal is not None:
        yield refusal


RULES: tuple[Rule, ...] = (
    check_lapse,
    check_workgroups_exist,
    check_pool_exists,
    check_policies_agree,
    check_login_form,
    check_no_system_user,
    check_login_free,
    check_email_login,
    check_roles,
    check_groups,
    check_access,
    check_scopes,
    check_scopes_of_modules,
    check_notifications,
    check_default_module,
    check_carrier,
    check_attributes,
    check_preferences,
    check_profile,
    check_license,
    check_roles_in_plan,
    check_former_memberships,
    check_offboarding,
    check_holdings,
    check_acts,
    check_password_offer,
)


def check_user(ctx: UserContext) -> list[Refusal]:
    """Return every refusal of this User, the most telling first."""
    return [refusal for rule in RULES for refusal in rule(ctx)]
