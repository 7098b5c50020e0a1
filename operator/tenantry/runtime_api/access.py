"""AuthZEN Authorization API 1.0: who may do what, by the one function of effective access.

A tenant is a policy decision point. Subjects of type ``user`` are named by login or account id, those of type
``session`` by a session's token. ``context.workgroup`` tells the workgroup where a subject is in several. Of a
resource's properties ``owners`` are logins or ids, and what is named like a scope of the workgroup is its value there.
An action with a property that is true is another action where the workgroup knows one of that name:
``delete`` with ``soft`` is ``delete-soft``.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar

import orjson
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, StrictStr, ValidationError

from tenantry.domain.access import Resource
from tenantry.domain.client import Scope
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import choices
from tenantry.runtime_api.batches import Batches
from tenantry.runtime_api.caller import Direct, Now, Shown, StoreOf, Tenant, address_of, admit, needs
from tenantry.runtime_api.document import reads, reads_all
from tenantry.runtime_api.faults import NO_JSON_SENT, body_faults, refusal_of, sends_json
from tenantry.runtime_api.problem import BadRequest
from tenantry.services import evaluations
from tenantry.services.clients import Client, Credential
from tenantry.services.evaluations import Asked, Call, Evaluated
from tenantry.store import Store

PREFIX = "/v1/{tenant}/access/v1"
router = APIRouter(prefix=PREFIX, tags=["access (AuthZEN)"])
Caller = Annotated[Client, Depends(needs(Scope.ACCESS))]
_MOST_EVALUATIONS = 1000
_MOST_RESULTS = 500
_USER, _SESSION = "user", "session"
_SUBJECTS = (_USER, _SESSION)
#: So much of a type is repeated.
_LONGEST_TYPE = 64

M = TypeVar("M", bound=BaseModel)
Text = Annotated[StrictStr, Field(max_length=1024, pattern=r"^[^\x00]*$")]


class _Body(BaseModel):
    """A part of a request. What is not known is not looked at, as the specification asks."""

    model_config = ConfigDict(extra="ignore")


class Context(_Body):
    """What else is known of the question; all but the workgroup is not looked at."""

    workgroup: Text | None = None


class Subject(_Body):
    """Who asks to do something."""

    type: Text
    id: Text
    properties: dict[str, Any] = Field(default_factory=dict)


class SubjectType(_Body):
    """What kind of subject is looked for."""

    type: Text


class Action(_Body):
    """What is to be done."""

    name: Text
    properties: dict[str, Any] = Field(default_factory=dict)


class Target(_Body):
    """What it is to be done to."""

    type: Text
    id: Text
    properties: dict[str, Any] = Field(default_factory=dict)


class TargetType(_Body):
    """What kind of resource is looked for."""

    type: Text
    properties: dict[str, Any] = Field(default_factory=dict)


class Page(_Body):
    """Which part of the results."""

    token: Text = ""
    limit: Annotated[int, Field(ge=1)] = 50


class Evaluation(_Body):
    """One question."""

    subject: Subject
    action: Action
    resource: Target
    context: Context = Context()


class Options(_Body):
    """How far a batch is gone through."""

    evaluations_semantic: Literal["execute_all", "deny_on_first_deny", "permit_on_first_permit"] = "execute_all"


class Evaluations(_Body):
    """Many questions; what one of them leaves out stands once for all."""

    subject: dict[str, Any] | None = None
    action: dict[str, Any] | None = None
    resource: dict[str, Any] | None = None
    context: dict[str, Any] | None = None
    evaluations: Annotated[list[dict[str, Any]], Field(max_length=_MOST_EVALUATIONS)] = Field(default_factory=list)
    options: Options = Options()


class SubjectSearch(_Body):
    """Who may do it: a question about subjects."""

    subject: SubjectType
    action: Action
    resource: Target
    context: Context = Context()
    page: Page = Page()


class ResourceSearch(_Body):
    """What may it be done to: a question about resources."""

    subject: Subject
    action: Action
    resource: TargetType
    context: Context = Context()


class ActionSearch(_Body):
    """What may be done: a question about actions."""

    subject: Subject
    resource: Target
    context: Context = Context()


def _body(model: type[M]) -> Callable[[Request], Any]:
    """Return the dependency that reads a body as the specification asks: whatever is wrong with it is a 400."""

    async def read(request: Request) -> M:
        return await _read(request, model)

    return read


async def _read(request: Request, model: type[M]) -> M:
    """Return the body; what is wrong with it is for an application that may ask, and told once that is known."""
    if sends_json(request):
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            fault = _fault(error)
    else:
        fault = BadRequest(NO_JSON_SENT)
    await Direct.of(request).admitted(Scope.ACCESS)
    raise fault


@router.post("/evaluation", summary="May the subject do this?", openapi_extra=reads_all(Evaluation))
async def evaluation(request: Request) -> Response:
    """Decide one question; the reason and the rules that led to it are in ``context``."""
    direct, body = Direct.of(request), await _read(request, Evaluation)
    (found,) = await _evaluate(direct.store, direct.shown, [_asked(body)], direct.moment)
    return Response(orjson.dumps(_decision(body, found)), media_type="application/json")


@router.post("/evaluations", summary="Many questions in one", openapi_extra=reads(Evaluations))
async def evaluate_all(
    shown: Shown, store: StoreOf, now: Now, body: Annotated[Evaluations, Depends(_body(Evaluations))]
) -> dict[str, Any]:
    """Decide each question, in order, up to where the semantic asked for ends; without any, as ``evaluation``."""
    if not body.evaluations:
        whole = _parse(body, {})
        if isinstance(whole, BadRequest):
            raise whole
        (found,) = await _evaluate(store, shown, [_asked(whole)], now)
        return _decision(whole, found)
    parsed = [_parse(body, each) for each in body.evaluations]
    asked = [_asked(each) for each in parsed if isinstance(each, Evaluation)]
    decided = iter(await _evaluate(store, shown, asked, now))
    answers = [_decision(e, next(decided)) if isinstance(e, Evaluation) else _failed(e) for e in parsed]
    return {"evaluations": _cut(answers, body.options.evaluations_semantic)}


@router.post("/search/subject", summary="Who may do this?", openapi_extra=reads(SubjectSearch))
async def search_subject(
    tenant: Tenant, _: Caller, store: StoreOf, now: Now, body: Annotated[SubjectSearch, Depends(_body(SubjectSearch))]
) -> dict[str, Any]:
    """Return logins, page by page, up to one without ``next_token``: any before it may have few, or none.

    Users of all workgroups are searched unless ``context.workgroup`` names one.
    """
    if body.subject.type != _USER:
        return {"results": []}
    resource = _resource(body.resource.type, body.resource.id, body.resource.properties)
    asked = Asked("", body.action.name, resource, body.context.workgroup, qualifiers=_qualifiers(body.action))
    limit = min(body.page.limit, _MOST_RESULTS)
    found = await run_in_threadpool(evaluations.search_subjects, store, tenant, asked, now, body.page.token, limit)
    results = [{"type": _USER, "id": login} for login in found.logins]
    return {"results": results, "page": {"next_token": found.next or "", "count": len(results)}}


@router.post("/search/resource", summary="What may it be done to?", openapi_extra=reads(ResourceSearch))
async def search_resource(
    tenant: Tenant, _: Caller, store: StoreOf, now: Now, body: Annotated[ResourceSearch, Depends(_body(ResourceSearch))]
) -> dict[str, Any]:
    """Return resources of those that projects share: no other is known here."""
    resource = _resource(body.resource.type, "", body.resource.properties)
    asked = _subject_asked(body.subject, body.action, resource, body.context)
    names = await run_in_threadpool(evaluations.search_resources, store, tenant, asked, now) if asked else []
    return {"results": [{"type": body.resource.type, "id": name} for name in names]}


@router.post("/search/action", summary="What may be done?", openapi_extra=reads(ActionSearch))
async def search_action(
    tenant: Tenant, _: Caller, store: StoreOf, now: Now, body: Annotated[ActionSearch, Depends(_body(ActionSearch))]
) -> dict[str, Any]:
    """Return the actions, of those that the workgroup knows of the resource's type."""
    resource = _resource(body.resource.type, body.resource.id, body.resource.properties)
    asked = _subject_asked(body.subject, Action(name=""), resource, body.context)
    names = await run_in_threadpool(evaluations.search_actions, store, tenant, asked, now) if asked else []
    return {"results": [{"name": name} for name in names]}


