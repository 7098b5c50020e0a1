"""Every route of the OpenAPI document, asked with what its schema allows and with what it does not (schemathesis).

A new route is asked by itself: what is asked is read from the document of the application.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
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
_EXAMPLES = {_POSITIVE: 15, _NEGATIVE: 10}
_PASSWORD = "correct horse"
_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
_CONFIG = schemathesis.Config()
_CONFIG.projects.default.generation.with_security_parameters = False
# Beside those that it takes for a refusal by itself: what was too large.
_REJECTED = _CONFIG.projects.default.checks.negative_data_rejection
_REJECTED.expected_statuses = [*_REJECTED.expected_statuses, "413", "414", "431"]
_SCHEMA = schemathesis.openapi.from_dict(make_app(Store.open("sqlite://"), check_spec).openapi(), config=_CONFIG)
_OPERATIONS: dict[str, APIOperation[Any, Any, Any, Any]] = {
    found.ok().label: found.ok() for found in _SCHEMA.get_all_operations() if isinstance(found, Ok)
}
#: A path alone allows everything: what is not allowed of it leads elsewhere.
_ASKED = [
    (label, mode)
    for label, operation in _OPERATIONS.items()
    for mode in _EXAMPLES
    if mode is _POSITIVE or operation.body or operation.query
]


@pytest.fixture
def seeds(api: Api) -> dict[str, Any]:
    """People who may log in, one of them logged in: by the name of a field, what finds something there."""
    licenses = [{"type": "Floating", "quantity": 3}]
    policy = {"modules": [{"name": "Map", "levels": [{"name": "View", "actions": ["map:read"]}]}]}
    people = [user(name, license="Floating") for name in ("ada", "bob")]
    api.tenant.apply(pool(spec={"licenses": licenses}), workgroup(spec=policy), *people)
    api.give_password("ada", hash_password(_PASSWORD))
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


@pytest.mark.parametrize(("label", "mode"), _ASKED)
def test_what_a_route_answers_is_what_the_document_says(
    api: Api, seeds: dict[str, Any], label: str, mode: GenerationMode
) -> None:
    operation = _OPERATIONS[label]
    headers = {"Authorization": f"Bearer {api.token()}"}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=_EXAMPLES[mode],
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: Case[Any]) -> None:
        case.path_parameters["tenant"] = api.tenant.ref.namespace
        if mode is _POSITIVE:
            _plant(case, seeds)
        case.call_and_validate(base_url=api.url, headers=headers, checks=_CHECKS)

    ask()


def _plant(case: Case[Any], seeds: dict[str, Any]) -> None:
    """Have half of the cases, by their content, find what is there; random names only ever find nothing."""
    for part in (case.path_parameters, case.query, case.headers, case.body):
        if not isinstance(part, dict):
            continue
        for name in list(part):
            if name in seeds and len(str(part[name])) % 2 == 0:
                part[name] = seeds[name]
