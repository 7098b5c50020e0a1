"""Members of the projects that a person is in (TH-21)."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import Field

from tenantry.domain.refusal import Refusal
from tenantry.runtime_api.caller import StoreOf
from tenantry.runtime_api.model import Model
from tenantry.runtime_api.problem import Refused
from tenantry.runtime_api.users import AccountId, ForPerson, granted
from tenantry.services import project_team
from tenantry.services.project_team import Part, TeamMember

router = APIRouter(prefix="/v1/{tenant}/projects/{project}/members", tags=["administration"])
Project = Annotated[str, Path(max_length=63, description="The project's name in the workgroup of the person.")]
Rules = Annotated[list[dict[str, Any]], Field(max_length=32)]


class PartRequest(Model):
    """What an account may do with the resources of a project."""

    allow: Rules = Field(default_factory=list, description="As spec.allow of a ProjectMember.")
    deny: Rules = Field(default_factory=list, description="As spec.deny of a ProjectMember: a deny beats every allow.")


class TeamMemberView(PartRequest):
    """A member of a project."""

    id: str = Field(description="The account in the store.")
    user_name: str = Field(description="The login.")
    in_force: bool = Field(description="Whether it is in force; what it denies is in any case.")
    resource: str = Field(default="", description="The ProjectMember resource that owns it, if one does.")


class Team(Model):
    """The members of a project."""

    members: list[TeamMemberView]


@router.get("", summary="List the members of a project")
def list_project_team(project: Project, call: ForPerson, store: StoreOf) -> Team:
    """Return who is in one of the person's own projects, and what is allowed and denied there."""
    return Team(members=[_view(member) for member in granted(project_team.list_team(store, call, project))])


def _view(member: TeamMember) -> TeamMemberView:
    part = member.row.part
    allow, deny = ([rule.model_dump(mode="json", by_alias=True) for rule in rules] for rules in (part.allow, part.deny))
    return TeamMemberView(
        id=member.account_id,
        user_name=member.login,
        in_force=member.row.in_force,
        resource=member.resource,
        allow=allow,
        deny=deny,
    )


@router.put("/{account_id}", status_code=204, summary="Put an account into a project")
def put_member(project: Project, account_id: AccountId, call: ForPerson, store: StoreOf, body: PartRequest) -> None:
    """Put an account into one of the person's own projects, or change what it is allowed and denied there."""
    _done(project_team.put_member(store, call, Part(project, account_id, body.allow, body.deny)))


@router.delete("/{account_id}", status_code=204, summary="Take an account out of a project")
def remove_member(project: Project, account_id: AccountId, call: ForPerson, store: StoreOf) -> None:
    """Take an account out of one of the person's own projects."""
    _done(project_team.remove_member(store, call, Part(project, account_id)))


def _done(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise Refused(refusal)
