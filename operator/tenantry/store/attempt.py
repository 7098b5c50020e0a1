"""Log-ins that failed, by a digest of the login."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from tenantry.store.schema import attempts

_OF_LOGIN = (attempts.c.tenant_id == bindparam("of_tenant"), attempts.c.login_digest == bindparam("digest"))
_LOAD = select(attempts.c.failures, attempts.c.until).where(*_OF_LOGIN)
_CHANGE = update(attempts).where(*_OF_LOGIN)
_CLEAR = delete(attempts).where(*_OF_LOGIN)


@dataclass(frozen=True, slots=True)
class Attempt:
    """How many times in a row a login failed, and until when no other attempt is taken."""

    failures: int
    until: datetime


def load_attempt(connection: Connection, tenant_id: int, digest: str) -> Attempt | None:
    """Return the failures of a login, or None."""
    row = connection.execute(_LOAD, {"of_tenant": tenant_id, "digest": digest}).one_or_none()
    return Attempt(*row) if row is not None else None


def save_attempt(
    connection: Connection, tenant_id: int, digest: str, failures: int, until: datetime, *, known: bool
) -> None:
    """Write the failures of a login."""
    values = {"failures": failures, "until": until}
    if known:
        connection.execute(_CHANGE, {"of_tenant": tenant_id, "digest": digest, **values})
    else:
        connection.execute(insert(attempts).values(tenant_id=tenant_id, login_digest=digest, **values))


def clear_attempts(connection: Connection, tenant_id: int, digest: str) -> None:
    """Forget the failures of a login."""
    connection.execute(_CLEAR, {"of_tenant": tenant_id, "digest": digest})


def forget_old_attempts(connection: Connection, tenant_id: int, before: datetime, most: int) -> None:
    """Forget failures that count no more, the oldest first: logins that nobody has fill the table otherwise."""
    old = select(attempts.c.login_digest).where(attempts.c.tenant_id == tenant_id, attempts.c.until <= before)
    digests = connection.execute(old.order_by(attempts.c.until).limit(most)).scalars().all()
    if digests:
        where = (attempts.c.tenant_id == tenant_id, attempts.c.login_digest.in_(digests))
        connection.execute(delete(attempts).where(*where))
