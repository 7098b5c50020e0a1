"""`tenantry serve` before the store is migrated, on one that a later version migrated, and told to stop."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from alembic import command
from sqlalchemy import text

from tenantry.services.outbox import list_unsent
from tenantry.store import Store
from tenantry.store.migrate import _config, upgrade
from tests.support.builders import NAMESPACE, user, workgroup
from tests.support.eventually import eventually
from tests.support.mailserver import mail_server
from tests.support.manifests import applied
from tests.support.serving import RuntimeApiProcess


def _migrate(url: str, revision: str) -> None:
    store = Store.open(url)
    with store.write() as connection:
        config = _config()
        config.attributes["connection"] = connection
        if revision != "none":
            command.upgrade(config, revision)
    store.close()


def _ready(api: RuntimeApiProcess) -> int:
    return urllib3.request("GET", f"{api.url}/readyz", retries=False).status


@pytest.mark.parametrize("revision", ["none", "0001"])
def test_a_server_that_was_there_before_the_migration_waits_for_it(
    tmp_path: Path, empty_store_url: str, revision: str
) -> None:
    _migrate(empty_store_url, revision)
    with RuntimeApiProcess(tmp_path, empty_store_url) as api:
        assert eventually(lambda: "not migrated yet" in str(api.call("GET", "acme/sessions", "none")))
        assert api.call("GET", "acme/sessions", "none")[0] == 503
        assert _ready(api) == 503
        assert urllib3.request("GET", f"{api.url}/livez", retries=False).status == 200
        _migrate(empty_store_url, "head")
        assert eventually(lambda: _ready(api) == 200)
        status, problem = api.call("GET", "acme/sessions", "none")
        assert (status, problem["reason"]) == (401, "InvalidClient")


def test_a_server_goes_on_while_a_later_version_has_migrated_the_store(tmp_path: Path, empty_store_url: str) -> None:
    store = Store.open(empty_store_url)
    upgrade(store)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with RuntimeApiProcess(tmp_path, empty_store_url) as api:
        assert eventually(lambda: _ready(api) == 200)
        assert api.call("GET", "acme/sessions", "none")[0] == 401


def test_a_server_that_is_told_to_stop_ends_the_mail_that_is_on_its_way(tmp_path: Path, store: Store) -> None:
    policy = {"onboarding": {"mode": "Invitation"}, "mail": {"linkURL": "https://desk.example/account"}}
    ada = user("ada", license=None, spec={"emails": [{"value": "ada@acme.example"}]})
    applied(store, workgroup(pool=None, spec=policy), ada, now=datetime.now(UTC))
    url = store.engine.url.render_as_string(hide_password=False)
    with mail_server() as mailbox:
        mailbox.pause = 3.0
        with RuntimeApiProcess(tmp_path, url, f"--smtp-url={mailbox.url}") as api:
            assert eventually(lambda: mailbox.mails)
            assert list_unsent(store, NAMESPACE)
            assert api.end() == 0
    assert not list_unsent(store, NAMESPACE)
    assert len(mailbox.mails) == 1
