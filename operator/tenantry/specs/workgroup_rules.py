"""What the API server asks of a Workgroup as a whole: rules across its fields, in CEL."""

from tenantry.specs.base import JsonSchema, cel, rules

_POOL_STAYS = cel(
    "has(self.licensePoolRef) == has(oldSelf.licensePoolRef)",
    "licensePoolRef cannot be added or removed; make another Workgroup",
    ".licensePoolRef",
)
#: Naming the culprit by a messageExpression is a hundred times over the cost budget of the API server.
_LEVELS_EXIST = (
    "!has(self.{0}) || self.{0}.all(x, !has(x.access) || x.access.all(a, a.module == '*' && a.level == 'Highest' || "
    "has(self.modules) && self.modules.exists(m, (a.module == '*' || m.name == a.module) && "
    "(a.level == 'Highest' || m.levels.exists(l, l.name == a.level)))))"
)
_SYSTEM_ROLES_EXIST = cel(
    "!has(self.systemUsers) || self.systemUsers.all(u, "
    "!has(u.role) || has(self.roles) && self.roles.exists(r, r.name == u.role))",
    "systemUsers[].role names a role that roles[] does not define",
    ".systemUsers",
)
_SYSTEM_GROUPS_EXIST = cel(
    "!has(self.systemUsers) || self.systemUsers.all(u, "
    "!has(u.groups) || u.groups.all(n, has(self.groups) && self.groups.exists(g, g.name == n)))",
    "systemUsers[].groups names a group that groups[] does not define",
    ".systemUsers",
)


def _levels_exist(field: str) -> JsonSchema:
    """Return the rule that roles or groups give access only to modules and levels that are defined here."""
    message = f"{field}[].access names a module or level that modules[] does not define"
    return cel(_LEVELS_EXIST.format(field), message, f".{field}")


WORKGROUP_RULES = rules(
    _POOL_STAYS, _levels_exist("roles"), _levels_exist("groups"), _SYSTEM_ROLES_EXIST, _SYSTEM_GROUPS_EXIST
)
