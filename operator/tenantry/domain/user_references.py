"""What a User may name: roles, groups, levels, scopes, attributes and preferences that its workgroups define."""

from collections.abc import Iterator

from tenantry.domain.attribute import attribute_fault
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal, choices
from tenantry.domain.user_context import Entry, UserContext
from tenantry.domain.user_member import levels_by_spec
from tenantry.specs import WorkgroupSpec
from tenantry.specs.workgroup_access import EVERY_MODULE, Access
from tenantry.specs.workgroup_profile import AttributeDefinition, AttributeFormat, PreferenceDefinition


def check_roles(ctx: UserContext) -> Iterator[Refusal]:
    """Every role is defined and is for the license type."""
    license_type = ctx.spec.license.type if ctx.spec.license else None
    for entry in ctx.entries:
        name = entry.role
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


def check_groups(ctx: UserContext) -> Iterator[Refusal]:
    """Every group is defined."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for index, name in enumerate(entry.membership.groups):
            if name not in entry.policy.spec.groups_by_name:
                known = choices(entry.policy.spec.groups_by_name)
                yield _unknown(Reason.GROUP_NOT_FOUND, entry, f"groups[{index}]", "group", name, known)


def check_access(ctx: UserContext) -> Iterator[Refusal]:
    """Levels of one's own go with a customizable role, to modules and levels that exist (IT-09)."""
    for entry in ctx.entries:
        if entry.policy is None or not entry.membership.access:
            continue
        role = entry.policy.spec.roles_by_name.get(entry.role or "")
        if (role is not None and not role.customizable) or entry.role is None:
            able = choices(r.name for r in entry.policy.spec.roles if r.customizable)
            yield Refusal(
                Reason.ROLE_NOT_CUSTOMIZABLE,
                f"{entry.field}.access",
                f'role "{entry.role or ""}" takes no levels of its own; of roles that do, {able}',
            )
        for index, access in enumerate(entry.membership.access):
            yield from _check_level(entry, entry.policy.spec, index, access)


def _check_level(entry: Entry, policy: WorkgroupSpec, index: int, access: Access) -> Iterator[Refusal]:
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


def check_notifications(ctx: UserContext) -> Iterator[Refusal]:
    """Every notification is defined (IT-08)."""
    for entry in ctx.entries:
        if entry.policy is None:
            continue
        for index, name in enumerate(entry.membership.notifications):
            if name not in entry.policy.spec.notifications_by_name:
                known = choices(entry.policy.spec.notifications_by_name)
                field = f"notifications[{index}]"
                yield _unknown(Reason.NOTIFICATION_NOT_FOUND, entry, field, "notification", name, known)


def check_default_module(ctx: UserContext) -> Iterator[Refusal]:
    """The module that a log-in opens is one that the account has access to (IT-06)."""
    for entry in ctx.entries:
        name = entry.membership.default_module
        if entry.policy is None or name is None:
            continue
        levels = levels_by_spec(ctx, entry)
        if name not in levels:
            known = choices(entry.policy.spec.modules_by_name)
            yield _unknown(Reason.MODULE_NOT_FOUND, entry, "defaultModule", "module", name, known)
        elif not levels[name].is_open:
            yield Refusal(
                Reason.MODULE_NOT_ACCESSIBLE,
                f"{entry.field}.defaultModule",
                f'the account has level "{levels[name].name}" in module "{name}"; '
                f"of those it can open, {choices(n for n, level in levels.items() if level.is_open)}",
            )


def check_carrier(ctx: UserContext) -> Iterator[Refusal]:
    """The mobile provider is one of those that a workgroup has (IT-05)."""
    carrier = ctx.spec.text_alerts.carrier if ctx.spec.text_alerts is not None else None
    known = list(dict.fromkeys(name for policy in ctx.policies for name in policy.text_alerts.carriers))
    if carrier is not None and carrier not in known and ctx.knows_all_policies:
        message = f'carrier "{carrier}" is not one of the workgroups\'; {choices(known)}'
        yield Refusal(Reason.CARRIER_NOT_FOUND, "spec.textAlerts.carrier", message)


def check_scopes_of_modules(ctx: UserContext) -> Iterator[Refusal]:
    """Values of a module's scope go with access to the module; required ones go with every access (IT-12)."""
    for entry in ctx.entries:
        if entry.policy is None or not entry.is_member or not entry.policy.spec.scopes:
            continue
        levels = levels_by_spec(ctx, entry)
        given = {scope.name: index for index, scope in enumerate(entry.membership.scopes)}
        for scope in entry.policy.spec.scopes:
            level = levels.get(scope.module or "")
            is_open = level is None or level.is_open
            if scope.name in given and level is not None and not is_open:
                yield Refusal(
                    Reason.SCOPE_NOT_APPLICABLE,
                    f"{entry.field}.scopes[{given[scope.name]}]",
                    f'scope "{scope.name}" goes with access to module "{scope.module}", where the account has level '
                    f'"{level.name}"; remove it, or give access',
                )
            elif scope.required and is_open and scope.name not in given:
                reach = f' with level "{level.name}" in module "{scope.module}"' if level is not None else ""
                yield Refusal(
                    Reason.SCOPE_REQUIRED,
                    f"{entry.field}.scopes",
                    f'a member{reach} needs at least one value of scope "{scope.name}"; {choices(scope.values)}',
                )


def check_scopes(ctx: UserContext) -> Iterator[Refusal]:
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


def check_attributes(ctx: UserContext) -> Iterator[Refusal]:
    """Every attribute is defined and of its format; the required ones are there; sequences are not set."""
    defined = definitions_of_attributes(ctx)
    for index, given in enumerate(ctx.spec.attributes):
        field = f"spec.attributes[{index}]"
        definition = defined.get(given.name)
        if definition is None:
            if ctx.knows_all_policies:
                message = f'attribute "{given.name}" is not defined; {choices(defined)}'
                yield Refusal(Reason.ATTRIBUTE_NOT_FOUND, f"{field}.name", message)
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


def check_preferences(ctx: UserContext) -> Iterator[Refusal]:
    """Every preference is defined and its value is one of the list (TT-08)."""
    defined = definitions_of_preferences(ctx)
    for index, given in enumerate(ctx.spec.preferences):
        field = f"spec.preferences[{index}]"
        definition = defined.get(given.name)
        if definition is None:
            if ctx.knows_all_policies:
                message = f'preference "{given.name}" is not defined; {choices(defined)}'
                yield Refusal(Reason.PREFERENCE_NOT_FOUND, f"{field}.name", message)
        elif given.value not in definition.values:
            yield Refusal(
                Reason.PREFERENCE_INVALID,
                f"{field}.value",
                f'preference "{given.name}" has no value "{given.value}"; {choices(definition.values)}',
            )