async def _evaluate(store: Store, shown: Credential, asked: Sequence[Asked], now: datetime) -> list[Evaluated]:
    client, found = await _EVALUATIONS.ask(store, (Call(shown, asked), now))
    admit(client, shown, Scope.ACCESS)
    return found


def _decide(store: Store, asked: list[tuple[Call, datetime]]) -> list[tuple[Client | None, list[Evaluated]]]:
    return evaluations.evaluate(store, [call for call, _ in asked], max(moment for _, moment in asked))


_EVALUATIONS = Batches("evaluations", _decide)

metadata = APIRouter(tags=["access (AuthZEN)"])


@metadata.get("/.well-known/authzen-configuration/v1/{tenant}", summary="Where the endpoints of a tenant are")
async def show_configuration(tenant: Tenant, request: Request) -> dict[str, str]:
    """Tell where the endpoints of a tenant are; that there is such a tenant is not told without a token."""
    base = f"{address_of(request)}/v1/{tenant}"
    return {
        "policy_decision_point": base,
        "access_evaluation_endpoint": f"{base}/access/v1/evaluation",
        "access_evaluations_endpoint": f"{base}/access/v1/evaluations",
        "search_subject_endpoint": f"{base}/access/v1/search/subject",
        "search_resource_endpoint": f"{base}/access/v1/search/resource",
        "search_action_endpoint": f"{base}/access/v1/search/action",
    }


