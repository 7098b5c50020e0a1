"""Which of SCIM's attributes there are, as its discovery tells it (RFC 7643).

What identity providers send beside these is let go: an account has no place for it.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from scim2_models import (
    URN,
    AnyExtension,
    AuthenticationScheme,
    Bulk,
    CaseExact,
    ChangePassword,
    ComplexAttribute,
    ETag,
    Extension,
    Filter,
    Mutability,
    Patch,
    Reference,
    Required,
    Resource,
    ResourceType,
    Returned,
    ScimPolicy,
    ScimProvider,
    ServiceProviderConfig,
    Sort,
    Uniqueness,
)

from tenantry.domain.scim import EXTENSION

#: Operations of one bulk request, each a transaction of its own.
MOST_OPERATIONS = 200
#: A quarter below what any request may be, so that a larger one is answered in SCIM's form.
LARGEST_BULK = 768 * 1024
MOST_RESULTS = 200


def _true_or_false(value: object) -> object:
    """Refuse what only looks like a truth value; Microsoft Entra sends it as text, in any case."""
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    if value is None or isinstance(value, bool):
        return value
    raise ValueError(_NO_TRUTH)


_NO_TRUTH = "must be true or false"
Truth = Annotated[bool | None, BeforeValidator(_true_or_false)]


class Kind(StrEnum):
    """Whose account it is."""

    INTERNAL = "Internal"
    EXTERNAL = "External"


class License(StrEnum):
    """A license type."""

    STATIC = "Static"
    FLOATING = "Floating"
    RESTRICTED = "Restricted"


class Name(ComplexAttribute):
    """The parts of a person's name."""

    family_name: str | None = None
    given_name: str | None = None


class Email(ComplexAttribute):
    """One email address."""

    value: Annotated[str | None, Required.true] = None
    type: str | None = Field(None, examples=["work", "home", "other"])
    primary: Truth = None


class PhoneNumber(ComplexAttribute):
    """One phone number."""

    value: Annotated[str | None, Required.true] = None
    type: str | None = Field(None, examples=["work", "mobile", "fax", "other"])


class Address(ComplexAttribute):
    """One postal address."""

    street_address: str | None = None
    locality: str | None = None
    region: str | None = None
    postal_code: str | None = None
    country: str | None = None
    type: str | None = Field(None, examples=["work", "home", "other"])


class UserGroup(ComplexAttribute):
    """A group that the account is in."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    ref: Annotated[Reference["Group"] | None, Mutability.read_only] = Field(
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    display: Annotated[str | None, Mutability.read_only] = None
    type: Annotated[str | None, Mutability.read_only] = Field(None, examples=["direct"])


class UserRole(ComplexAttribute):
    """The role in the Workgroup that ``type`` names."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    type: Annotated[str | None, Mutability.read_only, CaseExact.true] = None


class Entitlement(ComplexAttribute):
    """The license that the account has, and from which LicensePool."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    type: Annotated[str | None, Mutability.read_only] = None
    display: Annotated[str | None, Mutability.read_only, CaseExact.true] = None


class User(Resource[AnyExtension]):
    """An account."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true, Mutability.immutable] = None
    name: Name | None = None
    display_name: str | None = None
    user_type: str | None = Field(None, examples=[kind.value for kind in Kind])
    preferred_language: str | None = Field(None, examples=["en", "de", "fr", "es", "it"])
    timezone: str | None = None
    active: Truth = None
    password: Annotated[str | None, Mutability.write_only, Returned.never, CaseExact.true] = None
    emails: list[Email] | None = None
    phone_numbers: list[PhoneNumber] | None = None
    addresses: list[Address] | None = None
    groups: Annotated[list[UserGroup] | None, Mutability.read_only] = None
    roles: Annotated[list[UserRole] | None, Mutability.read_only] = None
    entitlements: Annotated[list[Entitlement] | None, Mutability.read_only] = None


class Asked(Extension):
    """What a client asks for an account instead of its own defaults."""

    __schema__ = URN(EXTENSION)

    license_type: Annotated[str | None, CaseExact.true] = Field(None, examples=[license_.value for license_ in License])
    workgroups: Annotated[list[str] | None, CaseExact.true] = None


class GroupMember(ComplexAttribute):
    """An account in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference["User"] | None, Mutability.immutable] = Field(  # type: ignore[type-arg]
        None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(None, examples=["User"])
    display: Annotated[str | None, Mutability.read_only, Returned.request] = None


class Group(Resource[Any]):
    """A group of a Workgroup, or one that a client made."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[GroupMember] | None = None


SERVED_USER: Any = User[Asked]

_CONFIG = ServiceProviderConfig(
    patch=Patch(supported=True),
    bulk=Bulk(supported=True, max_operations=MOST_OPERATIONS, max_payload_size=LARGEST_BULK),
    filter=Filter(supported=True, max_results=MOST_RESULTS),
    change_password=ChangePassword(supported=True),
    sort=Sort(supported=True),
    etag=ETag(supported=True),
    authentication_schemes=[
        AuthenticationScheme(
            type=AuthenticationScheme.Type.oauthbearertoken,
            name="Bearer token",
            description="The token that `tenantry clients create --scope scim` printed.",
        )
    ],
)

PROVIDER = ScimProvider(
    models=[User, Asked, Group],
    resource_types=[ResourceType.from_resource(SERVED_USER), ResourceType.from_resource(Group)],
    config=_CONFIG,
    policy=ScimPolicy(unknown=ScimPolicy.Unknown.ignore, remove_value_as_filter=ScimPolicy.RemoveValue.apply),
)
