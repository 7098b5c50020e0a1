"""Who asked for a notification."""

from sqlalchemy import Connection, select

from tenantry.domain.account import Account
from tenantry.specs.user_membership import MembershipKind
from tenantry.store.account import load_by_id
from tenantry.store.rows import dump
from tenantry.store.schema import accounts, memberships


def load_subscribers(
    connection: Connection, tenant_id: int, workgroup: str, notification: str, after: str, limit: int
) -> list[Account]:
    """Return a page, by login key, of the members of a workgroup that chose a notification."""
    ours = (memberships.c.tenant_id == tenant_id, memberships.c.workgroup == workgroup)
    chose = memberships.c.notifications.contains(dump(notification), autoescape=True)
    members = select(memberships.c.account_id).where(*ours, memberships.c.kind == MembershipKind.MEMBER, chose)
    where = (accounts.c.tenant_id == tenant_id, accounts.c.login_key > after, accounts.c.id.in_(members))
    query = select(accounts.c.id).where(*where).order_by(accounts.c.login_key).limit(limit)
    ids = connection.execute(query).scalars().all()
    found = {account.id: account for account in load_by_id(connection, ids)}
    return [found[id_] for id_ in ids]
