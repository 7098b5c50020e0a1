"""Holdings: what accounts hold in applications."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from itertools import groupby

from sqlalchemy import Connection, bindparam, delete, func, insert, select, tuple_, update

from tenantry.domain.holding import Held, Holding, Transfer
from tenantry.store.portions import in_portions
from tenantry.store.schema import accounts, holdings

_COLUMNS = tuple(holdings.c[name] for name in Holding.__slots__)
_SAME_KIND = (holdings.c.workgroup == bindparam("b_workgroup"), holdings.c.kind == bindparam("b_kind"))
_SAME_NAME = holdings.c.name == bindparam("b_name")


def count_holdings(connection: Connection, account_ids: Collection[str]) -> dict[str, tuple[Held, ...]]:
    """Return how much of each kind these accounts hold; one that holds nothing is there too."""
    found: dict[str, tuple[Held, ...]] = dict.fromkeys(account_ids, ())
    columns = (holdings.c.account_id, holdings.c.workgroup, holdings.c.kind, holdings.c.covers)
    for some in in_portions(account_ids):
        query = select(*columns, func.count()).where(holdings.c.account_id.in_(some)).group_by(*columns)
        for account_id, *rest in connection.execute(query):
            found[account_id] += (Held(*rest),)
    return found


def find_holdings(
    connection: Connection, tenant_id: int, workgroup: str, kind: str, names: Collection[str]
) -> list[Holding]:
    """Return the holdings of one kind in a workgroup with these names."""
    of_kind = (holdings.c.tenant_id == tenant_id, holdings.c.workgroup == workgroup, holdings.c.kind == kind)
    found = []
    for some in in_portions(names):
        query = select(*_COLUMNS).where(*of_kind, holdings.c.name.in_(some))
        found += [Holding(*row) for row in connection.execute(query)]
    return found


def list_by_owner(
    connection: Connection, tenant_id: int, *, workgroup: str | None, kind: str | None, account_id: str | None
) -> list[tuple[Holding, str]]:
    """Return holdings with their owners' logins, by login, workgroup, kind and name; None lets all in."""
    where = [holdings.c.tenant_id == tenant_id]
    wanted = ((holdings.c.workgroup, workgroup), (holdings.c.kind, kind), (holdings.c.account_id, account_id))
    where += [column == value for column, value in wanted if value is not None]
    query = select(*_COLUMNS, accounts.c.user_name).join(accounts, accounts.c.id == holdings.c.account_id).where(*where)
    rows = [(Holding(*row[:-1]), row[-1]) for row in connection.execute(query)]
    return sorted(rows, key=lambda row: (row[1].casefold(), row[0]))


def page_holdings(
    connection: Connection, tenant_id: int, after: tuple[str, str, str], limit: int, **only: str | None
) -> list[tuple[Holding, str]]:
    """Return a page of holdings with their owners' logins, by workgroup, kind and name.

    ``only`` lets in those of a ``workgroup``, ``kind`` or ``account_id``; None lets all in.
    """
    place = (holdings.c.workgroup, holdings.c.kind, holdings.c.name)
    where = [holdings.c.tenant_id == tenant_id, tuple_(*place) > after]
    where += [holdings.c[name] == value for name, value in only.items() if value is not None]
    query = select(*_COLUMNS, accounts.c.user_name).join(accounts, accounts.c.id == holdings.c.account_id)
    query = query.where(*where).order_by(*place).limit(limit)
    return [(Holding(*row[:-1]), row[-1]) for row in connection.execute(query)]


def insert_holdings(connection: Connection, tenant_id: int, new: Sequence[Holding]) -> None:
    """Insert holdings that are not there yet."""
    if new:
        connection.execute(insert(holdings), [{"tenant_id": tenant_id, **asdict(holding)} for holding in new])


def update_holdings(connection: Connection, tenant_id: int, changed: Sequence[Holding]) -> None:
    """Write whose holdings are, and what they cover."""
    if changed:
        statement = update(holdings).where(holdings.c.tenant_id == tenant_id, *_SAME_KIND, _SAME_NAME)
        statement = statement.values(account_id=bindparam("b_account"), covers=bindparam("b_covers"))
        connection.execute(statement, [_bound(holding) for holding in changed])


def remove_holdings(connection: Connection, tenant_id: int, gone: Sequence[Holding]) -> None:
    """Forget holdings."""
    if gone:
        statement = delete(holdings).where(holdings.c.tenant_id == tenant_id, *_SAME_KIND, _SAME_NAME)
        connection.execute(statement, [_bound(holding) for holding in gone])


def _bound(value: Holding | Transfer) -> dict[str, str | None]:
    names = {"account_id": "account"}
    return {f"b_{names.get(name, name)}": part for name, part in asdict(value).items()}


def apply_transfers(connection: Connection, transfers: Sequence[Transfer]) -> None:
    """Give holdings to other accounts, or drop them, in this order: who is given some may go next.

    The account says of which tenant; naming that too would lead SQLite through all holdings of the kind.
    """
    where = (holdings.c.account_id == bindparam("b_account"), *_SAME_KIND)
    for dropped, some in groupby(transfers, lambda transfer: transfer.to is None):
        statement = delete(holdings) if dropped else update(holdings).values(account_id=bindparam("b_to"))
        connection.execute(statement.where(*where), [_bound(transfer) for transfer in some])
