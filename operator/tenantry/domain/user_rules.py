"""The rules that a User must satisfy, in the order in which their refusals are told.

Each rule is a function of the context that yields refusals; RULES is the whole book. What can only be decided by
counting (seats, limits, holders) is in ``seating``.
"""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from tenantry.domain.attribute import attribute_fault
from tenantry.domain.login import is_email, login_fault, login_key
from tenantry.domain.password import check_password, strictest
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.user_context import Entry, UserContext
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.user import OnExisting
from tenantry.specs.workgroup import (
    EVERY_MODULE,
    Access,
    AttributeDefinition,
    AttributeFormat,
    DeletionMode,
    LoginFormat,
    PreferenceDefinition,
    ProfileField,
)

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
                f'Workgroup "{name}" does not exist; create it',
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
            Reason.LICENSE_POOL_NOT_FOUND, "spec.workgroups", f'LicensePool "{ctx.pool_name}" does not exist; create it'
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


def check_roles(ctx: UserContext) -> Refusals:
    """Every role is defined and is for the license type."""
    license_type = ctx.spec.license.type if ctx.spec.license else None
    for entry in ctx.entries:
        name = entry.membership.role
        if entry.policy is None or name is None:
            continue
        role = entry.policy.spec.roles_by_name.get(name)
        if role is None:
            known = choices(entry.policy.spec.roles_by_name)
            yield _unknown(Reason.ROLE_NOT_FOUND, entry, "role", "role", name, known)
        elif role.license_types and license_type not in role.license_types:
            yield Refusal(
                Reason.ROLE_NOT_FOR_LICENSE,
                f"{entry.field}.role",
                f'role "{name}" is for license types {", ".join(role.license_types)}, '
                f"not {license_type or 'an account without a license'}",
            )


def _unknown(reason: Reason, entry: Entry, field: str, what: str, name: str, known: str) -> Refusal:
    return Refusal(
        reason,
        f"{entry.field}.{field}",
        f'{what} "{name}" is not defined in Workgroup "{entry.membership.workgroup_ref}"; {known}',
    )


def check_groups(ctx: UserContext) -> Refusals:
    """Every group is defined."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for index, name in enumerate(entry.membership.groups):
            if name not in entry.policy.spec.groups_by_name:
                known = choices(entry.policy.spec.groups_by_name)
                yield _unknown(Reason.GROUP_NOT_FOUND, entry, f"groups[{index}]", "group", name, known)


def check_access(ctx: UserContext) -> Refusals:
    """Levels of one's own go with a customizable role, to modules and levels that exist (IT-09)."""
    for entry in ctx.entries:
        if entry.policy is None or not entry.membership.access:
            continue
        role = entry.policy.spec.roles_by_name.get(entry.membership.role or "")
        if (role is not None and not role.customizable) or entry.membership.role is None:
            able = choices(r.name for r in entry.policy.spec.roles if r.customizable)
            yield Refusal(
                Reason.ROLE_NOT_CUSTOMIZABLE,
                f"{entry.field}.access",
                f'role "{entry.membership.role or ""}" takes no levels of its own; of roles that do, {able}',
            )
        for index, access in enumerate(entry.membership.access):
            yield from _check_level(entry, entry.policy.spec, index, access)


def _check_level(entry: Entry, policy: WorkgroupSpec, index: int, access: Access) -> Refusals:
    modules = policy.modules if access.module == EVERY_MODULE else (policy.modules_by_name.get(access.module),)
    if modules == (None,):
        known = choices(policy.modules_by_name)
        yield _unknown(Reason.MODULE_NOT_FOUND, entry, f"access[{index}].module", "module", access.module, known)
    elif not any(module is not None and module.level_named(access.level) for module in modules):
        levels = dict.fromkeys(level.name for module in modules if module is not None for level in module.levels)
        yield Refusal(
            Reason.LEVEL_NOT_FOUND,
            f"{entry.field}.access[{index}].level",
            f'module "{access.module}" has no level "{access.level}"; {choices(levels)}',
        )


def check_scopes(ctx: UserContext) -> Refusals:
    """Every scope and each of its values is defined."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for index, given in enumerate(entry.membership.scopes):
            scope = entry.policy.spec.scopes_by_name.get(given.name)
            if scope is None:
                known = choices(entry.policy.spec.scopes_by_name)
                yield _unknown(Reason.SCOPE_NOT_FOUND, entry, f"scopes[{index}].name", "scope", given.name, known)
                continue
            for value in given.values:
                if value not in scope.values and not (value == EVERY_MODULE and scope.allow_all):
                    yield Refusal(
                        Reason.SCOPE_VALUE_NOT_FOUND,
                        f"{entry.field}.scopes[{index}].values",
                        f'scope "{given.name}" has no value "{value}"; {choices(scope.values)}',
                    )


def definitions_of_attributes(ctx: UserContext) -> dict[str, AttributeDefinition]:
    """Return the attributes that the account's workgroups define; they agree (see check_policies_agree)."""
    return {a.name: a for policy in ctx.policies for a in policy.attributes}


def definitions_of_preferences(ctx: UserContext) -> dict[str, PreferenceDefinition]:
    """Return the preferences that the account's workgroups define; they agree."""
    return {p.name: p for policy in ctx.policies for p in policy.preferences}


