"""How commands come to the identity store: the options they share, and a store that tells what is wrong with it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from tenantry.errors import InputError, TenantryError
from tenantry.services.trail import read_audit_key
from tenantry.store import BUSY_SECONDS, Store

C = TypeVar("C", bound=Callable[..., Any])

_URL = re.compile(r"(sqlite|postgresql)(\+\w+)?://")
_FILE = re.compile(r"sqlite(\+\w+)?:///(?P<path>[^?]+)(\?.*)?")


def _default_url() -> str:
    from tenantry.settings import Settings  # noqa: PLC0415 - needed only where no URL is given

    url: str = Settings.model_fields["store_url"].get_default(call_default_factory=True)
    return url


#: The identity store, as every command names it.
store_url = click.option(
    "--store-url",
    envvar="TENANTRY_STORE_URL",
    show_envvar=True,
    default=_default_url,
    metavar="URL",
    help="The identity store: sqlite:///path or postgresql://user@host/name. Others see the command line: a URL "
    "with a password goes into TENANTRY_STORE_URL. Default: the file tenantry.db in /var/lib/tenantry where "
    "that is writable, else in the working folder.",
)
audit_key_file = click.option(
    "--audit-key-file",
    envvar="TENANTRY_AUDIT_KEY_FILE",
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key that the operator signs the audit trail with.",
)


def output(*formats: str) -> Callable[[C], C]:
    """Return the option that chooses among formats; the first is the default."""
    return click.option("-o", "--output", type=click.Choice(formats), default=formats[0], show_default=True)


@contextmanager
def opened(
    url: str, key_file: Path | None = None, *, may_be_new: bool = False, patience: float = BUSY_SECONDS
) -> Iterator[Store]:
    """Open a store that is there and migrated; with ``may_be_new``, one that is about to be made.

    Raises:
        InputError: the URL is none, the file is not there, or the database is not migrated.
    """
    store = _open(url, key_file, patience, may_be_new=may_be_new)
    try:
        yield store
    except (TenantryError, click.ClickException, click.Abort, click.exceptions.Exit):
        raise
    except Exception as error:
        behind = _behind(store)
        if behind is None:
            raise
        raise InputError(behind) from error
    finally:
        store.close()


def missing_file(url: str) -> Path | None:
    """Return the store's file where it is not there yet.

    Raises:
        InputError: the URL names what cannot be a database.
    """
    if _URL.match(url) is None:
        raise InputError("--store-url is not a database URL; write sqlite:///path or postgresql://user@host/name")
    if not url.startswith("sqlite"):
        return None
    file = _FILE.fullmatch(url)
    if file is None or file["path"] == ":memory:":
        raise InputError("--store-url names no file: a store in memory ends with the command; write sqlite:///path")
    path = Path(file["path"])
    if path.is_dir():
        raise InputError(f"{path} is a folder; --store-url names the file of a database")
    return None if path.is_file() else path


def _open(url: str, key_file: Path | None, patience: float, *, may_be_new: bool) -> Store:
    missing = missing_file(url)
    if missing is not None and not may_be_new:
        raise InputError(f"there is no database {missing}; the operator makes it, or: tenantry db upgrade")
    return Store.open(url, read_audit_key(key_file) if key_file is not None else b"", patience=patience)


def _behind(store: Store) -> str | None:
    """Return what to do where the database's tables are not those that this version works with."""
    from tenantry.store.migrate import newest, revision  # noqa: PLC0415 - Alembic is slow to import, and rarely needed

    with store.read() as connection:
        at = revision(connection)
    if at == newest():
        return None
    return f"the database is at revision {at or 'none'}, this version needs {newest()}; run: tenantry db upgrade"
