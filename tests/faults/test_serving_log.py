"""The log of `tenantry serve`: that of `tenantry run`, line by line, and about which request."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import urllib3

from controlplane.service import free_ports
from tenantry.domain.client import Scope
from tenantry.services.clients import create_client
from tenantry.store import Store
from tests.support.builders import NAMESPACE, user, workgroup
from tests.support.manifests import applied
from tests.support.serving import RuntimeApiProcess

_SECRET = "green-mug-47"


def test_each_line_is_of_one_format_in_utc_and_says_which_request_it_is_about(tmp_path: Path, store: Store) -> None:
    (port,) = free_ports(1)
    directory = {"url": f"ldaps://127.0.0.1:{port}", "baseDN": "dc=acme"}
    policy = {"authentication": {"mode": "Directory", "directory": directory}}
    invited = workgroup("club", pool=None, spec={"onboarding": {"mode": "Invitation"}})
    ada = user("ada", license=None, spec={"emails": [{"value": "ada@acme.example"}]})
    bob = user("bob", license=None, in_="club", spec={"emails": [{"value": "bob@acme.example"}]})
    applied(store, workgroup(pool=None, spec=policy), invited, ada, bob, now=datetime.now(UTC))
    token = create_client(store, NAMESPACE, "portal", [Scope.SESSIONS], datetime.now(UTC))
    url = store.engine.url.render_as_string(hide_password=False)
    with RuntimeApiProcess(tmp_path, url, f"--secrets-dir={tmp_path}", "--log-format=json") as api:
        answer = urllib3.request(
            "POST",
            f"{api.url}/v1/{NAMESPACE}/sessions",
            json={"workgroup": "tracker", "userName": "ada", "password": _SECRET},
            headers={"Authorization": f"Bearer {token}"},
            retries=False,
        )
        assert answer.status == 503
        api.end()
        lines = [json.loads(line) for line in api.log.splitlines()]
    assert all(datetime.fromisoformat(line["timestamp"]).utcoffset() == UTC.utcoffset(None) for line in lines)
    assert {"uvicorn.error", "tenantry.mail"} <= {line["logger"] for line in lines}
    (told,) = [line for line in lines if line["event"] == "directory cannot be asked"]
    assert told["request"] == answer.headers["X-Request-ID"] == answer.json()["requestId"]
    assert _SECRET not in json.dumps(lines)


#: A process of its own, since the log is the whole process's.
_FAILS = f"""
import logging
from tenantry.logs import bind_request, configure_logging
configure_logging("info", json=True)
bind_request("abc-1")
try:
    int("{_SECRET}")
except ValueError:
    logging.getLogger("uvicorn.error").exception("Exception in ASGI application")
"""


def test_an_exception_is_told_by_its_place_and_never_by_its_text() -> None:
    done = subprocess.run([sys.executable, "-c", _FAILS], capture_output=True, text=True, check=True)
    found = json.loads(done.stderr)
    assert (found["error"], found["request"]) == ("ValueError", "abc-1")
    assert found["at"]
    assert _SECRET not in done.stderr
