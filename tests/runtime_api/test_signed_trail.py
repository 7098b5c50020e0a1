"""A server without the key that signs the trail of a tenant: what cannot be put on record is not done."""

import logging

import pytest

from tenantry.domain.client import Scope
from tenantry.runtime_api import problem
from tenantry.services import sessions
from tenantry.services.clients import create_client
from tests.runtime_api.api import Api
from tests.support.builders import NAMESPACE, user, workgroup
from tests.support.door import Door

KEY = b"k" * 32


def test_nobody_is_let_in_or_logged_out_and_the_log_says_why_once(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    problem._tell_once.cache_clear()
    api.tenant.apply(workgroup(pool=None), user("ada", license=None))
    token = Door(api.tenant).let_in("ada").token
    api.token()
    store = api.tenant.store
    store.audit_key = KEY
    with caplog.at_level(logging.WARNING):
        create_client(store, NAMESPACE, "signing", [Scope.SESSIONS], api.tenant.now)
    assert [r.message for r in caplog.records if "is signed from now on" in r.message]
    store.audit_key = b""
    caplog.clear()
    try:
        for _ in range(2):
            refused = api.call("DELETE", "sessions")
            assert (refused.status, refused.reason) == (503, "TrailSigned")
        assert api.call("POST", "sessions/introspect", form={"token": token}).body["active"]
        assert sessions.introspect(store, NAMESPACE, token, api.tenant.now) is not None
    finally:
        store.audit_key = KEY
    assert sum("audit-key-file" in record.message for record in caplog.records) == 1
    assert "Traceback" not in caplog.text
