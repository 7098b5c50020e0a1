"""Account life: what a person does about their own account, through an application that has its pages."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool

from tenantry.domain.account import Account
from tenantry.domain.client import Scope
from tenantry.domain.observed import Kind
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.caller import ClockOf, Now, Person, SpecCheck, StoreOf, Tenant, needs
from tenantry.runtime_api.hashing import HASHING
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.services import onboarding, password_changes, profiles
from tenantry.services.clients import Client
from tenantry.services.credentials import Claim
from tenantry.services.onboarding import SignUp
from tenantry.services.password_changes import PasswordChange
from tenantry.services.profiles import OwnData

router = APIRouter(prefix="/v1/{tenant}/account", tags=["account life"])
Caller = Annotated[Client, Depends(needs(Scope.ACCOUNTS))]
Token = Annotated[str, Field(min_length=1, max_length=256, description="The token of the mail's link.", repr=False)]
Workgroup = Annotated[str, Field(max_length=253, description="The Workgroup whose application it is.")]
Login = Annotated[str, Field(max_length=254, description="The login.")]
Password = Annotated[str, Field(max_length=1024)]
#: Longer than a sign-up or a reset takes: to write a mail takes 10 ms that are not taken where there is no account.
_ALIKE_SECONDS = 0.25


@asynccontextmanager
async def _as_long_as_others() -> AsyncIterator[None]:
    """Answer at a time that does not tell whether there was anything to do."""
    until = time.monotonic() + _ALIKE_SECONDS
    yield
    await asyncio.sleep(until - time.monotonic())


class _Confirmed(Model):
    """A body with a password that a person typed, twice where the application sends both (NR-09)."""

    password_confirmation: Password | None = Field(
        default=None, description="The new password, typed once more; refused where it is another.", repr=False
    )

    @property
    def chosen(self) -> str | None:
        """Return the password that was typed first."""
        return getattr(self, "new_password", None) or getattr(self, "password", None)

    @model_validator(mode="after")
    def _typed_alike(self) -> "_Confirmed":
        if self.password_confirmation is not None and self.password_confirmation != self.chosen:
            message = "is not the same password; type both again"
            raise PydanticCustomError("unlike", message, {"field": "passwordConfirmation"})
        return self


class AcceptRequest(_Confirmed):
    """An invitation that is accepted."""

    token: Token
    password: Password | None = Field(
        default=None, description="The password from now on; needed where there is none.", repr=False
    )


class SignUpRequest(_Confirmed):
    """A person who says to be listed."""

    workgroup: Workgroup
    user_name: Login | None = Field(default=None, description="The login; absent means that it is the email address.")
    email: str = Field(max_length=254, description="The address that is listed.")
    password: Password | None = Field(
        default=None,
        description="The password from now on; none where a directory has it. Where the address is verified it is "
        "chosen with the mail's link instead: what is sent here does not count.",
        repr=False,
    )


class VerifyRequest(_Confirmed):
    """An address that is shown to be the person's."""

    token: Token
    password: Password | None = Field(
        default=None,
        description="The password from now on; needed of who waits for this to come in and has none.",
        repr=False,
    )


class ResetRequest(Model):
    """Whose password was forgotten."""

    workgroup: Workgroup
    user_name: Login


class ResetConfirmation(_Confirmed):
    """Another password, by the link of a mail."""

    token: Token
    new_password: Password = Field(description="The password from now on.", repr=False)


class PasswordChangeRequest(_Confirmed):
    """Another password, by the present one."""

    workgroup: Workgroup
    user_name: Login
    password: Password = Field(description="The present password; an expired one is good for this.", repr=False)
    new_password: Password = Field(description="The password from now on.", repr=False)


class Arrived(Model):
    """An account as the person's act left it."""

    account_id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login.")
    state: str = Field(description="Active, or what the person has yet to do.")


class ProfileView(Model):
    """A person's own profile."""

    user_name: str = Field(description="The login.")
    profile: dict[str, Any] = Field(description="The profile, in the fields of a User's spec.")
    own_fields: list[str] = Field(description="Those that the person may change.")

    @classmethod
    def of(cls, data: OwnData) -> "ProfileView":
        """Return the view of what a person sees."""
        return cls(user_name=data.account.user_name, profile=data.account.profile or {}, own_fields=list(data.own))


class PreferencesView(Model):
    """A person's preferences, with what each can be."""

    preferences: dict[str, str] = Field(description="The preferences in force.")
    choices: dict[str, list[str]] = Field(description="The values of each.")
    own: bool = Field(description="Whether the person may change them.")

    @classmethod
    def of(cls, data: OwnData) -> "PreferencesView":
        """Return the view of what a person sees."""
        offered = {name: list(values) for name, values in data.choices.items()}
        return cls(preferences=dict(data.preferences), choices=offered, own=data.own_preferences)


class ProfileChange(Model):
    """Fields of the profile as they are to be; null takes one away, and what is left out stays."""

    profile: dict[str, Any] = Field(max_length=16)


