"""The store as the storage of scim2-server: the rules that its own test suite has for every storage."""

from typing import Any

import pytest
from scim2_models import MutabilityException, ScimProvider
from scim2_server.testing import ScimStorageContract

from tenantry.cli.validation.specs import check_spec
from tenantry.domain.client import Defaults, Scope
from tenantry.runtime_api.scim_schema import PROVIDER
from tenantry.runtime_api.scim_storage import StoreStorage
from tenantry.services.clients import Client
from tenantry.services.scim_users import Caller
from tenantry.store import Store, policy
from tests.support.builders import workgroup
from tests.support.watched import WatchedTenant

#: Users with what an account has of SCIM; the suite's own have titles and employee numbers.
USERS: list[dict[str, Any]] = [
    {
        "userName": "alice",
        "displayName": "Alice",
        "timezone": "Boss",
        "preferredLanguage": "de",
        "name": {"givenName": "Alice", "familyName": "Liddell"},
        "active": True,
        "emails": [
            {"value": "alice@home.example", "type": "home"},
            {"value": "alice@work.example", "type": "work", "primary": True},
        ],
        "phoneNumbers": [{"value": "+43 1", "type": "mobile"}],
    },
    {"userName": "Bob", "active": False, "emails": [{"value": "bob@work.example", "type": "work"}]},
    {"userName": "carol", "displayName": "É%", "name": {"familyName": "smith"}},
    {"userName": "dave_%", "displayName": "50% off", "emails": [{"value": "dave@home.example"}]},
]


class TestStore(ScimStorageContract):
    """The suite skips what its own models have and an account has not, such as titles, and cursors."""

    @pytest.fixture
    def provider(self) -> ScimProvider:
        return PROVIDER

    @pytest.fixture
    def storage(self, store: Store) -> StoreStorage:
        policy._PARSED.clear()
        tenant = WatchedTenant(store)
        tenant.apply(workgroup(pool=None, spec={"deletion": {"mode": "Permanent"}}))
        client = Client(tenant.ref.namespace, 1, "hr", frozenset({Scope.SCIM}), Defaults(workgroup="tracker"))
        return StoreStorage(store, Caller(client, tenant.now, check_spec))

    def search_users(self) -> list[dict[str, Any]]:
        return USERS

    def test_update_frees_the_former_unique_values(self, storage: Any, user_type: Any, user_model: Any) -> None:
        """No userName is given up: it is immutable (design §2, decision 10)."""
        (user,) = self.create_users(storage, user_type, user_model, "bjensen")
        user.user_name = "babs"
        with pytest.raises(MutabilityException):
            storage.update(user_type, user)
        assert storage.get(user_type, user.id).user_name == "bjensen"
