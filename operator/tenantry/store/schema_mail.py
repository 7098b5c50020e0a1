"""The tables of mails, and of the links that they have."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, text

from tenantry.store.columns import UtcDateTime, metadata, tenant_column

#: Mails that are to be sent (domain.mail). ``due``: try from then on, or, while ``lease`` says that somebody does, who
#: tries has died by then; absent: given up, for ``failure``. Nothing here is a secret: a link is made when it is sent.
outbox = Table(
    "outbox",
    metadata,
    Column("id", String(64), primary_key=True),
    tenant_column(),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE")),
    Column("kind", String(16), nullable=False),
    Column("address", String(254), nullable=False),
    Column("facts", Text, nullable=False),
    Column("created", UtcDateTime, nullable=False),
    Column("due", UtcDateTime),
    Column("attempts", Integer, nullable=False),
    Column("lease", String(64), nullable=False),
    Column("failure", String(63), nullable=False),
    Index("ix_outbox_due", "due", sqlite_where=text("due IS NOT NULL"), postgresql_where=text("due IS NOT NULL")),
    Index("ix_outbox_account_kind", "account_id", "kind"),
)

#: The links that were mailed: what each opens, for the address that it went to. Of its token only the hash is kept.
#: ``mail_id``: a mail that was perhaps sent twice has several, and each of them opens.
links = Table(
    "links",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    tenant_column(),
    Column("account_id", ForeignKey("accounts.id", ondelete="CASCADE"), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("address", String(254), nullable=False),
    Column("mail_id", String(64), nullable=False),
    Column("expires", UtcDateTime, nullable=False),
    Index("ix_links_account_purpose", "account_id", "purpose"),
    Index("ix_links_tenant_expires", "tenant_id", "expires"),
)
