"""Log in, heartbeat, log off, list, revoke, introspect."""

import asyncio
from datetime import datetime
from functools import partial
from typing import Annotated, Self, TypeVar
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from tenantry.domain.client import Scope
from tenantry.domain.directory import Directories
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.session import Session
from tenantry.logs import bind_request
from tenantry.runtime_api.batches import Batches
from tenantry.runtime_api.caller import Clock, Direct, Now, StoreOf, Tenant, admit, needs
from tenantry.runtime_api.document import reads, reads_all
from tenantry.runtime_api.faults import FORM, NO_BODY, NO_JSON_SENT, a_form, body_faults, sends_json
from tenantry.runtime_api.hashing import ASKING, HASHING
from tenantry.runtime_api.metrics import count_log_in
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.services import sessions
from tenantry.services.clients import Client
from tenantry.services.credentials import Claim, DirectoryClaim, Proof, prove, prove_by_directory
from tenantry.services.sessions import Beat, Chosen, Started
from tenantry.store import Store

PREFIX = "/v1/{tenant}/sessions"
router = APIRouter(prefix=PREFIX, tags=["sessions"])
Caller = Annotated[Client, Depends(needs(Scope.SESSIONS))]
Token = Annotated[str, Field(min_length=1, max_length=256, description="The session's token.")]
SessionId = Annotated[str, Path(description="The `id` of the session.")]
_MOST_TOKENS = 1000
M = TypeVar("M", bound=BaseModel)


class LogInRequest(Model):
    """Who wants to log in, and where."""

    workgroup: str = Field(max_length=253, description="The Workgroup whose application is logged in to.")
    user_name: str = Field(max_length=254, description="What the person logs in by: login.by of the Workgroup.")
    password: str = Field(max_length=1024, description="The password.", repr=False)


class SessionView(Model):
    """A session as the API shows it: never its token."""

    id: str = Field(description="The session's id.")
    account_id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login.")
    workgroup: str = Field(description="The Workgroup that was logged in to.")
    client: str = Field(description="The application that asked.")
    license_type: str | None = Field(default=None, description="The type of license that the session takes, if any.")
    started_time: datetime = Field(description="When it started.")
    expiration_time: datetime = Field(description="When it ends unless a heartbeat comes.")
    heartbeat_seconds: int = Field(description="How often the application should send a heartbeat.")

    @classmethod
    def of(cls, session: Session, login: str) -> Self:
        """Return the view of a session."""
        return cls(
            id=session.id,
            account_id=session.account_id,
            user_name=login,
            workgroup=session.workgroup,
            client=session.client,
            license_type=session.type.value if session.type is not None else None,
            started_time=session.started,
            expiration_time=session.expires,
            heartbeat_seconds=session.heartbeat_seconds,
        )


class LogInAnswer(Model):
    """A session that started, with its token, which is told this once."""

    token: str = Field(description="The session's token. Keep it as a secret.", repr=False)
    session: SessionView = Field(description="The session.")
    default_module: str | None = Field(default=None, description="The module to open first (IT-06).")

    @classmethod
    def of(cls, started: Started) -> Self:
        """Return the answer to a log-in."""
        member = started.account.member_of(started.session.workgroup)
        return cls(
            token=started.token,
            session=SessionView.of(started.session, started.account.user_name),
            default_module=member.default_module if member is not None else None,
        )


class TokenRequest(Model):
    """Which session is meant."""

    token: Token


class HeartbeatRequest(Model):
    """Which sessions go on."""

    tokens: list[Token] = Field(min_length=1, max_length=_MOST_TOKENS, description="The tokens of the sessions.")


class Heartbeat(Model):
    """What became of one heartbeat, in the order of the tokens."""

    active: bool = Field(description="Whether the session goes on; false: it is over, log in again.")
    expiration_time: datetime | None = Field(default=None, description="When it ends unless another heartbeat comes.")


class SessionList(Model):
    """A page of sessions."""

    sessions: list[SessionView]
    next: str | None = Field(default=None, description="Give it as `after` to get the next page; absent at the end.")