def check_attributes(ctx: UserContext) -> Refusals:
    """Every attribute is defined and of its format; the required ones are there; sequences are not set."""
    defined = definitions_of_attributes(ctx)
    for index, given in enumerate(ctx.spec.attributes):
        field = f"spec.attributes[{index}]"
        definition = defined.get(given.name)
        if definition is None:
            yield Refusal(
                Reason.ATTRIBUTE_NOT_FOUND,
                f"{field}.name",
                f'attribute "{given.name}" is not defined; {choices(defined)}',
            )
            continue
        fault = attribute_fault(definition, given.value)
        if fault is not None:
            yield Refusal(Reason.ATTRIBUTE_INVALID, f"{field}.value", f'attribute "{given.name}": {fault}')
    named = {given.name for given in ctx.spec.attributes}
    for definition in defined.values():
        if definition.required and definition.format is not AttributeFormat.SEQUENCE and definition.name not in named:
            yield Refusal(
                Reason.PROFILE_INCOMPLETE, "spec.attributes", f'attribute "{definition.name}" is required; add it'
            )


def check_preferences(ctx: UserContext) -> Refusals:
    """Every preference is defined and its value is one of the list (TT-08)."""
    defined = definitions_of_preferences(ctx)
    for index, given in enumerate(ctx.spec.preferences):
        field = f"spec.preferences[{index}]"
        definition = defined.get(given.name)
        if definition is None:
            yield Refusal(
                Reason.PREFERENCE_NOT_FOUND,
                f"{field}.name",
                f'preference "{given.name}" is not defined; {choices(defined)}',
            )
        elif given.value not in definition.values:
            yield Refusal(
                Reason.PREFERENCE_INVALID,
                f"{field}.value",
                f'preference "{given.name}" has no value "{given.value}"; {choices(definition.values)}',
            )


def check_profile(ctx: UserContext) -> Refusals:
    """Every field that a workgroup requires is there (NR-09)."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for required in entry.policy.spec.profile.required:
            if not _has(ctx.spec, required):
                yield Refusal(
                    Reason.PROFILE_INCOMPLETE,
                    f"spec.{required}",
                    f'Workgroup "{entry.policy.name}" requires this field; add it',
                )


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
    if ctx.spec.license is not None and ctx.pool_name is None and len(ctx.policies) == len(ctx.entries):
        yield Refusal(
            Reason.LICENSE_NOT_APPLICABLE,
            "spec.license",
            "no workgroup of this account has a licensePoolRef; remove the license",
        )
    if ctx.pool is None or (ctx.account is not None and ctx.account.in_force):
        return
    if ctx.pool.deleting:
        yield Refusal(
            Reason.LICENSE_POOL_DELETING,
            "spec.workgroups",
            f'LicensePool "{ctx.pool.name}" is being deleted and grants nothing new',
        )
    plan = ctx.pool.spec.plan
    if plan is not None and not plan.multiple_accounts:
        yield Refusal(
            Reason.PLAN_FORBIDS_ACCOUNTS,
            "spec.workgroups",
            f'plan "{plan.name}" of LicensePool "{ctx.pool.name}" has no accounts beside the subscriber\'s; '
            "change the plan",
        )


def check_roles_in_plan(ctx: UserContext) -> Refusals:
    """In a pool with limits every role is in a limit or free (design §2, LicensePool)."""
    if ctx.pool is None or not ctx.pool.spec.limits:
        return
    pool = ctx.pool.spec
    sold = {(r.workgroup_ref, r.role) for limit in pool.limits for r in limit.consumed_by}
    sold |= {(r.workgroup_ref, r.role) for r in pool.free_roles}
    for entry in ctx.entries:
        role = entry.membership.role
        if entry.is_member and (entry.membership.workgroup_ref, role) not in sold:
            known = choices(sorted(r for w, r in sold if w == entry.membership.workgroup_ref))
            yield Refusal(
                Reason.ROLE_NOT_IN_PLAN,
                f"{entry.field}.role",
                f'LicensePool "{ctx.pool.name}" has role "{role or ""}" in no limit and not among its free roles; {known}',
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
            "set onExisting: Restore to bring it back, or choose another userName",
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
                f'this account was deleted from Workgroup "{name}"; set onExisting: Restore to bring it back',
            )
        elif not ctx.spec.active:
            yield _restore_of_inactive()


def _restore_of_inactive() -> Refusal:
    return Refusal(
        Reason.RESTORE_NOT_ALLOWED, "spec.active", "only an active account can be restored; set active: true"
    )


def check_password_offer(ctx: UserContext) -> Refusals:
    """The Secret is there and holds a password by the policy of every workgroup."""
    offer = ctx.snapshot.passwords.get(ctx.user.uid)
    if ctx.spec.password is None or not ctx.policies:
        return
    ref = ctx.spec.password.secret_key_ref
    if offer is None:
        if ctx.account is None or ctx.account.password is None:
            message = f'Secret "{ref.name}" has not been read yet'
            yield Refusal(Reason.SECRET_NOT_FOUND, "spec.password.secretKeyRef.name", message)
        return
    refusal = check_password(offer, strictest([p.password for p in ctx.policies]), ref.name, ref.key)
    if refusal is not None:
        yield refusal


RULES: tuple[Rule, ...] = (
    check_workgroups_exist,
    check_pool_exists,
    check_policies_agree,
    check_login_form,
    check_no_system_user,
    check_login_free,
    check_roles,
    check_groups,
    check_access,
    check_scopes,
    check_attributes,
    check_preferences,
    check_profile,
    check_license,
    check_roles_in_plan,
    check_former_memberships,
    check_password_offer,
)


def check_user(ctx: UserContext) -> list[Refusal]:
    """Return every refusal of this User, the most telling first."""
    return [refusal for rule in RULES for refusal in rule(ctx)]
