"""Administration on behalf of a person: the accounts of the workgroup that the person is logged in to."""

import base64
import binascii
import json
from collections.abc import Iterable
from typing import Annotated, Any, Self, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import Field

from tenantry.domain.client import Scope
from tenantry.domain.login import login_key
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.user_list import Section, SortKey, Wanted
from tenantry.runtime_api.caller import Now, Person, SpecCheck, StoreOf, Tenant, needs
from tenantry.runtime_api.model import Model, is_text
from tenantry.runtime_api.problem import Refused
from tenantry.services import administration, user_list
from tenantry.services.administration import Call
from tenantry.services.clients import Client
from tenantry.services.user_list import Listed, Place

Caller = Annotated[Client, Depends(needs(Scope.ADMINISTRATION))]


def call_of(tenant: Tenant, caller: Caller, person: Person, now: Now, check_spec: SpecCheck) -> Call:
    """Return who calls, for whom."""
    return Call(tenant, caller.name, person, now, check_spec)


ForPerson = Annotated[Call, Depends(call_of)]
AccountId = Annotated[str, Path(max_length=64, description="The id of the account, as lists show it.")]
router = APIRouter(prefix="/v1/{tenant}/users", tags=["administration"])

T = TypeVar("T")


def granted(found: T | Refusal) -> T:
    """Return what came of a call.

    Raises:
        Refused: nothing did.
    """
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


class MembershipView(Model):
    """What an account has in a workgroup."""

    workgroup: str = Field(description="The Workgroup.")
    membership: str = Field(description="Member, or Available: with access, and not added yet.")
    role: str | None = Field(default=None, description="The role.")
    groups: list[str] = Field(default_factory=list, description="The groups.")


class UserView(Model):
    """An account as lists show it."""

    id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login.")
    company: str = Field(description="The company; lists are grouped by it unless sorted by something else.")
    name: str = Field(description="The name to show.")
    given_name: str = Field(description="First name.")
    family_name: str = Field(description="Last name.")
    email: str = Field(description="The email address that is written to.")
    phone: str = Field(description="The first phone number.")
    workgroups: list[MembershipView] = Field(description="The workgroups it has access to.")
    role: str | None = Field(default=None, description="The role in the person's own workgroup.")
    license: str | None = Field(default=None, description="The type of license it takes, if any.")
    state: str = Field(description="As status.state of a User, or Deleted.")
    section: Section = Field(description="Whether it can log in, cannot, or was deleted: the parts of a list.")
    permissions: bool = Field(description="Whether it is given any level above the first of a module.")
    manager: str = Field(description="kubernetes, api or system: who owns the account.")
    resource: str = Field(default="", description="The User resource that owns it, if one does.")

    @classmethod
    def of(cls, listed: Listed, call: Call) -> Self:
        """Return the view of a listed account."""
        account, member = listed.target.account, listed.target.member
        profile: dict[str, Any] = account.profile or {}
        name = profile.get("name") or {}
        given, family = str(name.get("givenName") or ""), str(name.get("familyName") or "")
        phones = profile.get("phoneNumbers") or [{}]
        return cls(
            id=account.id,
            user_name=account.user_name,
            company=str(profile.get("organization") or ""),
            name=str(profile.get("displayName") or f"{given} {family}".strip()),
            given_name=given,
            family_name=family,
            email=account.address,
            phone=str(phones[0].get("value") or ""),
            workgroups=[
                MembershipView(workgroup=m.workgroup, membership=m.kind.value, role=m.role, groups=list(m.groups))
                for m in account.members
            ],
            role=member.role if member is not None else None,
            license=account.seat.type.value if account.seat is not None else None,
            state="Deleted" if account.tombstone is not None else account.state(call.now).value,
            section=listed.section,
            permissions=listed.permitted,
            manager=account.manager.value,
            resource=listed.resource,
        )


class UserList(Model):
    """A page of accounts, section by section."""

    users: list[UserView]
    system_users: list[UserView] = Field(
        default_factory=list, description="Those that the workgroup itself has; on the first page only."
    )
    next: str | None = Field(default=None, description="Give it as `after` to get the next page; absent at the end.")


class UserDetail(UserView):
    """An account with its profile, and the spec it was made by where the API made it."""

    profile: dict[str, Any] = Field(description="The profile in force.")
    document: dict[str, Any] | None = Field(default=None, description="What PATCH changes, of one that the API made.")


