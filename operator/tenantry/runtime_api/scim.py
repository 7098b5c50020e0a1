"""SCIM 2.0 (RFC 7643, 7644): accounts and groups for an identity provider. The protocol is scim2-server's."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse
from scim2_models import Error, NotImplementedException, ResourceType, SCIMException, UnauthorizedException
from scim2_server.errors import UnsupportedMediaTypeException
from scim2_server.handler import ScimHandler
from scim2_server.requests import ScimRequest
from scim2_server.responses import SCIM_MEDIA_TYPE, ScimResponse
from scim2_server.service import ScimService

from tenantry.domain.client import Scope
from tenantry.domain.scim import EXTENSION
from tenantry.runtime_api.caller import SESSION_HEADER, Now, SpecCheck, StoreOf, Tenant, address_of, needs
from tenantry.runtime_api.scim_filter import with_place
from tenantry.runtime_api.scim_patch import check_targets
from tenantry.runtime_api.scim_schema import PROVIDER
from tenantry.runtime_api.scim_storage import StoreStorage
from tenantry.services.clients import Client
from tenantry.services.scim_users import Caller
from tenantry.services.sessions import Known, introspect
from tenantry.services.workgroups import list_workgroups

#: What a body may be; the specification asks for the first.
_MEDIA_TYPES = f"send the body as {SCIM_MEDIA_TYPE} or application/json"
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class _Service(ScimService):
    """Tells the tenant's own Workgroups where it tells what can be asked for, and who ``/Me`` is."""

    def __init__(self, workgroups: Callable[[], list[str]], person: Callable[[str], Known | None]) -> None:
        super().__init__(PROVIDER)
        self._workgroups = workgroups
        self._person = person

    def me_target(self, request: ScimRequest) -> tuple[ResourceType, str]:
        """Return the account of the person for whom the application calls (RFC 7644 3.11).

        Raises:
            SCIMException: it calls for nobody, or the session is over.
        """
        token = request.header(SESSION_HEADER)
        if token is None:
            raise NotImplementedException(detail=f"/Me is the person whose session is in {SESSION_HEADER}; send that")
        known = self._person(token)
        if known is None:
            raise UnauthorizedException(detail="the session is over, or is none of this tenant; log in again")
        return self.get_resource_type("User"), known.account.id

    def schemas(self, location: str, query: Mapping[str, str]) -> ScimResponse:
        """Return the list of the schemas."""
        found = super().schemas(location, query)
        for schema in (found.body or {}).get("Resources", ()):
            self._tell(schema)
        return found

    def schema(self, location: str, schema_id: str, query: Mapping[str, str]) -> ScimResponse:
        """Return a single schema."""
        found = super().schema(location, schema_id, query)
        self._tell(found.body or {})
        return found

    def read_patch(self, resource_type: ResourceType, body: bytes, content_type: str | None) -> Any:  # noqa: ANN401 - a model made at run time
        """Read a PATCH, which speaks of what there is."""
        patch = super().read_patch(resource_type, body, content_type)
        check_targets(str(resource_type.name), self.get_model(resource_type), patch)
        return patch

    @staticmethod
    def ensure_json(content_type: str | None) -> None:
        """Refuse a body that is not JSON."""
        try:
            ScimService.ensure_json(content_type)
        except UnsupportedMediaTypeException as error:
            raise UnsupportedMediaTypeException(detail=_MEDIA_TYPES) from error

    @staticmethod
    def error_of(exception: Exception) -> Error:
        """Return the error of an exception; of a filter or path with what stands where it cannot be read."""
        error = ScimService.error_of(exception)
        error.detail = with_place(error.detail or "", exception)
        return error

    def _tell(self, schema: dict[str, Any]) -> None:
        if schema.get("id") == EXTENSION:
            for attribute in schema["attributes"]:
                if attribute["name"] == "workgroups":
                    attribute["canonicalValues"] = self._workgroups()


router = APIRouter(prefix="/v1/{tenant}/scim/v2", tags=["scim"])
ScimClient = Annotated[Client, Depends(needs(Scope.SCIM))]


def _caller(client: ScimClient, moment: Now, check_spec: SpecCheck) -> Caller:
    return Caller(client, moment, check_spec)


Asking = Annotated[Caller, Depends(_caller)]


async def _body(request: Request) -> bytes:
    return await request.body()


@router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
def serve(
    request: Request, caller: Asking, tenant: Tenant, path: str, store: StoreOf, body: Annotated[bytes, Depends(_body)]
) -> Response:
    """Serve whatever SCIM has: Users, Groups, Bulk, .search, and the discovery."""
    service = _Service(
        lambda: sorted(list_workgroups(store, tenant)), lambda token: introspect(store, tenant, token, caller.now)
    )
    asked = ScimRequest(
        method=request.method,
        base_url=f"{address_of(request)}/v1/{tenant}/scim/v2",
        path=f"/{path}",
        query=dict(request.query_params),
        headers=request.headers,
        body=body,
    )
    try:
        found = ScimHandler(service, StoreStorage(store, caller)).handle(asked)
    except SCIMException as error:
        found = service.error_response(error)
    return _response(found)


def _response(found: ScimResponse) -> Response:
    media_type = found.headers.pop("Content-Type", SCIM_MEDIA_TYPE)
    if found.body is None:
        return Response(status_code=found.status, headers=found.headers)
    return JSONResponse(found.body, found.status, found.headers, media_type)