def _parse(body: Evaluations, each: dict[str, Any]) -> Evaluation | BadRequest:
    """Return one question of a batch: its own parts replace those that stand for all, but for a type or id it lacks."""
    merged: dict[str, Any] = {}
    for part, default in (("subject", body.subject), ("action", body.action), ("resource", body.resource)):
        own = each.get(part)
        if isinstance(own, dict) and default is not None:
            own = {name: default[name] for name in ("type", "id", "name") if name in default} | own
        merged[part] = default if own is None else own
    context = each.get("context", body.context)
    merged |= {"context": context} if context is not None else {}
    try:
        return Evaluation.model_validate({name: value for name, value in merged.items() if value is not None})
    except ValidationError as error:
        return _fault(error)


def _fault(error: ValidationError) -> BadRequest:
    return BadRequest(refusal_of(body_faults(error)[:1]))


def _asked(body: Evaluation) -> Asked:
    resource = _resource(body.resource.type, body.resource.id, body.resource.properties)
    found = _subject_asked(body.subject, body.action, resource, body.context)
    return found or Asked("", body.action.name, resource, body.context.workgroup)


def _subject_asked(subject: Subject, action: Action, resource: Resource, context: Context) -> Asked | None:
    """Return the question; None where the subject is of a kind that is nobody here."""
    if subject.type not in _SUBJECTS:
        return None
    by_session = subject.type == _SESSION
    return Asked(subject.id, action.name, resource, context.workgroup, by_session, _qualifiers(action))


def _qualifiers(action: Action) -> tuple[str, ...]:
    return tuple(sorted(name for name, value in action.properties.items() if value is True))


def _resource(type_: str, id_: str, properties: dict[str, Any]) -> Resource:
    owners = properties.get("owners", properties.get("owner", ()))
    listed = [owners] if isinstance(owners, str) else owners if isinstance(owners, list) else []
    scopes = {name: value for name, value in properties.items() if isinstance(value, str) and name != "owner"}
    return Resource(type_, id_, frozenset(o for o in listed if isinstance(o, str)), scopes)


def _decision(body: Evaluation, found: Evaluated) -> dict[str, Any]:
    decision = found.decision
    steps = [{"rule": step.rule, "passed": step.passed, "text": step.text} for step in decision.steps]
    context = {"reason": decision.reason.value, "workgroup": found.workgroup, "steps": steps}
    if body.subject.type not in _SUBJECTS:
        text = f'a subject of type "{body.subject.type[:_LONGEST_TYPE]}" is nobody here; {choices(_SUBJECTS)}'
        context["reason"] = Reason.SUBJECT_TYPE_NOT_FOUND.value
        context["steps"] = [{"rule": "subject", "passed": False, "text": text}]
    return {"decision": decision.allowed, "context": context}


def _failed(fault: BadRequest) -> dict[str, Any]:
    error = {"status": 400, "message": fault.refusal.message}
    return {"decision": False, "context": {"reason": Reason.INVALID_REQUEST.value, "error": error}}


def _cut(answers: Sequence[dict[str, Any]], semantic: str) -> list[dict[str, Any]]:
    """Return the answers up to the first that ends a batch of that semantic."""
    ends = {"deny_on_first_deny": False, "permit_on_first_permit": True}.get(semantic)
    last = next((i for i, each in enumerate(answers) if each["decision"] is ends), len(answers) - 1)
    return list(answers[: last + 1])