class Revoked(Model):
    """How many sessions were ended."""

    revoked: int


class IntrospectionRequest(BaseModel):
    """Which token is asked about (RFC 7662, section 2.1)."""

    token: str = Field(description="The session's token.")
    token_type_hint: str | None = Field(default=None, description="Taken and ignored: there is one type of token.")


class Introspection(BaseModel):
    """What a token is worth (RFC 7662, section 2.2)."""

    active: bool
    sub: str | None = Field(default=None, description="The account in the store.")
    username: str | None = Field(default=None, description="The login.")
    client_id: str | None = Field(default=None, description="The application that logged the person in.")
    iat: int | None = Field(default=None, description="When the session started, in seconds since 1970.")
    exp: int | None = Field(default=None, description="When it ends unless a heartbeat comes.")
    workgroup: str | None = Field(default=None, description="The Workgroup that was logged in to.")
    sid: str | None = Field(default=None, description="The session's id.")


@router.post("", status_code=201, summary="Log in", response_model=LogInAnswer, openapi_extra=reads_all(LogInRequest))
async def log_in(request: Request) -> Response:
    """Log in with a password. 409 says that no license is free, with the time after which to try again."""
    state = request.app.state
    async with state.log_ins_at_once:
        await _BEATS.passed()  # a log-in that is read meanwhile takes the interpreter from them
        direct, body = Direct.of(request), await _read(request, LogInRequest)
        await asyncio.sleep(0)  # what else came meanwhile is looked at before the log-ins that came with this one
    client = await direct.admitted(Scope.SESSIONS)
    bind_request(request.state.request_id)  # a directory that cannot be asked is told of in the log
    tenant, claim = direct.shown.tenant, Claim(body.workgroup, body.user_name, body.password)
    # Where it waits for its turn, the moment is that at which it comes: the clock goes along.
    found = await HASHING.run(partial(_log_in_by_password, direct.store, tenant, client.name, claim, state.now))
    if isinstance(found, DirectoryClaim):
        asked = partial(_log_in_by_directory, direct.store, client.name, found, state.directories, state.now)
        found = await ASKING.run(asked)
    if isinstance(found, Refusal):
        raise Refused(found)
    place = {"Location": f"/v1/{tenant}/sessions/{found.session.id}"}
    return Response(LogInAnswer.of(found).model_dump_json(by_alias=True), 201, place, "application/json")


def _log_in_by_password(
    store: Store, tenant: str, client: str, claim: Claim, clock: Clock
) -> Started | Refusal | DirectoryClaim:
    proof = prove(store, tenant, claim, clock())
    return proof if isinstance(proof, DirectoryClaim) else _log_in(store, tenant, client, proof, clock())


def _log_in_by_directory(
    store: Store, client: str, asked: DirectoryClaim, directories: Directories | None, clock: Clock
) -> Started | Refusal:
    proof = prove_by_directory(store, asked, directories)
    return _log_in(store, asked.namespace, client, proof, clock())


def _log_in(store: Store, tenant: str, client: str, proof: Proof | Refusal, now: datetime) -> Started | Refusal:
    if isinstance(proof, Refusal):
        count_log_in(tenant, "", proof)
        return proof
    found = sessions.start(store, tenant, client, proof, now)
    count_log_in(tenant, proof.pool, found if isinstance(found, Refusal) else None)
    return found


@router.post(
    "/heartbeat",
    summary="Keep sessions going",
    response_model=list[Heartbeat],
    openapi_extra=reads_all(HeartbeatRequest),
)
async def heartbeat(request: Request) -> Response:
    """Extend the leases of sessions; one call may carry many."""
    direct, body = Direct.of(request), await _read(request, HeartbeatRequest)
    client, found = await _BEATS.ask(direct.store, (Beat(direct.shown, body.tokens), direct.moment))
    admit(client, direct.shown, Scope.SESSIONS)
    beats = [{"active": s is not None, "expirationTime": s.expires if s is not None else None} for s in found]
    return Response(orjson.dumps(beats, option=orjson.OPT_UTC_Z), media_type="application/json")


