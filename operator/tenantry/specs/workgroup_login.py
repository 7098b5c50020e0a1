"""Workgroup: logins, passwords, and how a person comes to use an account."""

from enum import StrEnum
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from tenantry.specs.base import (
    IMMUTABLE,
    SET,
    Reference,
    SecretKeyRef,
    SpecModel,
    cel,
    rules,
)


class CharacterSet(StrEnum):
    """The encodings a workgroup's application may be bound to (names of the IANA registry)."""

    UTF_8 = "UTF-8"
    US_ASCII = "US-ASCII"
    ISO_8859_1 = "ISO-8859-1"
    ISO_8859_15 = "ISO-8859-15"
    WINDOWS_1252 = "windows-1252"
    SHIFT_JIS = "Shift_JIS"
    GB18030 = "GB18030"


class LoginBy(StrEnum):
    """What a person types to log in."""

    USER_NAME = "UserName"
    PRIMARY_EMAIL = "PrimaryEmail"


class LoginFormat(StrEnum):
    """What a userName must look like."""

    NAME = "Name"
    EMAIL = "Email"


class AuthenticationMode(StrEnum):
    """Where a password is kept and compared."""

    PASSWORD = "Password"  # noqa: S105 - a mode
    DIRECTORY = "Directory"


class OnboardingMode(StrEnum):
    """How a person comes to use the account."""

    PROVISIONED = "Provisioned"
    INVITATION = "Invitation"
    SIGN_UP = "SignUp"


class EmailVerification(StrEnum):
    """Whether the person must show that the address is theirs before the first log-in."""

    REQUIRED = "Required"
    ASSUMED = "Assumed"


class PasswordExpiry(StrEnum):
    """Whether passwords of the workgroup expire: for all, for those who do not opt out, for nobody."""

    ALWAYS = "Always"
    OPTIONAL = "Optional"
    NEVER = "Never"


class SystemLogin(StrEnum):
    """Whether a system user may log in."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"


class SystemProfile(StrEnum):
    """Whether people may edit a system user's profile."""

    FIXED = "Fixed"
    EDITABLE = "Editable"


class LoginPolicy(SpecModel):
    """What a person logs in by, and what a userName of this workgroup must look like."""

    by: LoginBy = Field(
        default=LoginBy.USER_NAME,
        description=(
            "UserName: by that. PrimaryEmail: by the account's primary email address, which is then asked for and no "
            "two members share; a new one once it is verified, where that is asked for."
        ),
        json_schema_extra=rules(cel(IMMUTABLE, "login.by cannot change; make another Workgroup")),
    )
    format: LoginFormat = Field(default=LoginFormat.NAME, description="Name takes any text; Email an email address.")
    max_length: Annotated[int, Field(ge=1, le=254)] = Field(
        default=254, description="The most characters (Unicode code points, as written)."
    )


class Directory(SpecModel):
    """The LDAP directory that a log-in binds to, over TLS only, as the person who logs in (NR-12)."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "has(self.bindDN) == has(self.bindSecretKeyRef)",
                "bindSecretKeyRef is the password of bindDN: give both, or neither",
                ".bindDN",
            )
        )
    )

    url: Annotated[str, StringConstraints(max_length=256, pattern=r"^ldaps?://[^/ ]+/?$")] = Field(
        description="ldaps://host[:port], or ldap://host[:port], which is upgraded by StartTLS before anything is said."
    )
    base_dn: Annotated[str, StringConstraints(min_length=1, max_length=512)] = Field(
        alias="baseDN", description="Below what in the directory a log-in looks for the person's entry."
    )
    bind_dn: Annotated[str, StringConstraints(max_length=512)] | None = Field(
        default=None, alias="bindDN", description="As whom a log-in looks for it; absent means anonymously."
    )
    bind_secret_key_ref: SecretKeyRef | None = Field(
        default=None, description="The password of bindDN, read at a log-in."
    )
    ca_secret_key_ref: SecretKeyRef | None = Field(
        default=None,
        description="The certificate authority of the directory in PEM, read at a log-in; absent means the system's.",
    )
    login_attribute: Annotated[str, StringConstraints(max_length=63, pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] = Field(
        default="uid",
        description="The attribute of the directory that holds the userName; userPrincipalName is looked at as well.",
    )


class AuthenticationPolicy(SpecModel):
    """Where a password is kept and compared."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "(self.mode == 'Directory') == has(self.directory)",
                "mode Directory needs directory, and mode Password takes none",
                ".directory",
            )
        )
    )

    mode: AuthenticationMode = Field(
        default=AuthenticationMode.PASSWORD,
        description=(
            "Password keeps it here. Directory leaves it to a directory, which each log-in asks: this workgroup then "
            "takes no password."
        ),
    )
    directory: Directory | None = Field(default=None, description="The directory. With mode Directory only.")


