"""The OpenAPI document: what the framework tells of the routes, and what it cannot know."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from tenantry.runtime_api.caller import SESSION_HEADER
from tenantry.runtime_api.problem import MEDIA_TYPE, STATUSES, Problem

_REFERENCE = "#/components/schemas/{model}"
#: The framework tells of a form of its own, in which nothing is ever answered.
_UNPROCESSABLE = 422
#: What any call may be refused with, and a fault of ours.
_PROBLEMS = (*STATUSES, HTTPStatus.INTERNAL_SERVER_ERROR)
_TEXT, _SECONDS = {"type": "string"}, {"type": "integer", "minimum": 0}
_HEADERS = {
    "X-Request-ID": {"description": "The request's own id, or one that was made.", "required": True, "schema": _TEXT},
    "Location": {"description": "Where what was made is found.", "required": True, "schema": _TEXT},
    "Retry-After": {"description": "After how many seconds another try is worth it, if one is.", "schema": _SECONDS},
    "WWW-Authenticate": {"description": "What is asked for (RFC 6750).", "schema": _TEXT},
}
#: Where a header may be, if not everywhere.
_STATUSES_WITH = {"Location": (201,), "Retry-After": (409, 429, 503), "WWW-Authenticate": (401, 403)}
_METHODS = ("get", "put", "post", "delete", "patch")


def reads(model: type[BaseModel], media_type: str = "application/json") -> dict[str, Any]:
    """Return what a route says of a body that it reads by itself, as ``openapi_extra``."""
    schema = model.model_json_schema(ref_template=_REFERENCE)
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


def reads_all(model: type[BaseModel]) -> dict[str, Any]:
    """Return the same for a route that reads path and token by itself as well."""
    schema = {"type": "string", "maxLength": 253, "title": "Tenant"}
    tenant = {"name": "tenant", "in": "path", "required": True, "schema": schema}
    tenant["description"] = "The namespace of the tenant."
    return reads(model) | {"parameters": [tenant], "security": [{"HTTPBearer": []}]}


def operation_id(route: APIRoute) -> str:
    """Return what generated clients call an operation: as its function, in the case that documents are written in."""
    first, *others = route.name.split("_")
    return first + "".join(word.capitalize() for word in others)


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return the function that makes the document of an application, in place of the framework's own."""
    of_framework = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            _complete(of_framework())
        return of_framework()

    return openapi


def _complete(document: dict[str, Any]) -> None:
    """Add the problems that each operation may answer with, and give the models of its body their place."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template=_REFERENCE)
    schemas |= problem.pop("$defs", {}) | {"Problem": problem}
    document["components"] |= {"headers": _HEADERS, "responses": {_name(s): _problem(s) for s in _PROBLEMS}}
    for operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == SESSION_HEADER:
                parameter["required"] = True
                parameter["schema"].pop("default", None)
        responses = operation["responses"]
        responses.pop(str(_UNPROCESSABLE), None)
        for status, response in responses.items():
            response["headers"] = _headers(int(status)) | response.get("headers", {})
        for refused in _PROBLEMS:
            responses.setdefault(str(refused), {"$ref": f"#/components/responses/{_name(refused)}"})
        for body in operation.get("requestBody", {}).get("content", {}).values():
            schemas |= body["schema"].pop("$defs", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _name(status: int) -> str:
    return f"Problem{status:d}"  # the phrases of some are not the same in every Python


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    server = status == HTTPStatus.INTERNAL_SERVER_ERROR
    told = "A fault of the server's own." if server else "A refusal; `reason` says which."
    return {"description": told, "headers": _headers(status), "content": content}


def _headers(status: int) -> dict[str, Any]:
    """Return what answers of a status carry beside what a route tells of its own."""
    carried = [name for name in _HEADERS if status in _STATUSES_WITH.get(name, (status,))]
    return {name: {"$ref": f"#/components/headers/{name}"} for name in carried}


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what a document says of each call."""
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
