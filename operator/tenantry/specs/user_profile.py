"""User: the person, and the ways to reach them."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    Reference,
    SecretKeyRef,
    SpecModel,
    Text,
    cel,
    rules,
)

#: CRD ``format: email`` takes ``a@b`` and ``Foo <a@b.de>``; the pattern takes neither.
EMAIL_PATTERN = (
    r"^[^\x00-\x20\x7f-\xa0@<>(),;:\"\[\]\\]+@"
    r"[^\x00-\x20\x7f-\xa0@<>(),;:\"\[\]\\]+\.[^\x00-\x20\x7f-\xa0@<>(),;:\"\[\]\\.]+$"
)


EmailAddress = Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=EMAIL_PATTERN)]


PhoneNumber = Annotated[str, StringConstraints(min_length=2, max_length=40, pattern=r"^[+]?[0-9(][0-9 ()./x-]*$")]


HostName = Annotated[str, StringConstraints(max_length=253, pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")]


class PersonName(SpecModel):
    """The parts of a person's name (SCIM name)."""

    given_name: Text | None = Field(default=None, description="First name.")
    family_name: Text | None = Field(default=None, description="Last name.")


class Email(SpecModel):
    """One email address (SCIM emails)."""

    value: EmailAddress = Field(description="The address, without a display name.")
    type: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = Field(
        default=None, description="What it is used for: work, home, …"
    )
    primary: bool = Field(default=False, description="Whether this is the address to write to. At most one is.")


class Phone(SpecModel):
    """One phone number (SCIM phoneNumbers)."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(
        description="What it reaches: work, mobile, fax, …"
    )
    value: PhoneNumber = Field(description="The number.")


class Address(SpecModel):
    """One postal address (SCIM addresses)."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=32)] = Field(description="work, home, …")
    street_address: Annotated[str, StringConstraints(max_length=512)] | None = Field(
        default=None, description="Street and number; a second line stands here too, after a line break."
    )
    locality: Text | None = Field(default=None, description="City.")
    region: Text | None = Field(default=None, description="State or region.")
    postal_code: Annotated[str, StringConstraints(max_length=32)] | None = Field(default=None, description="ZIP code.")
    country: Text | None = Field(default=None, description="Country.")


class EmailProvider(StrEnum):
    """Through what mail is sent on behalf of the account."""

    GOOGLE = "Google"
    OFFICE_365 = "Office365"
    SMTP = "SMTP"


class MailSecurity(StrEnum):
    """How a connection to a mail server is secured."""

    START_TLS = "StartTLS"
    IMPLICIT = "Implicit"
    NONE = "None"


class TextAlertRequest(SpecModel):
    """Alerts by text message to the account's first phone number."""

    carrier: Reference | None = Field(default=None, description="The mobile provider, one of the workgroup's carriers.")


class SmtpServer(SpecModel):
    """A mail server."""

    host: HostName = Field(description="The server's name or address.")
    port: Annotated[int, Field(ge=1, le=65535)] = Field(default=587, description="The server's port.")
    tls: MailSecurity = Field(default=MailSecurity.START_TLS, description="How the connection is secured.")


class EmailIntegration(SpecModel):
    """The mailbox that the application sends from on behalf of the account."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "(self.provider == 'SMTP') == has(self.smtp)",
                "provider SMTP needs smtp, and no other takes it",
                ".smtp",
            )
        )
    )

    provider: EmailProvider = Field(description="Google, Office365, or SMTP.")
    secret_key_ref: SecretKeyRef = Field(description="The Secret's key that holds the credential.")
    smtp: SmtpServer | None = Field(default=None, description="The mail server. With provider SMTP only.")
