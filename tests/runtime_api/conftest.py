"""The runtime API, served by uvicorn on a free port of the loopback, on each kind of store."""

import threading
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from controlplane.service import free_ports
from tenantry.cli.validation.specs import check_spec
from tenantry.runtime_api.app import make_app
from tenantry.runtime_api.server import OPTIONS
from tenantry.store import Store, policy
from tests.runtime_api.api import Api
from tests.support.eventually import eventually
from tests.support.invariants import check_tenant
from tests.support.kept import *  # noqa: F403 - fixtures are found by name
from tests.support.slapd import slapd  # noqa: F401 - a fixture
from tests.support.watched import WatchedTenant


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[FastAPI, str]]:
    """Serve one application for all tests; each puts its store and its clock there."""
    (port,) = free_ports(1)
    app = make_app(Store.open("sqlite://"), check_spec)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", **OPTIONS))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert eventually(lambda: server.started)
    yield app, f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(timeout=10)


@pytest.fixture
def api(served: tuple[FastAPI, str], store: Store) -> Iterator[Api]:
    app, url = served
    policy._PARSED.clear()
    tenant = WatchedTenant(store)
    app.state.store = store
    app.state.now = lambda: tenant.now
    yield Api(tenant, url)
    app.state.directories = None
    tenant.later(seconds=3).settle()  # by then status tells of every log-in
    check_tenant(tenant)
