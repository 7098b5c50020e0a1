"""The tables of log-ins: sessions, what is counted of them, failures, and the applications that ask."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from tenantry.store.columns import UtcDateTime, metadata, tenant_column

#: Who is logged in (domain.session). What may be there once only is unique: the token, a floating license of a pool,
#: the one session of an account that may have one. ``ends`` is when it is over in any case.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    tenant_column(),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("workgroup", String(253), nullable=False),
    Column("client", String(63), nullable=False),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("started", UtcDateTime, nullable=False),
    Column("lease_seconds", Integer, nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Column("ends", UtcDateTime),
    Column("pool", String(253)),
    Column("type", String(16)),
    Column("slot", Integer),
    Column("exclusive", String(320)),
    UniqueConstraint("account_id", "exclusive"),
    UniqueConstraint("tenant_id", "pool", "slot"),
    Index("ix_sessions_tenant_pool_type_expires", "tenant_id", "pool", "type", "expires"),
    Index("ix_sessions_tenant_expires", "tenant_id", "expires"),
)

#: The log-ins of each license type of a pool: the most at a time, and how many found every license in use. ``reported``
#: is when the pool's status was last made of them.
logins = Table(
    "logins",
    metadata,
    tenant_column(primary_key=True),
    Column("pool", String(253), primary_key=True),
    Column("type", String(16), primary_key=True),
    Column("peak", Integer, nullable=False),
    Column("denied", Integer, nullable=False),
    Column("reported", UtcDateTime),
)

#: Accounts that found every license in use: one that tries again counts once. ``until``: later it is a new attempt.
denials = Table(
    "denials",
    metadata,
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True),
    Column("pool", String(253), primary_key=True),
    tenant_column(),
    Column("until", UtcDateTime, nullable=False),
    Index("ix_denials_tenant_until", "tenant_id", "until"),
)

#: Log-ins that failed, by a digest of the login, whether an account has it or not: both wait alike.
attempts = Table(
    "attempts",
    metadata,
    tenant_column(primary_key=True),
    Column("login_digest", String(64), primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("until", UtcDateTime, nullable=False),
    Index("ix_attempts_tenant_until", "tenant_id", "until"),
)

#: The applications that may call the runtime API in a tenant. Of their tokens only the hash is kept. ``defaults``: what
#: the accounts get that it makes through SCIM (domain.client.Defaults).
clients = Table(
    "clients",
    metadata,
    tenant_column(primary_key=True),
    Column("name", String(63), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("expires", UtcDateTime),
    Column("defaults", Text, nullable=False, server_default="{}"),
)
