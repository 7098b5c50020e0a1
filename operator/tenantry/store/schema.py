"""The tables. Unique constraints carry the rules that must never break (design §4)."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from tenantry.store.columns import UtcDateTime, metadata, tenant_column
from tenantry.store.schema_log_in import attempts, clients, denials, logins, sessions
from tenantry.store.schema_mail import links, outbox
from tenantry.store.schema_scim import scim_groups, scim_members, scim_users

__all__ = [
    "MAILBOX_ABSENT",
    "UtcDateTime",
    "accounts",
    "assigned_values",
    "attempts",
    "audit_records",
    "clients",
    "denials",
    "holdings",
    "links",
    "logins",
    "memberships",
    "metadata",
    "outbox",
    "policies",
    "project_members",
    "refs",
    "resources",
    "scim_groups",
    "scim_members",
    "scim_users",
    "seats",
    "sequences",
    "sessions",
    "tenants",
    "waits",
]

#: One namespace. Its row is the lock under which everything of the tenant is decided.
#: ``detached``: why nothing is decided here, empty where all is well. The accounts belong to the cluster that
#: ``namespace_uid`` names; ``observed_uid`` was seen last.
#: ``confirmed``: a person attached it since, so that the next sweep may delete what is gone, however much.
tenants = Table(
    "tenants",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("namespace", String(253), nullable=False, unique=True),
    Column("namespace_uid", String(64), nullable=False),
    Column("observed_uid", String(64), nullable=False),
    Column("detached", String(16), nullable=False),
    Column("confirmed", Boolean, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("audit_sequence", Integer, nullable=False),
    Column("audit_head", String(64), nullable=False),
    Column("audit_signature", String(64), nullable=False),
)

#: The objects as last seen, with the status that was committed for them. ``due``: look at it again from then on.
#: ``missing``: a sweep of a detached tenant did not find it; only an attach asks for that.
resources = Table(
    "resources",
    metadata,
    Column("uid", String(64), primary_key=True),
    tenant_column(),
    Column("kind", String(16), nullable=False),
    Column("name", String(253), nullable=False),
    Column("namespace_uid", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("deleting", Boolean, nullable=False),
    Column("document", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", String(63), nullable=False),
    Column("due", UtcDateTime),
    Column("missing", Boolean, nullable=False, default=False),
    Index("ix_resources_tenant_kind_name", "tenant_id", "kind", "name"),
    Index("ix_resources_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
    Index("ix_resources_reason", "reason"),
)

#: What an object depends on.
refs = Table(
    "refs",
    metadata,
    Column("uid", ForeignKey("resources.uid", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(1024), primary_key=True),
    tenant_column(),
    Index("ix_refs_tenant_kind_name", "tenant_id", "kind", "name"),
)

#: Workgroups and LicensePools as last taken. They are keyed by name: one made again is bound again.
policies = Table(
    "policies",
    metadata,
    tenant_column(primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("name", String(253), primary_key=True),
    Column("uid", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("document", Text, nullable=False),
    Column("deleting", Boolean, nullable=False),
    Column("reduced", Text, nullable=False),
)

#: Whose mailbox's credential was not there when it was last looked for: it may appear at any time. A query that says
#: this word for word reads the index of those alone.
MAILBOX_ABSENT = text("(substr(mailbox, 1, 9) = 'NoSecret/' OR substr(mailbox, 1, 6) = 'NoKey/')")

#: So much of a text is enough to sort by.
SORTED_LENGTH = 128

#: Accounts, alive and buried: the unique login holds for both. ``email_key``: the address to log in by, as a login key.
#: ``by_company``, ``by_family`` and ``by_given`` are what lists are sorted by, made of the profile. ``modified``: when
#: the row was last written.
accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    tenant_column(),
    Column("scope", String(253), nullable=False),
    Column("login_key", String(1024), nullable=False),
    Column("user_name", String(254), nullable=False),
    Column("email_key", String(1024)),
    Column("manager", String(16), nullable=False),
    Column("resource_uid", String(64), unique=True),
    Column("created", UtcDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("can_log_in", Boolean, nullable=False),
    Column("going", Boolean, nullable=False),
    Column("provisioned", Boolean, nullable=False),
    Column("profile", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    Column("preferences", Text, nullable=False),
    Column("restored_preferences", Text, nullable=False),
    Column("former_workgroups", Text, nullable=False),
    Column("evicted_from", Text, nullable=False),
    Column("waiting_since", UtcDateTime),
    Column("password_hash", Text),
    Column("password_changed", UtcDateTime),
    Column("password_history", Text, nullable=False),
    Column("password_source", Text, nullable=False),
    Column("password_expires", UtcDateTime),
    Column("onboarding_mode", String(16), nullable=False),
    Column("must_verify", Boolean, nullable=False),
    Column("invited", UtcDateTime),
    Column("invitation_expires", UtcDateTime),
    Column("invited_address", String(254), nullable=False),
    Column("joined", UtcDateTime),
    Column("email_verified", UtcDateTime),
    Column("verified_address", String(254), nullable=False),
    Column("resend_obeyed", UtcDateTime),
    Column("mailbox", Text, nullable=False),
    Column("deleted", UtcDateTime),
    Column("deletion_mode", String(32)),
    Column("locked", UtcDateTime),
    Column("modified", UtcDateTime),
    Column("by_company", String(SORTED_LENGTH), nullable=False, server_default=""),
    Column("by_family", String(SORTED_LENGTH), nullable=False, server_default=""),
    Column("by_given", String(SORTED_LENGTH), nullable=False, server_default=""),
    Column("password_applied", Text),
    Column("resend_asked", UtcDateTime),
    Column("reset_obeyed", UtcDateTime),
    Column("sessions_not_before", UtcDateTime),
    UniqueConstraint("tenant_id", "scope", "login_key"),
    Index("ix_accounts_tenant_email", "tenant_id", "email_key"),
    Index("ix_accounts_by_company", "tenant_id", "by_company", "login_key"),
    Index("ix_accounts_by_family", "tenant_id", "by_family", "login_key"),
    Index("ix_accounts_by_given", "tenant_id", "by_given", "login_key"),
    Index("ix_accounts_tenant_modified", "tenant_id", "modified"),
    Index("ix_accounts_mailbox_absent", "resource_uid", sqlite_where=MAILBOX_ABSENT, postgresql_where=MAILBOX_ABSENT),
)

#: ``system``: of a system user, which counts against nothing. ``since``: when its role took what it counts against;
#: eviction goes by that.
memberships = Table(
    "memberships",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("workgroup", String(253), primary_key=True),
    tenant_column(),
    Column("position", Integer, nullable=False),
    Column("system", Boolean, nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("role", String(63)),
    Column("groups", Text, nullable=False),
    Column("access", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("notifications", Text, nullable=False),
    Column("default_module", String(63)),
    Index("ix_memberships_holders", "tenant_id", "workgroup", "role", "system", "kind", "account_id"),
)

#: Things in an application that belong to an account. ``covers``: the one group that a saved query or chart is about.
holdings = Table(
    "holdings",
    metadata,
    tenant_column(primary_key=True),
    Column("workgroup", String(253), primary_key=True),
    Column("kind", String(63), primary_key=True),
    Column("name", String(253), primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("covers", String(63), nullable=False),
    Index("ix_holdings_account_id", "account_id"),
)

#: One row is one seat taken. An account has one at most.
seats = Table(
    "seats",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    tenant_column(),
    Column("pool", String(253), nullable=False),
    Column("type", String(16), nullable=False),
    Column("granted", UtcDateTime, nullable=False),
    Index("ix_seats_tenant_pool_type_granted", "tenant_id", "pool", "type", "granted"),
)

#: The waiting list: one row an account and capacity, in order of (since, resource_uid).
waits = Table(
    "waits",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("owner", String(253), primary_key=True),
    Column("name", String(63), primary_key=True),
    tenant_column(),
    Column("since", UtcDateTime, nullable=False),
    Column("resource_uid", String(64), nullable=False),
    Index("ix_waits_line", "tenant_id", "kind", "owner", "name", "since", "resource_uid"),
)

#: The last value given of each sequence; what was given is unique and never given again.
sequences = Table(
    "sequences",
    metadata,
    tenant_column(primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("next", Integer, nullable=False),
)

assigned_values = Table(
    "assigned_values",
    metadata,
    tenant_column(primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("value", Integer, primary_key=True),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Index("ix_assigned_values_account_id", "account_id"),
)

#: What ProjectMembers allow and deny. One that is refused allows nothing, and what it denies stays denied.
project_members = Table(
    "project_members",
    metadata,
    Column("uid", ForeignKey("resources.uid", ondelete="CASCADE"), primary_key=True),
    tenant_column(),
    Column("workgroup", String(253), nullable=False),
    Column("project", String(63), nullable=False),
    Column("user_name", String(253), nullable=False),
    Column("in_force", Boolean, nullable=False),
    Column("allow", Text, nullable=False),
    Column("deny", Text, nullable=False),
    Index("ix_project_members_tenant_user_workgroup", "tenant_id", "user_name", "workgroup"),
)

#: The audit trail (domain.audit). ``personal`` and ``salt`` go together when a person's data is erased.
audit_records = Table(
    "audit_records",
    metadata,
    tenant_column(primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("at", String(40), nullable=False),
    Column("actor", String(253), nullable=False),
    Column("action", String(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("subject", String(253), nullable=False),
    Column("resource_uid", String(64)),
    Column("facts", Text, nullable=False),
    Column("personal", Text),
    Column("salt", String(64)),
    Column("personal_digest", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_records_tenant_subject", "tenant_id", "subject"),
)
