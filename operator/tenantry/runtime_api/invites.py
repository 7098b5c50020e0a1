"""Invitations that people send, for a person (MM-02 to MM-04, MM-10)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from tenantry.domain.user_list import Section, SortKey, Wanted
from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.runtime_api.user_edits import Name, Outcomes, outcomes
from tenantry.runtime_api.users import AccountId, ForPerson, granted, place_of, token_of
from tenantry.services import invites, user_list
from tenantry.services.invites import Invitation

router = APIRouter(prefix="/v1/{tenant}/invites", tags=["administration"])
_MOST = 500


class InviteRequest(Model):
    """Whom to invite, and as what: one role for all."""

    emails: list[Annotated[str, Field(max_length=254)]] = Field(min_length=1, max_length=_MOST)
    role: Name | None = Field(default=None, description="The role of all of them.")
    groups: list[Name] = Field(default_factory=list, max_length=16, description="The groups of all of them.")
    license: str | None = Field(default=None, max_length=16, description="The type of license that each takes.")

    def invitation(self) -> Invitation:
        """Return what is asked for."""
        entry = {"role": self.role, "groups": self.groups}
        spec = {"license": {"type": self.license}} if self.license is not None else {}
        return Invitation(tuple(self.emails), {name: value for name, value in entry.items() if value}, spec)


class InviteView(Model):
    """One outstanding invitation."""

    id: str = Field(description="The account that waits for it.")
    email: str = Field(description="Where it was sent.")
    role: str | None = Field(default=None, description="The role that it is for.")
    state: str = Field(description="Invited, or InvitationExpired.")
    sent_time: datetime | None = Field(default=None, description="When it was last sent.")
    expiration_time: datetime | None = Field(default=None, description="Until when it can be accepted.")
    resource: str = Field(default="", description="The User resource that it belongs to, if one does.")


class InviteList(Model):
    """A page of invitations."""

    invites: list[InviteView]
    next: str | None = Field(default=None, description="Give it as `after` to get the next page; absent at the end.")


@router.get("", summary="List invitations")
def list_invites(
    call: ForPerson,
    store: StoreOf,
    after: Annotated[str, Query(description="`next` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=500, description="So many at most.")] = 50,
) -> InviteList:
    """Return who was invited to the workgroup of the person and has not come yet (MM-03)."""
    wanted = Wanted("", SortKey.LOGIN, invited=True)
    page = granted(user_list.list_users(store, call, wanted, [Section.CANNOT_LOG_IN], place_of(after), limit))
    found = [
        InviteView(
            id=one.target.account.id,
            email=one.target.account.onboarding.invited_address or one.target.account.address,
            role=one.target.member.role if one.target.member is not None else None,
            state=one.target.account.state(call.now).value,
            sent_time=one.target.account.onboarding.invited,
            expiration_time=one.target.account.onboarding.expires,
            resource=one.resource,
        )
        for one in page.users
    ]
    return InviteList(invites=found, next=token_of(page.next))


@router.post("", summary="Invite people")
def invite(call: ForPerson, store: StoreOf, body: InviteRequest) -> Outcomes:
    """Invite many emails at once, with one role for all (MM-02); the email becomes the login."""
    return outcomes(granted(invites.invite(store, call, body.invitation())))


@router.post("/{account_id}/resend", status_code=202, response_class=Response, summary="Send an invitation again")
def resend_invitation(account_id: AccountId, call: ForPerson, store: StoreOf) -> None:
    """Send an invitation once more, a User's too; the former link is worth nothing, and a lapsed one queues anew."""
    refusal = invites.resend(store, call, account_id)
    if refusal is not None:
        raise Refused(refusal)


@router.delete("/{account_id}", status_code=204, summary="Cancel an invitation")
def cancel_invitation(account_id: AccountId, call: ForPerson, store: StoreOf) -> None:
    """Take an invitation back: it lets nobody in, and leaves nothing behind (MM-04)."""
    refusal = invites.cancel(store, call, account_id)
    if refusal is not None:
        raise Refused(refusal)
