"""Who calls: the application behind the bearer token, and what it may ask for (RFC 6750)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, Header, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tenantry.domain.client import Scope
from tenantry.domain.observed import Kind
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.batches import Batches
from tenantry.runtime_api.problem import Refused
from tenantry.services import sessions
from tenantry.services.clients import Client, Credential, authenticate
from tenantry.services.sessions import Known
from tenantry.store import Store

Clock: TypeAlias = Callable[[], datetime]
#: Returns what the API server would refuse a spec of this kind for.
CheckSpec: TypeAlias = Callable[[Kind, Any], list[Refusal]]
_BEARER = HTTPBearer(auto_error=False, description="The token that `tenantry clients create` printed.")
#: Where a call says for whom it is made. It is required, and one without it is refused as one with another's is.
SESSION_HEADER = "Tenantry-Session"
_WHOSE = "the token of the session of the person for whom you call"

Tenant = Annotated[str, Path(max_length=253, description="The namespace of the tenant.")]


async def store_of(request: Request) -> Store:
    """Return the identity store."""
    store: Store = request.app.state.store
    return store


def check_spec_of(request: Request) -> CheckSpec:
    """Return what holds a spec to the schema of its kind."""
    found: CheckSpec = request.app.state.check_spec
    return found


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


async def clock(request: Request) -> Clock:
    """Return what tells the moment; tests put another into the application."""
    found: Clock = request.app.state.now
    return found


async def now(request: Request) -> datetime:
    """Return the moment of a request."""
    return (await clock(request))()


def address_of(request: Request) -> str:
    """Return how callers reach this server: as it was told, or else as this request came, which a proxy may change."""
    told: str | None = getattr(request.app.state, "public_url", None)
    return (told or str(request.base_url)).rstrip("/")


# What only looks at the request is async: the framework runs anything else in another thread, which costs more than it.
StoreOf = Annotated[Store, Depends(store_of)]
SpecCheck = Annotated[CheckSpec, Depends(check_spec_of)]
Now = Annotated[datetime, Depends(now)]
#: Where a call waits for its turn, the moment is that at which it comes.
ClockOf = Annotated[Clock, Depends(clock)]


Bearer = Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)]


async def credential(tenant: Tenant, bearer: Bearer) -> Credential:
    """Return what the caller shows."""
    return Credential(tenant, bearer.credentials if bearer is not None else "")


Shown = Annotated[Credential, Depends(credential)]


def _who(store: Store, shown: list[tuple[Credential, datetime]]) -> list[Client | None]:
    found = authenticate(store, {credential for credential, _ in shown}, max(moment for _, moment in shown))
    return [found[credential] for credential, _ in shown]


#: A thread for each would have them all wait for each other when many come at once.
_CALLERS = Batches("callers", _who)


@dataclass(frozen=True, slots=True)
class Direct:
    """What the calls that are made most take from a request at once: dependencies would cost more than their answer."""

    shown: Credential
    store: Store
    moment: datetime

    @classmethod
    def of(cls, request: Request) -> "Direct":
        """Read it. A token of another scheme is none."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        shown = Credential(request.path_params["tenant"], token.strip() if scheme.lower() == "bearer" else "")
        state = request.app.state
        return cls(shown, state.store, state.now())

    async def authenticated(self) -> Client:
        """Return the application.

        Raises:
            Refused: the token is none of the tenant's.
        """
        client = await _CALLERS.ask(self.store, (self.shown, self.moment))
        if client is None:
            raise Refused(_nobody(self.shown))
        return client

    async def admitted(self, scope: Scope) -> Client:
        """Return the application, if it has the scope; for where that is not found out on the way.

        Raises:
            Refused: the token is none of the tenant's, or does not open this part.
        """
        return admit(await self.authenticated(), self.shown, scope)


def needs(scope: Scope) -> Callable[..., Awaitable[Client]]:
    """Return the dependency that lets in only applications with a scope."""

    async def caller(shown: Shown, store: StoreOf, moment: Now) -> Client:
        return await Direct(shown, store, moment).admitted(scope)

    return caller


def _nobody(shown: Credential) -> Refusal:
    message = (
        f'send "Authorization: Bearer" with a token of tenant "{shown.tenant}", which tenantry clients create makes, '
        "or correct the tenant in the path"
    )
    return Refusal(Reason.INVALID_CLIENT, "Authorization", message)


def admit(client: Client | None, shown: Credential, scope: Scope) -> Client:
    """Return the application, if the token is one's and opens this part.

    Raises:
        Refused: it is nobody's here, or does not.
    """
    if client is None:
        raise Refused(_nobody(shown))
    if scope not in client.scopes:
        message = f'application "{client.name}" has no scope "{scope}"; make its client anew with it'
        raise Refused(Refusal(Reason.INSUFFICIENT_SCOPE, "Authorization", message))
    return client


def person(
    tenant: Tenant,
    store: StoreOf,
    moment: Now,
    session: Annotated[
        str, Header(alias=SESSION_HEADER, max_length=256, description="The session token of the person who asks.")
    ] = "",
) -> Known:
    """Return the person for whom the application calls, by the token of a live session.

    Raises:
        Refused: it is no live session of the tenant.
    """
    known = sessions.introspect(store, tenant, session, moment)
    if known is None:
        message = "the session is over, or is none of this tenant; log in again"
        raise Refused(Refusal(Reason.NOT_LOGGED_IN, SESSION_HEADER, message if session else "send " + _WHOSE))
    return known


#: Endpoints list it after ``needs``: an application without the scope learns nothing of a session.
Person = Annotated[Known, Depends(person)]
