"""Tenants without an API server."""

from collections.abc import Iterator

import pytest

from tenantry.store import Store, policy
from tests.support.invariants import check_tenant
from tests.support.kept import *  # noqa: F403 - fixtures are found by name
from tests.support.watched import WatchedTenant


@pytest.fixture
def tenant(store: Store) -> Iterator[WatchedTenant]:
    """A tenant on each kind of store; after the test everything that must always hold is checked."""
    policy._PARSED.clear()  # builders give the same UID to the same name, and another test's spec may be parsed already
    watched = WatchedTenant(store)
    yield watched
    check_tenant(watched)
