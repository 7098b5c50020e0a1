"""The CustomResourceDefinition of a kind, from its models."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from tenantry.domain.observed import Kind
from tenantry.resources.meta import CATEGORY, GROUP, RESOURCES, VERSION, Resource
from tenantry.resources.schema import Schema, structural_schema

Manifest: TypeAlias = dict[str, Any]
Column: TypeAlias = dict[str, Any]

#: kstatus takes an object without a status for healthy; one whose status speaks of generation -1 is in progress.
UNSEEN = -1
_WIDE = 1


def custom_resource_definition(resource: Resource) -> Manifest:
    """Return the CRD of a kind as one would apply it."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": resource.crd_name},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": _names(resource),
            "conversion": {"strategy": "None"},
            "versions": [_version(resource)],
        },
    }


def _names(resource: Resource) -> Manifest:
    return {
        "kind": str(resource.kind),
        "listKind": resource.list_kind,
        "plural": resource.plural,
        "singular": resource.singular,
        "shortNames": [resource.short_name],
        "categories": [CATEGORY],
    }


def _version(resource: Resource) -> Manifest:
    version: Manifest = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": list(_COLUMNS[resource.kind]),
    }
    if selectable := _SELECTABLE.get(resource.kind):
        version["selectableFields"] = [{"jsonPath": path} for path in selectable]
    return version | {"schema": {"openAPIV3Schema": object_schema(resource)}}


def object_schema(resource: Resource) -> Schema:
    """Return the schema of the whole object."""
    return {
        "description": resource.about,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural_schema(resource.spec, "spec"),
            "status": _status_schema(resource),
        },
    }


def _status_schema(resource: Resource) -> Schema:
    schema = structural_schema(resource.status, "status")
    default = {"observedGeneration": UNSEEN}
    return {"description": schema.pop("description"), "type": schema.pop("type"), "default": default} | schema


def _column(name: str, path: str, type_: str = "string", *, about: str, wide: bool = False) -> Column:
    column: Column = {"name": name, "type": type_, "description": about, "jsonPath": path}
    return column | {"priority": _WIDE} if wide else column


def _of_condition(type_: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].{field}'


_READY = _column("Ready", _of_condition("Ready", "status"), about="Whether the spec is in force.")
_MESSAGE = _column("Message", _of_condition("Ready", "message"), about="Why it is Ready or not.", wide=True)
_AGE = _column("Age", ".metadata.creationTimestamp", "date", about="Since when the object exists.")
_FIRST_WORKGROUP = "The first of the workgroups; a column shows one value, and spec.workgroups has them all."

_COLUMNS: Mapping[Kind, tuple[Column, ...]] = {
    Kind.USER: (
        _READY,
        _column("User", ".spec.userName", about="The login."),
        _column("License", ".status.license.type", about="The license type of the seat held."),
        _column("Role", ".status.workgroups[0].role", about="The role that the account has in its first workgroup."),
        _column("State", ".status.state", about="The state of the account."),
        _AGE,
        _column("Workgroup", ".spec.workgroups[0].workgroupRef", about=_FIRST_WORKGROUP, wide=True),
        _column("Email", ".spec.emails[0].value", about="The first email address.", wide=True),
        _MESSAGE,
    ),
    Kind.LICENSE_POOL: (
        _READY,
        _column("Limit", ".status.capacity", "integer", about="Accounts that all licenses and limits let in."),
        _column("Used", ".status.used", "integer", about="Accounts that hold a seat or count against a limit."),
        _column("Free", ".status.free", "integer", about="Capacity not in use."),
        _column("Waiting", ".status.waiting", "integer", about="Accounts waiting for a seat or a limit."),
        _AGE,
        _MESSAGE,
    ),
    Kind.WORKGROUP: (
        _READY,
        _column("Pool", ".spec.licensePoolRef", about="The LicensePool that seats its accounts."),
        _AGE,
        _MESSAGE,
    ),
    Kind.PROJECT_MEMBER: (
        _READY,
        _column("Workgroup", ".spec.workgroupRef", about="The Workgroup that defines the project."),
        _column("Project", ".spec.project", about="The project."),
        _column("User", ".spec.userRef", about="The User, by the name of its resource."),
        _AGE,
        _MESSAGE,
    ),
}
#: What `kubectl get --field-selector` and a list by the operator can ask for.
_SELECTABLE: Mapping[Kind, tuple[str, ...]] = {Kind.USER: (".spec.userName", ".status.state")}


def all_definitions() -> dict[str, Manifest]:
    """Return every CRD by its plural name."""
    return {resource.plural: custom_resource_definition(resource) for resource in RESOURCES.values()}
