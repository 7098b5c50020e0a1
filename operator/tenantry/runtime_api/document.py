"""The OpenAPI document: what the framework tells of the routes, and what it cannot know."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from tenantry.runtime_api.caller import SESSION_HEADER
from tenantry.runtime_api.problem import MEDIA_TYPE, STATUSES, Problem

_REFERENCE = "#/components/schemas/{model}"
#: The framework tells of a form of its own, in which nothing is ever answered.
_UNPROCESSABLE = 422
_METHODS = ("get", "put", "post", "delete", "patch")


def reads(model: type[BaseModel]) -> dict[str, Any]:
    """Return what a route says of a body that it reads by itself, as ``openapi_extra``."""
    schema = model.model_json_schema(ref_template=_REFERENCE)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def reads_all(model: type[BaseModel]) -> dict[str, Any]:
    """Return the same for a route that reads path and token by itself as well."""
    schema = {"type": "string", "maxLength": 253, "title": "Tenant"}
    tenant = {"name": "tenant", "in": "path", "required": True, "schema": schema}
    tenant["description"] = "The namespace of the tenant."
    return reads(model) | {"parameters": [tenant], "security": [{"HTTPBearer": []}]}


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
    content = {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
    for operation in _operations(document):
        for parameter in operation.get("parameters", ()):
            if parameter["name"] == SESSION_HEADER:
                parameter["required"] = True
                parameter["schema"].pop("default", None)
        for status in STATUSES:
            known = operation["responses"].get(str(status))
            if known is None or status == _UNPROCESSABLE:
                operation["responses"][str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
        for body in operation.get("requestBody", {}).get("content", {}).values():
            schemas |= body["schema"].pop("$defs", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from (path[method] for method in _METHODS if method in path)