async def _read(request: Request, model: type[M]) -> M:
    """Return the body; what is wrong with it is for an application that may ask, and told once that is known."""
    content = await request.body()
    if content and not sends_json(request):
        await Direct.of(request).admitted(Scope.SESSIONS)
        raise Refused(NO_JSON_SENT)
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        await Direct.of(request).admitted(Scope.SESSIONS)
        raise RequestValidationError(body_faults(error) if content else [NO_BODY]) from error


def _beat(store: Store, asked: list[tuple[Beat, datetime]]) -> list[tuple[Client | None, list[Session | None]]]:
    return sessions.heartbeat(store, [beat for beat, _ in asked], max(moment for _, moment in asked))


_BEATS = Batches("heartbeats", _beat)


@router.post("/logoff", status_code=204, summary="Log off")
def log_off(tenant: Tenant, body: TokenRequest, caller: Caller, store: StoreOf, now: Now) -> None:
    """End the session of a token; what it took is free at once. A session that is over already is no fault."""
    sessions.log_off(store, tenant, caller.name, body.token, now)


@router.post(
    "/introspect",
    summary="Ask what a token is worth",
    response_model_exclude_none=True,
    openapi_extra=reads(IntrospectionRequest, FORM),
)
async def introspect(
    request: Request, tenant: Tenant, _: Caller, __: Annotated[None, Depends(a_form)], store: StoreOf, now: Now
) -> Introspection:
    """Tell whether a token's session is live, and whose it is; of whatever is none, that it is not (RFC 7662)."""
    # The framework would parse a form before it asks who sends it.
    fields = dict(parse_qsl((await request.body()).decode(errors="replace")))
    try:
        asked = IntrospectionRequest.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError(body_faults(error)) from error
    known = await run_in_threadpool(sessions.introspect, store, tenant, asked.token, now)
    if known is None:
        return Introspection(active=False)
    session = known.session
    return Introspection(
        active=True,
        sub=session.account_id,
        username=known.account.user_name,
        client_id=session.client,
        iat=int(session.started.timestamp()),
        exp=int(session.expires.timestamp()),
        workgroup=session.workgroup,
        sid=session.id,
    )


@router.get("", summary="List sessions")
def list_sessions(
    tenant: Tenant,
    _: Caller,
    store: StoreOf,
    now: Now,
    user_name: Annotated[str | None, Query(alias="userName", max_length=254, description="Only of this login.")] = None,
    after: Annotated[str, Query(max_length=64, description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="So many at most.")] = 100,
) -> SessionList:
    """Return who is logged in, page by page."""
    found = sessions.list_sessions(store, tenant, now, after, limit + 1, user_name)
    page = [SessionView.of(listed.session, listed.login) for listed in found[:limit]]
    return SessionList(sessions=page, next=page[-1].id if len(found) > limit else None)


@router.delete("/{session_id}", status_code=204, summary="Revoke one session")
def revoke_session(tenant: Tenant, session_id: SessionId, caller: Caller, store: StoreOf, now: Now) -> None:
    """End one session."""
    if not sessions.revoke(store, tenant, caller.name, Chosen(session_id=session_id), now):
        raise Refused(Refusal(Reason.SESSION_NOT_FOUND, "session", "there is no such session, or it is over"))


@router.delete("", summary="Revoke the sessions of an account, or all")
def revoke_sessions(
    tenant: Tenant,
    caller: Caller,
    store: StoreOf,
    now: Now,
    user_name: Annotated[
        str | None, Query(alias="userName", max_length=254, description="Of this login; absent means everybody's.")
    ] = None,
) -> Revoked:
    """End every session of an account, system users too, or of the whole tenant (MM-14)."""
    return Revoked(revoked=sessions.revoke(store, tenant, caller.name, Chosen(login=user_name), now))