class OnboardingPolicy(SpecModel):
    """How a person comes to use an account."""

    mode: OnboardingMode = Field(
        default=OnboardingMode.PROVISIONED,
        description=(
            "Provisioned accounts can be used at once. Invitation mails a link that must be accepted first. SignUp "
            "lets the listed person claim the account. A change is for those who have not come yet."
        ),
    )
    expiration_hours: Annotated[int, Field(ge=1, le=8760)] = Field(
        default=168, description="Hours until an invitation that nobody accepted expires and its seat is free again."
    )


class MailPolicy(SpecModel):
    """What mails to the people of a workgroup say of where they come from and where they lead."""

    sender: (
        Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@<>, \t\n\f\r]+@[^@<>, \t\n\f\r]+$")] | None
    ) = Field(
        default=None,
        alias="from",
        description="The sender's address; absent means that of `tenantry serve --mail-from`.",
    )
    link_url: Annotated[str, StringConstraints(max_length=512, pattern=r"^https://[^ ?#]+$")] | None = Field(
        default=None,
        alias="linkURL",
        description=(
            "The application's page that mails lead to, with act=accept, verify or reset and the token behind it. "
            "Absent: the mail has the token as text."
        ),
    )


class PasswordPolicy(SpecModel):
    """What a password must be. Of two workgroups the stricter rule holds."""

    min_length: Annotated[int, Field(ge=1, le=128)] = Field(default=8, description="The fewest characters.")
    max_length: Annotated[int, Field(ge=1, le=128)] = Field(default=128, description="The most characters.")
    history: Annotated[int, Field(ge=0, le=24)] = Field(
        default=0, description="How many earlier passwords, the present one among them, a new one must differ from."
    )
    expiry: PasswordExpiry = Field(
        default=PasswordExpiry.NEVER,
        description=(
            "Always: passwords expire. Optional: unless the User says password.expiry None. Never: they do not. Where "
            "they do not expire for a User, its history is not compared either under Optional."
        ),
    )
    expiration_days: Annotated[int, Field(ge=1, le=3650)] = Field(
        default=90,
        description="Days after a change until only another change is possible. With expiry Always or Optional.",
    )


class SessionsPerAccount(StrEnum):
    """How many sessions one account has at a time."""

    SINGLE = "Single"
    UNLIMITED = "Unlimited"


class SessionPolicy(SpecModel):
    """How often, and for how long at a time, an account is logged in."""

    per_account: SessionsPerAccount = Field(
        default=SessionsPerAccount.UNLIMITED,
        description=(
            "Single: one log-in at a time. Unlimited: as many as there are devices. A Static or Restricted license has "
            "one at a time whatever stands here."
        ),
    )
    absolute_seconds: Annotated[int, Field(ge=60, le=31_536_000)] | None = Field(
        default=None, description="Seconds after which a log-in ends, heartbeats or not; absent means never."
    )


class SystemUser(SpecModel):
    """An account that the workgroup itself has: no seat, no resource, not removable."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "!has(self.passwordSecretKeyRef) || self.login == 'Enabled'",
                "passwordSecretKeyRef is for a system user that logs in: set login to Enabled, or take it out",
                ".passwordSecretKeyRef",
            )
        )
    )

    user_name: Reference = Field(description="The login; no User of this workgroup may take it.")
    login: SystemLogin = Field(
        default=SystemLogin.DISABLED, description="Whether this account may log in at all (Enabled or Disabled)."
    )
    role: Reference | None = Field(default=None, description="The role it holds.")
    groups: tuple[Reference, ...] = Field(
        default=(), max_length=16, description="The groups it is in.", json_schema_extra=SET
    )
    password_secret_key_ref: SecretKeyRef | None = Field(
        default=None,
        description=(
            "The Secret's key that holds its password, for one that logs in; a changed value is taken by itself. It "
            "does not expire: change it there. Absent means that nobody can log in as it."
        ),
    )
    profile: SystemProfile = Field(
        default=SystemProfile.FIXED,
        description=(
            "Editable: through the runtime API, by whom a capability lets edit it, who may lock it and log it out too. "
            "Fixed: by nobody."
        ),
    )

    @property
    def password_ref(self) -> SecretKeyRef | None:
        """Return the Secret's key that holds its password; none is read of one that cannot log in."""
        return self.password_secret_key_ref if self.login is SystemLogin.ENABLED else None
