"""Every route of the OpenAPI document, asked with what its schema allows and with what it does not (schemathesis).

A new route is asked by itself: what is asked is read from the document of the application.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, TypeAlias

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tenantry.cli.validation.specs import check_spec
from tenantry.runtime_api.app import make_app
from tenantry.services.passwords import hash_password
from tenantry.store import Store
from tests.runtime_api.api import Api
from tests.support.builders import pool, user, workgroup

_POSITIVE, _NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
_EXAMPLES = {_POSITIVE: 12, _NEGATIVE: 8}
#: Of what has no body: there is little that could be said in other ways.
_EXAMPLES_OF_FEW = {_POSITIVE: 5, _NEGATIVE: 5}
_SEEDED = {"workgroup", "userName", "password", "token", "tokens", "session_id", "Tenantry-Session"}
#: A part of a request, and a name in it.
_Place: TypeAlias = tuple[dict[str, Any], str]
_PASSWORD = "correct horse"
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
]
_CONFIG = schemathesis.Config()
_CONFIG.projects.default.generation.with_security_parameters = False
# Beside those that it takes for a refusal by itself: what was too large.
_REJECTED = _CONFIG.projects.default.checks.negative_data_rejection
_REJECTED.expected_statuses = [*_REJECTED.expected_statuses, "413", "414", "431"]
DOCUMENT = make_app(Store.open("sqlite://"), check_spec).openapi()
_SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=_CONFIG)
_OPERATIONS: dict[str, APIOperation[Any, Any, Any, Any]] = {
    found.ok().label: found.ok() for found in _SCHEMA.get_all_operations() if isinstance(found, Ok)
}


@cache
def _hash() -> str:
    return hash_password(_PASSWORD)


@pytest.fixture
def seeds(api: Api) -> dict[str, Any]:
    """People who may log in, one of them logged in: by the name of a field, what finds something there."""
    licenses = [{"type": "Floating", "quantity": 3}]
    policy = {"modules": [{"name": "Map", "levels": [{"name": "View", "actions": ["map:read"]}]}]}
    people = [user(name, license="Floating") for name in ("ada", "bob")]
    api.tenant.apply(pool(spec={"licenses": licenses}), workgroup(spec=policy), *people)
    api.give_password("ada", _hash())
    started = api.log_in("ada", _PASSWORD).body
    session = started["session"]
    return {
        "workgroup": session["workgroup"],
        "userName": session["userName"],
        "password": _PASSWORD,
        "token": started["token"],
        "tokens": [started["token"]],
        "session_id": session["id"],
        "Tenantry-Session": started["token"],
    }


@pytest.mark.parametrize("label", _OPERATIONS)
def test_what_a_route_answers_is_what_the_document_says(api: Api, seeds: dict[str, Any], label: str) -> None:
    headers = {"Authorization": f"Bearer {api.token()}"}
    for mode in _modes(_OPERATIONS[label]):
        for case, places in _cases(label, mode):
            case.path_parameters["tenant"] = api.tenant.ref.namespace
            for part, name in places:
                part[name] = seeds[name]
            case.call_and_validate(base_url=api.url, headers=headers, checks=_CHECKS)


def _modes(operation: APIOperation[Any, Any, Any, Any]) -> list[GenerationMode]:
    """Return what is asked: a path alone allows everything, and what is not allowed of it leads elsewhere."""
    return [mode for mode in _EXAMPLES if mode is _POSITIVE or operation.body or operation.query]


@cache
def _cases(label: str, mode: GenerationMode) -> list[tuple[Case[Any], list[_Place]]]:
    """Return what is asked of a route, on each store alike: to think it up takes longer than to ask it.

    With each come the places where something goes that is there; random names only ever find nothing.
    """
    operation, found = _OPERATIONS[label], list[tuple[Case[Any], list[_Place]]]()

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=(_EXAMPLES if operation.body else _EXAMPLES_OF_FEW)[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def collect(case: Case[Any]) -> None:
        found.append((case, list(_places(case)) if mode is _POSITIVE else []))

    collect()
    return found


def _places(case: Case[Any]) -> Iterator[_Place]:
    """Yield half of the places, by what they have, that seeds go into."""
    for part in (case.path_parameters, case.query, case.headers, case.body):
        if isinstance(part, dict):
            yield from ((part, name) for name in part if name in _SEEDED and len(str(part[name])) % 2 == 0)