class PreferencesChange(Model):
    """Preferences as they are to be; what is left out stays."""

    preferences: dict[str, Annotated[str, Field(max_length=63)]] = Field(max_length=32)


@router.post("/accept", summary="Accept an invitation")
async def accept_invitation(tenant: Tenant, body: AcceptRequest, _: Caller, store: StoreOf, clock: ClockOf) -> Arrived:
    """Accept by the link of the mail, once; the address is the person's by that."""
    found = await HASHING.run(lambda: onboarding.accept_invitation(store, tenant, body.token, body.password, clock()))
    return _arrived(found, clock())


@router.post("/sign-up", status_code=202, response_class=Response, summary="Sign up")
async def sign_up(tenant: Tenant, body: SignUpRequest, _: Caller, store: StoreOf, clock: ClockOf) -> None:
    """Claim the account that is listed. 202 whether or not one is; a mail follows where the address is verified."""
    asked = SignUp(body.workgroup, body.user_name or body.email, body.email, body.password)
    async with _as_long_as_others():
        _check(await HASHING.run(lambda: onboarding.sign_up(store, tenant, asked, clock())))


@router.post("/verify", summary="Verify an email address")
async def verify_email(tenant: Tenant, body: VerifyRequest, _: Caller, store: StoreOf, clock: ClockOf) -> Arrived:
    """Show by the link of the mail, once, that the address it went to is the person's."""
    found = await HASHING.run(lambda: onboarding.verify_email(store, tenant, body.token, body.password, clock()))
    return _arrived(found, clock())


@router.post("/password-reset", status_code=202, response_class=Response, summary="Ask for another password")
async def request_reset(tenant: Tenant, body: ResetRequest, _: Caller, store: StoreOf, now: Now) -> None:
    """Mail a link by which a forgotten password is replaced. 202 whether or not there is such an account."""
    asked = (tenant, body.workgroup, body.user_name, now)
    async with _as_long_as_others():
        _check(await run_in_threadpool(password_changes.request_reset, store, *asked))


@router.post("/password-reset/confirm", status_code=204, summary="Choose another password by the mail")
async def confirm_reset(tenant: Tenant, body: ResetConfirmation, _: Caller, store: StoreOf, clock: ClockOf) -> None:
    """Replace the password by the link of the mail, once and within an hour. Every session of the account ends."""
    _check(
        await HASHING.run(lambda: password_changes.confirm_reset(store, tenant, body.token, body.new_password, clock()))
    )


@router.post("/password", status_code=204, summary="Change the password")
async def change_password(
    tenant: Tenant, body: PasswordChangeRequest, _: Caller, store: StoreOf, clock: ClockOf
) -> None:
    """Change the password by the present one, an expired one too (TT-09). Every session of the account ends."""
    asked = PasswordChange(Claim(body.workgroup, body.user_name, body.password), body.new_password)
    _check(await HASHING.run(lambda: password_changes.change_password(store, tenant, asked, clock())))


@router.get("/profile", summary="One's own profile")
def show_profile(tenant: Tenant, _: Caller, person: Person, store: StoreOf) -> ProfileView:
    """Return the profile of who is logged in, and which of its fields are theirs to change."""
    return ProfileView.of(_data(profiles.own_data(store, tenant, person)))


@router.patch("/profile", summary="Change one's own profile")
def change_profile(
    tenant: Tenant, body: ProfileChange, _: Caller, person: Person, store: StoreOf, check: SpecCheck, now: Now
) -> ProfileView:
    """Change fields that the policy leaves to the person; from then on the spec does not change them back (MM-11)."""

    def check_user(spec: Any) -> list[Refusal]:  # noqa: ANN401 - any JSON value
        return check(Kind.USER, spec)

    return ProfileView.of(_data(profiles.change_profile(store, tenant, person, body.profile, check_user, now)))


@router.get("/preferences", summary="One's own preferences")
def show_preferences(tenant: Tenant, _: Caller, person: Person, store: StoreOf) -> PreferencesView:
    """Return the preferences of who is logged in, and what each can be."""
    return PreferencesView.of(_data(profiles.own_data(store, tenant, person)))


@router.patch("/preferences", summary="Change one's own preferences")
def change_preferences(
    tenant: Tenant, body: PreferencesChange, _: Caller, person: Person, store: StoreOf, now: Now
) -> PreferencesView:
    """Choose preferences, each from what the policy offers (TT-08)."""
    return PreferencesView.of(_data(profiles.change_preferences(store, tenant, person, body.preferences, now)))


def _arrived(found: Account | Refusal, now: datetime) -> Arrived:
    if isinstance(found, Refusal):
        raise Refused(found)
    return Arrived(account_id=found.id, user_name=found.user_name, state=found.state(now).value)


def _data(found: OwnData | Refusal) -> OwnData:
    if isinstance(found, Refusal):
        raise Refused(found)
    return found


def _check(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused(refusal)
