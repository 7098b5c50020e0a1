"""Accounts made, edited, deleted and restored for a person."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Self

from fastapi import APIRouter, Path, Response
from pydantic import Field

from tenantry.domain.administration import Target
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.runtime_api.users import AccountId, ForPerson, granted
from tenantry.services import user_deletions, user_edits
from tenantry.services.managed import Done
from tenantry.services.user_deletions import Deletion, Gone, Settled
from tenantry.services.user_edits import NewUser
from tenantry.specs.workgroup_capability import Capability

router = APIRouter(prefix="/v1/{tenant}", tags=["administration"])
_MOST = 500
Name = Annotated[str, Field(min_length=1, max_length=63)]
Ids = Annotated[list[Annotated[str, Field(max_length=64)]], Field(min_length=1, max_length=_MOST)]


class Warned(Model):
    """Something that is accepted and worth telling."""

    reason: str
    message: str


class Written(Model):
    """An account as it was made or changed."""

    id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login.")
    state: str = Field(description="As status.state of a User.")
    warnings: list[Warned] = Field(default_factory=list, description="What is worth telling of it.")

    @classmethod
    def of(cls, done: Done, call: ForPerson) -> Self:
        """Return what came of a write.

        Raises:
            Refused: nothing did.
        """
        if done.refusal is not None or done.account is None:
            gone = Refusal(Reason.USER_NOT_FOUND, "id", "there is no such account any more")
            raise Refused(done.refusal or gone)
        warned = [Warned(reason=w.reason.value, message=w.message) for w in done.warnings if not w.holds]
        account = done.account
        return cls(id=account.id, user_name=account.user_name, state=account.state(call.now).value, warnings=warned)


class NewUserRequest(Model):
    """An account to be made."""

    spec: dict[str, Any] = Field(description="As the spec of a User resource; the workgroup is the person's own.")
    password: str | None = Field(default=None, max_length=1024, repr=False, description="The first password, if any.")

    def new(self) -> NewUser:
        """Return what is asked for."""
        return NewUser(self.spec, self.password)


class Patch(Model):
    """A change of an account."""

    spec: dict[str, Any] = Field(description="A merge patch (RFC 7396): null takes out, lists are replaced.")


class RoleRequest(Model):
    """What an account is to be in the workgroup of the person."""

    role: Name | None = Field(default=None, description="The role; null for none.")
    groups: list[Name] | None = Field(default=None, max_length=16, description="The groups; absent leaves them.")


class AddRequest(RoleRequest):
    """Who is added to the workgroup of the person, and as what."""

    ids: Ids = Field(description="The accounts; each has access already, or was deleted from here.")


class MembersRequest(Model):
    """Who joins a group."""

    ids: Ids = Field(description="The accounts.")


class Outcome(Model):
    """What came of one of many."""

    id: str = Field(default="", description="The account; empty where none was made.")
    user_name: str = Field(default="", description="The login.")
    done: bool = Field(description="Whether it was done, or without confirm: whether it would be.")
    reason: str = Field(default="", description="Why not, as one of docs/reasons.md.")
    detail: str = Field(default="", description="Why not, in words.")


class Outcomes(Model):
    """What came of each, in the order of the request."""

    results: list[Outcome]


class Choice(Model):
    """What is to become of one kind of what an account holds."""

    workgroup: str = Field(max_length=253, description="The Workgroup whose application registered it.")
    kind: Name = Field(description="The kind, or * for every kind that has no entry of its own.")
    reassign_to: str | None = Field(default=None, max_length=254, description="The login that is given it.")
    drop: bool = Field(default=False, description="Whether it is dropped, where the policy lets it be.")

    def settled(self) -> Settled:
        """Return the choice."""
        return Settled(self.workgroup, self.kind, self.reassign_to, self.drop)


class DeleteUserRequest(Model):
    """What is to become of what the account holds."""

    holdings: list[Choice] = Field(default_factory=list, max_length=64, description="By workgroup and kind.")


class DeleteUsersRequest(DeleteUserRequest):
    """Who is to go."""

    ids: Ids = Field(description="The accounts.")
    confirm: bool = Field(default=False, description="Without a true nothing is deleted: the answer tells what would.")


class Held(Model):
    """What an account holds."""

    workgroup: str
    kind: str
    count: int


class Deleted(Outcome):
    """What became, or would become, of one account."""

    holdings: list[Held] = Field(default_factory=list, description="What it holds and has to be settled.")


class DeleteAnswer(Model):
    """What became of each, or would."""

    confirmed: bool = Field(description="Whether anything was done.")
    results: list[Deleted]


@router.post("/users", status_code=201, summary="Create an account")
def create_user(call: ForPerson, store: StoreOf, body: NewUserRequest, response: Response) -> Written:
    """Make an account in the workgroup of the person. It counts against the same limits as any other."""
    (done,) = granted(user_edits.create_users(store, call, [body.new()], Capability.CREATE_USERS))
    written = Written.of(done, call)
    response.headers["Location"] = f"/v1/{call.namespace}/users/{written.id}"
    return written


@router.patch("/users/{account_id}", summary="Edit an account")
def edit_user(account_id: AccountId, call: ForPerson, store: StoreOf, body: Patch) -> Written:
    """Change an account that the API made, or the profile of a system user that is editable."""
    return Written.of(granted(user_edits.edit_user(store, call, account_id, body.spec)), call)


@router.post("/users/{account_id}/role", summary="Give a role")
def set_role(account_id: AccountId, call: ForPerson, store: StoreOf, body: RoleRequest) -> Written:
    """Give another role, or other groups, in the workgroup of the person."""
    return _first(user_edits.change_entry(store, call, [account_id], Capability.ASSIGN_ROLES, _becomes(body)), call)


@router.post("/users/{account_id}/workgroups", summary="Add an account that has access")
def add_user(account_id: AccountId, call: ForPerson, store: StoreOf, body: RoleRequest) -> Written:
    """Make who has access to the workgroup of the person a member of it (NR-24); one deleted from it comes back."""
    return _first(user_edits.change_entry(store, call, [account_id], Capability.ADD_EXISTING_USERS, _joins(body)), call)


@router.post("/users/add", summary="Add accounts that have access")
def add_users(call: ForPerson, store: StoreOf, body: AddRequest) -> Outcomes:
    """Add several at once, with one role and groups for all."""
    done = granted(user_edits.change_entry(store, call, body.ids, Capability.ADD_EXISTING_USERS, _joins(body)))
    return outcomes(done, body.ids)


@router.post("/groups/{workgroup}/{group}/members", summary="Put accounts into a group")
def join_group(
    workgroup: Annotated[str, Path(description="The Workgroup: the one in which the person acts.")],
    group: Annotated[str, Path(description="The name of one of its groups.")],
    call: ForPerson,
    store: StoreOf,
    body: MembersRequest,
) -> Outcomes:
    """Put many accounts into a group at once (NR-21); each keeps the groups that it has."""
    if workgroup != call.person.session.workgroup:
        message = f'you act in Workgroup "{call.person.session.workgroup}"; log in to the other one for that'
        raise Refused(Refusal(Reason.OUT_OF_REACH, "workgroup", message))

    def change(target: Target) -> dict[str, Any] | Refusal:
        present = target.member.groups if target.member is not None else ()
        return {"groups": list(dict.fromkeys([*present, group]))}

    return outcomes(granted(user_edits.change_entry(store, call, body.ids, Capability.ASSIGN_ROLES, change)), body.ids)


@router.post("/users/{account_id}/restore", summary="Restore a deleted account")
def restore_user(account_id: AccountId, call: ForPerson, store: StoreOf, body: NewUserRequest) -> Written:
    """Restore an account with its id, profile and preferences; ``spec`` says what is to be else (NR-14, NR-15)."""
    return Written.of(granted(user_edits.restore_user(store, call, account_id, body.new())), call)


@router.delete("/users/{account_id}", status_code=204, summary="Delete an account")
def delete_user(account_id: AccountId, call: ForPerson, store: StoreOf, body: DeleteUserRequest | None = None) -> None:
    """Delete an account; what it holds is settled by the choices, or it stays (NR-16, NR-17)."""
    _delete_one(call, store, account_id, body, membership=False)


@router.delete("/users/{account_id}/membership", status_code=204, summary="Delete an account from the workgroup")
def delete_membership(
    account_id: AccountId, call: ForPerson, store: StoreOf, body: DeleteUserRequest | None = None
) -> None:
    """Take an account out of the workgroup of the person: it stays, with its access and other workgroups (NR-25)."""
    _delete_one(call, store, account_id, body, membership=True)


@router.post("/users/delete", summary="Delete several accounts")
def delete_users(call: ForPerson, store: StoreOf, body: DeleteUsersRequest) -> DeleteAnswer:
    """Tell what a deletion would do, and with ``confirm`` do it (IT-18). Who is refused stays as it was."""
    settled = tuple(choice.settled() for choice in body.holdings)
    deletion = Deletion(tuple(body.ids), settled, confirmed=body.confirm)
    gone = granted(user_deletions.delete_users(store, call, deletion))
    return DeleteAnswer(confirmed=body.confirm, results=[_deleted(one) for one in gone])


def _delete_one(call: ForPerson, store: StoreOf, id_: str, body: DeleteUserRequest | None, *, membership: bool) -> None:
    settled = tuple(choice.settled() for choice in body.holdings) if body is not None else ()
    (gone,) = granted(user_deletions.delete_users(store, call, Deletion((id_,), settled, membership)))
    if gone.refusal is not None:
        raise Refused(gone.refusal)


def _deleted(gone: Gone) -> Deleted:
    held = [Held(workgroup=w, kind=k, count=n) for w, k, n in gone.holdings]
    return Deleted(id=gone.account_id, user_name=gone.login, holdings=held, **_fault(gone.refusal))


def _fault(refusal: Refusal | None) -> dict[str, Any]:
    why = {"reason": refusal.reason.value, "detail": str(refusal)} if refusal is not None else {}
    return {"done": refusal is None, **why}


def _first(found: list[Done] | Refusal, call: ForPerson) -> Written:
    (done,) = granted(found)
    return Written.of(done, call)


def outcomes(done: Sequence[Done], ids: Sequence[str] = ()) -> Outcomes:
    """Return what came of each; an account that was made tells its id."""
    asked = list(dict.fromkeys(ids)) or [""] * len(done)
    return Outcomes(
        results=[
            Outcome(
                id=one.account.id if one.account is not None else id_,
                user_name=one.account.user_name if one.account is not None else "",
                **_fault(one.refusal),
            )
            for id_, one in zip(asked, done, strict=True)
        ]
    )


def _becomes(body: RoleRequest) -> Callable[[Target], dict[str, Any] | Refusal]:
    def change(target: Target) -> dict[str, Any] | Refusal:  # noqa: ARG001 - signature
        return {"role": body.role, **({"groups": body.groups} if body.groups is not None else {})}

    return change


def _joins(body: RoleRequest) -> Callable[[Target], dict[str, Any] | Refusal]:
    def change(target: Target) -> dict[str, Any] | Refusal:
        if target.member is None:
            message = f'"{target.account.user_name}" has no access to this workgroup; that is given where it was made'
            return Refusal(Reason.NOT_A_MEMBER, "id", message)
        return {"membership": None, **_becomes(body)(target)}  # type: ignore[dict-item]

    return change
