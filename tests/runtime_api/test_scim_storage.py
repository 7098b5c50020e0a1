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
        "externalId": "X-1",
        "phoneNumbers": [{"value": "+43 1", "type": "mobile"}],
        "addresses": [{"type": "work", "locality": "Wien", "postalCode": "1010", "country": "AT"}],
        "urn:tenantry:scim:schemas:extension:2.0:User": {"workgroups": ["tracker"]},
    },
    {"userName": "Bob", "active": False, "emails": [{"value": "bob@work.example", "type": "work"}]},
    {"userName": "carol", "displayName": "É%", "name": {"familyName": "smith"}},
    {"userName": "dave_%", "displayName": "50% off", "emails": [{"value": "dave@home.example"}]},
]

FILTERS = [
    'displayName eq "ALICE"',
    'displayName ne "alice"',
    'displayName co "%"',
    'displayName co "LIC"',
    'displayName sw "50"',
    'displayName ew "OFF"',
    'displayName ew ""',
    'displayName gt "a"',
    'displayName ge "alice"',
    'displayName lt "alice"',
    'displayName le "Alice"',
    'displayName eq "é%"',
    "displayName eq null",
    "displayName ne null",
    "not (displayName pr)",
    'not (displayName co "a" or name.familyName pr)',
    'displayName pr and (active eq true or userName sw "B")',
    'externalId eq "x-1"',
    'externalId eq "X-1"',
    'externalId ne "X-1"',
    "externalId pr",
    "not (externalId pr)",
    'id pr and userName ne "alice"',
    'userType eq "internal"',
    "userName gt null",
    "emails eq null",
    "emails ne null",
    'emails.value ew "HOME.example"',
    'emails[type eq "work" and value pr]',
    'emails[type eq "work" and not (value sw "alice")]',
    'emails[type eq "work" or primary eq true]',
    "emails[primary eq false]",
    'not (emails[type eq "work"])',
    'phoneNumbers[type eq "MOBILE" and value sw "+43"]',
    'addresses.country eq "at"',
    'addresses[locality eq "Wien" and postalCode pr]',
    'roles.value eq "x"',
    "groups pr",
    "entitlements pr",
    'meta.resourceType eq "User"',
    'meta.created ge "2026-01-01T13:00:00Z"',
    'meta.lastModified gt "2026-01-01T13:00:00Z"',
    'meta.created ne "2026-01-01T13:00:00Z"',
    'urn:tenantry:scim:schemas:extension:2.0:User:workgroups eq "tracker"',
    "urn:tenantry:scim:schemas:extension:2.0:User:licenseType pr",
    'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "BOB"',
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

    @pytest.mark.parametrize("scim_filter", FILTERS)
    def test_more_filters_keep_what_the_filter_evaluator_keeps(
        self, storage: StoreStorage, user_type: Any, user_model: Any, scim_filter: str
    ) -> None:
        """As the suite tests its own, of attributes that an account has."""
        for user in self.search_users():
            storage.create(user_type, user_model.model_validate(user))
        everybody = storage.search([user_type], self.search_request([user_model])).resources
        wanted: Any = self.search_request([user_model], filter=scim_filter)
        page = storage.search([user_type], wanted)
        expected = sorted(str(user.id) for user in everybody if wanted.filter.match(user))
        assert (page.total, sorted(str(user.id) for user in page.resources)) == (len(expected), expected)
        assert len(everybody) == len(USERS)
