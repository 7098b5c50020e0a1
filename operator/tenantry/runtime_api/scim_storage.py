"""The identity store as the storage of the SCIM server: it reads and writes through services."""

from collections.abc import Callable
from typing import Any, Never

from scim2_models import (
    ConflictException,
    ForbiddenException,
    InvalidFilterException,
    InvalidValueException,
    MutabilityException,
    NotFoundException,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    SCIMException,
    SearchRequest,
    UniquenessException,
)
from scim2_server.storage import ScimStorage, SearchPage

from tenantry.domain.query import Unsearchable
from tenantry.domain.reason import Reason
from tenantry.domain.refusal import Refusal
from tenantry.domain.scim import in_words_of_scim
from tenantry.runtime_api.model import NOT_TEXT, is_text
from tenantry.runtime_api.scim_filter import page_of
from tenantry.runtime_api.scim_schema import PROVIDER
from tenantry.services import scim_groups, scim_users
from tenantry.services.scim_groups import WantedGroup
from tenantry.services.scim_users import Caller, Wanted
from tenantry.store import Store

_USER, _MEMBERS = "User", "members"
#: What the store itself has room for; the rest is for the schema of a User to say.
_LONGEST = {"externalId": 256, "displayName": 256}
_EXCEPTIONS: dict[Reason, type[SCIMException]] = {
    Reason.USER_NOT_FOUND: NotFoundException,
    Reason.CHANGED_MEANWHILE: PreconditionFailedException,
    Reason.FIELD_IMMUTABLE: MutabilityException,
    Reason.MANAGED_BY_KUBERNETES: ForbiddenException,
    Reason.DETACHED: ForbiddenException,
    Reason.EXTERNAL_ID_TAKEN: UniquenessException,
    Reason.LOGIN_TAKEN: UniquenessException,
    Reason.LOGIN_DELETED: UniquenessException,
    Reason.LOGIN_RESERVED: UniquenessException,
    Reason.SEAT_LIMIT_REACHED: ConflictException,
    Reason.LIMIT_REACHED: ConflictException,
    Reason.ROLE_LIMIT_REACHED: ConflictException,
    Reason.PLAN_FORBIDS_ACCOUNTS: ConflictException,
    Reason.HOLDINGS_LEFT: ConflictException,
    Reason.GROUP_BY_DEFAULT: ConflictException,
}


def refuse(refusal: Refusal) -> Never:
    """Raise a refusal as SCIM has it; what the request itself is wrong in is an invalid value.

    Raises:
        SCIMException: always.
    """
    exception = _EXCEPTIONS.get(refusal.reason, InvalidValueException)
    raise exception(detail=f"{refusal.reason.value}: {in_words_of_scim(refusal)}")


class StoreStorage(ScimStorage):
    """One client's view of its tenant."""

    def __init__(self, store: Store, caller: Caller) -> None:
        self._store = store
        self._caller = caller

    def get(
        self,
        resource_type: ResourceType,
        resource_id: str,
        *,
        response_parameters: ResponseParameters[Any] | None = None,
    ) -> Resource[Any]:
        """Return a resource."""
        read = scim_users.get_user if _is_user(resource_type) else scim_groups.get_group
        found = read(self._store, self._caller.client.tenant_id, resource_id)
        if found is None:
            raise NotFoundException(detail=f'there is no {resource_type.name} "{resource_id}"')
        return _parse(resource_type, _asked_for(found, response_parameters))

    def search(
        self,
        resource_types: list[ResourceType],
        search_request: SearchRequest[Any],
        *,
        position: Any = None,  # noqa: ANN401, ARG002 - as the server has it
    ) -> SearchPage:
        """Return one page of Users, Groups or both, found and sorted by the database."""
        types = {resource_type.name: resource_type for resource_type in resource_types}
        try:
            asked = {str(name): page_of(search_request, PROVIDER.model_for(types[name])) for name in types}
            total, found = scim_groups.search(self._store, self._caller.client.tenant_id, asked)
        except Unsearchable as error:
            raise InvalidFilterException(detail=str(error)) from error
        return SearchPage(total, [_parse(types[kind], _asked_for(each, search_request)) for kind, each in found])

    def create(self, resource_type: ResourceType, resource: Resource[Any]) -> Resource[Any]:
        """Make a resource."""
        wanted, password = _dump(resource)
        if _is_user(resource_type):
            made = scim_users.create_user(self._store, self._caller, Wanted(wanted, password))
        else:
            made = scim_groups.create_group(self._store, self._caller, WantedGroup.of(wanted))
        return _parse(resource_type, _accepted(made))

    def update(
        self, resource_type: ResourceType, resource: Resource[Any], *, expected_version: str | None = None
    ) -> Resource[Any]:
        """Make a resource what is given, if it still is what it was."""
        wanted, password = _dump(resource)
        id_ = str(resource.id)
        if _is_user(resource_type):
            changed = Wanted(wanted, password, expected_version)
            written = scim_users.update_user(self._store, self._caller, id_, changed)
        else:
            written = scim_groups.update_group(self._store, self._caller, id_, WantedGroup.of(wanted, expected_version))
        return _parse(resource_type, _accepted(written))

    def delete(self, resource_type: ResourceType, resource_id: str, *, expected_version: str | None = None) -> None:
        """Delete a resource, if it still is what it was."""
        delete: Callable[..., Refusal | None] = (
            scim_users.delete_user if _is_user(resource_type) else scim_groups.remove_group
        )
        refusal = delete(self._store, self._caller, resource_id, expected_version)
        if refusal is not None:
            refuse(refusal)


def _is_user(resource_type: ResourceType) -> bool:
    return resource_type.name == _USER


def _asked_for(found: dict[str, Any], parameters: ResponseParameters[Any] | None) -> dict[str, Any]:
    """Return a resource without its members, where nobody asked for them: the server would check each for nothing.

    What else is not asked for, the server leaves out.
    """
    named = [_attribute(path) for path in (parameters and parameters.attributes) or ()]
    hidden = [_attribute(path) for path in (parameters and parameters.excluded_attributes) or ()]
    left_out = _MEMBERS in hidden or (named and not any(name.startswith(_MEMBERS) for name in named))
    return {name: value for name, value in found.items() if name != _MEMBERS} if left_out else found


def _attribute(path: object) -> str:
    """Return the name of an attribute without its schema's."""
    return str(path).rpartition(":")[2].lower()


def _parse(resource_type: ResourceType, found: dict[str, Any]) -> Resource[Any]:
    model: Any = PROVIDER.model_for(resource_type)
    parsed: Resource[Any] = model.model_validate(found)
    return parsed


def _dump(resource: Resource[Any]) -> tuple[dict[str, Any], str | None]:
    """Return a resource as plain JSON, and its password apart: it goes nowhere else.

    Raises:
        InvalidValueException: a text of it cannot be kept.
    """
    found = resource.model_dump(mode="json")
    if not is_text(found):
        raise InvalidValueException(detail=NOT_TEXT)
    for name, longest in _LONGEST.items():
        if len(found.get(name) or "") > longest:
            raise InvalidValueException(detail=f"{name} is too long; at most {longest} characters are kept")
    return found, found.pop("password", None)


def _accepted(made: dict[str, Any] | Refusal) -> dict[str, Any]:
    if isinstance(made, Refusal):
        refuse(made)
    return made
