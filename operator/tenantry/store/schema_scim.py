"""The tables of what SCIM clients say beside what an account has."""

from sqlalchemy import Column, ForeignKey, Index, String, Table, Text

from tenantry.store.columns import UtcDateTime, metadata, tenant_column

#: What SCIM clients say of accounts beside what an account has: their own id of it, and what they ask for it instead of
#: the client's defaults. No two accounts share an id, and so a search by it reads that index first.
scim_users = Table(
    "scim_users",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    tenant_column(),
    Column("external_id", String(256)),
    Column("asked", Text, nullable=False),
    Index("ix_scim_users_tenant_external", "tenant_id", "external_id", unique=True),
)

#: Groups that SCIM clients made: ``workgroup`` is empty, and they give nothing. Beside them what clients say of groups
#: that a Workgroup defines: their own id of it.
scim_groups = Table(
    "scim_groups",
    metadata,
    Column("id", String(64), primary_key=True),
    tenant_column(),
    Column("workgroup", String(253), nullable=False),
    Column("display_name", String(256), nullable=False),
    Column("external_id", String(256)),
    Column("created", UtcDateTime, nullable=False),
    Column("modified", UtcDateTime, nullable=False),
    Index("ix_scim_groups_tenant", "tenant_id"),
)

#: Who is in a group that a SCIM client made.
scim_members = Table(
    "scim_members",
    metadata,
    Column("group_id", ForeignKey("scim_groups.id", ondelete="CASCADE"), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    tenant_column(),
    Index("ix_scim_members_account_id", "account_id"),
)
