"""Workgroup: what is asked of a person, and what a person can choose."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    SET,
    LanguageTag,
    Name,
    Reference,
    SpecModel,
    Text,
    TimezoneName,
    cel,
    rules,
)


class UserType(StrEnum):
    """Whether the person belongs to the organization; says nothing of the license."""

    INTERNAL = "Internal"
    EXTERNAL = "External"


class ProfileField(StrEnum):
    """The profile fields that a policy can require, by their path in a User's spec."""

    PASSWORD = "password"  # noqa: S105 - the name of a field
    DISPLAY_NAME = "displayName"
    GIVEN_NAME = "name.givenName"
    FAMILY_NAME = "name.familyName"
    ORGANIZATION = "organization"
    EMAILS = "emails"
    PHONE_NUMBERS = "phoneNumbers"
    STREET_ADDRESS = "addresses.streetAddress"
    LOCALITY = "addresses.locality"
    REGION = "addresses.region"
    POSTAL_CODE = "addresses.postalCode"
    COUNTRY = "addresses.country"


class SelfServiceField(StrEnum):
    """Profile fields that a policy can leave to the person, by their path in a User's spec."""

    DISPLAY_NAME = "displayName"
    NAME = "name"
    EMAILS = "emails"
    PHONE_NUMBERS = "phoneNumbers"
    ADDRESSES = "addresses"
    PREFERRED_LANGUAGE = "preferredLanguage"
    TIMEZONE = "timezone"
    PREFERENCES = "preferences"


class AttributeFormat(StrEnum):
    """The form of an attribute's value."""

    TEXT = "Text"
    MAC_ADDRESS = "MACAddress"
    INTEGER = "Integer"
    BOOLEAN = "Boolean"
    DATE = "Date"
    SEQUENCE = "Sequence"


class DefaultAddress(SpecModel):
    """The parts of an address that a User may leave out."""

    street_address: Annotated[str, StringConstraints(max_length=512)] | None = Field(
        default=None, description="Street and number."
    )
    locality: Text | None = Field(default=None, description="City.")
    region: Text | None = Field(default=None, description="State or region.")
    postal_code: Annotated[str, StringConstraints(max_length=32)] | None = Field(default=None, description="ZIP code.")
    country: Text | None = Field(default=None, description="Country.")


class ProfileDefaults(SpecModel):
    """Values of profile fields that a User leaves out."""

    organization: Text | None = Field(default=None, description="The company.")
    address: DefaultAddress = Field(
        default=DefaultAddress(),
        description="Parts that the User's first address lacks, or the whole of it where it has none.",
    )
    preferred_language: LanguageTag | None = Field(default=None, description="Language tag (RFC 5646).")
    timezone: TimezoneName | None = Field(
        default=None, description="Time zone by its IANA name. Passed on; not looked up."
    )


class ProfilePolicy(SpecModel):
    """Which profile fields this workgroup asks for."""

    required: tuple[ProfileField, ...] = Field(
        default=(),
        max_length=16,
        description="Fields that every User of this workgroup must have.",
        json_schema_extra=SET,
    )
    defaults: ProfileDefaults = Field(default=ProfileDefaults(), description="Values of fields that a User leaves out.")
    self_service: tuple[SelfServiceField, ...] = Field(
        default=(),
        max_length=8,
        description=(
            "Fields that belong to the person once the account is active: what a resource says of them after that is "
            "reported (ProfileInSync) and changes nothing."
        ),
        json_schema_extra=SET,
    )


class AttributeDefinition(SpecModel):
    """An attribute that accounts of this workgroup have."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "self.format != 'Sequence' || !self.required",
                "the store assigns a Sequence: it cannot be required of a User",
                ".required",
            )
        )
    )

    name: Name = Field(description="The attribute's name.")
    format: AttributeFormat = Field(
        default=AttributeFormat.TEXT,
        description="The form of the value. A Sequence is assigned by the store and shown in status.assigned.",
    )
    required: bool = Field(default=False, description="Whether every User must give a value. Not for a Sequence.")
    max_length: Annotated[int, Field(ge=1, le=256)] = Field(default=256, description="The most characters of a value.")


class PreferenceDefinition(SpecModel):
    """A preference with a closed list of values."""

    name: Name = Field(description="The preference's name.")
    values: tuple[Reference, ...] = Field(
        min_length=1, max_length=64, description="The values to choose from.", json_schema_extra=SET
    )
    default: Reference | None = Field(default=None, description="The value of a User that gives none.")


class Notification(SpecModel):
    """An event that members can ask to be told of."""

    name: Reference = Field(description="The event's name.")
    display_name: Text | None = Field(default=None, description="The event's name for people.")


class TextAlerts(SpecModel):
    """Alerts by text message."""

    carriers: tuple[Reference, ...] = Field(
        default=(),
        max_length=64,
        description="The mobile providers to choose from; none means that this workgroup sends no text alerts.",
        json_schema_extra=SET,
    )