class Locked(Model):
    """An account that was locked or unlocked."""

    id: str
    state: str


class Ended(Model):
    """How many sessions were ended."""

    revoked: int


def _views(listed: Iterable[Listed], call: Call) -> list[UserView]:
    return [UserView.of(one, call) for one in listed]


class ListQuery(Model):
    """Which accounts are listed, and in which order."""

    sort: SortKey = Field(default=SortKey.COMPANY, description="What to sort by; equal ones go by login.")
    descending: bool = Field(default=False, description="The other way around.")
    company: str | None = Field(default=None, max_length=256, description="Of this company only.")
    user_name: str = Field(default="", max_length=254, description="Logins that begin so.")
    role: str | None = Field(default=None, max_length=63, description="With this role only.")
    section: Section | None = Field(default=None, description="This section only.")
    deleted: bool = Field(default=False, description="Deleted ones too, in a section of their own (NR-23).")
    after: str = Field(default="", description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=500, description="How many a page has.")

    @property
    def sections(self) -> list[Section]:
        """Return the sections asked for, in the order of a list."""
        if self.section is not None:
            return [self.section]
        return [section for section in Section if self.deleted or section is not Section.DELETED]

    def wanted(self) -> Wanted:
        """Return what the store is asked for; the workgroup is the person's."""
        company = self.company.casefold() if self.company is not None else None
        prefix = login_key(self.user_name) if self.user_name else ""
        return Wanted("", self.sort, self.descending, company, prefix, self.role)


@router.get("", summary="List accounts")
def list_users(call: ForPerson, store: StoreOf, query: Annotated[ListQuery, Query()]) -> UserList:
    """Return who is in the workgroup of the person, page by page: first who can log in, then who cannot."""
    start = place_of(query.after)
    page = granted(user_list.list_users(store, call, query.wanted(), query.sections, start, query.limit))
    return UserList(users=_views(page.users, call), system_users=_views(page.system, call), next=token_of(page.next))


_NO_PLACE = Refusal(Reason.INVALID_REQUEST, "after", "give `next` of the page before")


def token_of(place: Place | None) -> str | None:
    """Return where the next page begins, for `after`; None at the end."""
    if place is None:
        return None
    text = json.dumps([place.section, *place.after], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(token: str) -> Place | None:
    """Return where a page begins.

    Raises:
        Refused: that is no `next` of a page.
    """
    if not token:
        return None
    try:
        section, key, login = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        place = Place(Section(section), (str(key), str(login)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise Refused(_NO_PLACE) from error
    if not is_text([*place.after]):
        raise Refused(_NO_PLACE)
    return place


@router.get("/{account_id}", summary="Show an account")
def show_user(account_id: AccountId, call: ForPerson, store: StoreOf) -> UserDetail:
    """Return one account of the workgroup, with its profile."""
    shown = granted(user_list.show_user(store, call, account_id))
    view = UserView.of(shown.listed, call).model_dump()
    return UserDetail(**view, profile=shown.listed.target.account.profile or {}, document=shown.document)


@router.post("/{account_id}/lock", summary="Lock an account")
def lock_user(account_id: AccountId, call: ForPerson, store: StoreOf) -> Locked:
    """Refuse its log-ins and end its sessions at once; nothing else is lost (MM-12)."""
    account = granted(administration.lock(store, call, account_id))
    return Locked(id=account.id, state=account.state(call.now).value)


@router.post("/{account_id}/unlock", summary="Unlock an account")
def unlock_user(account_id: AccountId, call: ForPerson, store: StoreOf) -> Locked:
    """Let it log in again."""
    account = granted(administration.unlock(store, call, account_id))
    return Locked(id=account.id, state=account.state(call.now).value)


@router.delete("/{account_id}/sessions", summary="Log an account out everywhere")
def revoke_user_sessions(account_id: AccountId, call: ForPerson, store: StoreOf) -> Ended:
    """End every session of the account at once, in every workgroup (MM-14)."""
    return Ended(revoked=granted(administration.revoke_sessions(store, call, account_id)))


@router.post(
    "/{account_id}/password-reset",
    status_code=202,
    response_class=Response,
    summary="Mail a link to reset the password",
)
def reset_password(account_id: AccountId, call: ForPerson, store: StoreOf) -> None:
    """Mail the person a link by which the password is replaced, once and for a short time (MM-13)."""
    refusal = administration.reset_password(store, call, account_id)
    if refusal is not None:
        raise Refused(refusal)
