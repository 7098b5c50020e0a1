"""What is put into the outbox, in the transaction of the change that it tells of: never lost, and never without it."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from tenantry.domain.mail import Mail, Purpose, closed_by, kind_of, mails_of
from tenantry.store import Connection
from tenantry.store.account import Pair
from tenantry.store.outbox import MailRow, delete_links, delete_of_accounts, insert_mails


def post(connection: Connection, tenant_id: int, changes: Sequence[Pair], mails: Sequence[Mail], now: datetime) -> None:
    """Put into the outbox what these changes are to tell people, and close the links that they make void."""
    found = [*mails, *(mail for before, after in changes for mail in mails_of(before, after))]
    closed: dict[Purpose, set[str]] = defaultdict(set)
    for before, after in changes:
        for purpose in closed_by(before, after):
            closed[purpose].add(before.id if before is not None else "")
    for mail in found:
        if mail.purpose is not None and mail.account_id is not None:
            closed[mail.purpose].add(mail.account_id)
    for purpose, ids in closed.items():
        delete_links(connection, purpose, ids)
        delete_of_accounts(connection, kind_of(purpose), ids)
    insert_mails(connection, tenant_id, [MailRow(str(uuid.uuid4()), mail, now, now) for mail in found])
