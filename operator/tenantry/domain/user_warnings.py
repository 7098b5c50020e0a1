"""What is accepted of a User but worth telling: conditions beside Ready, which do not touch it."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from tenantry.domain.reason import Reason
from tenantry.domain.status import Finding
from tenantry.domain.user_context import Entry, UserContext
from tenantry.domain.user_member import levels_by_spec
from tenantry.specs.user import ExpiryChoice
from tenantry.specs.workgroup_login import PasswordExpiry

Warnings: TypeAlias = Iterator[Finding]


def warn_of_missing_email(ctx: UserContext) -> Warnings:
    """Without an address nobody is notified (NR-11)."""
    if not ctx.profile.values.get("emails"):
        who = "the person can add one" if "emails" in ctx.profile.personal else "add one"
        message = f"spec.emails: there is no address, so notifications will not reach this user; {who}"
        yield Finding("Notifiable", holds=False, reason=Reason.EMAIL_MISSING, message=message)


def warn_of_missing_license(ctx: UserContext) -> Warnings:
    """A member where licenses are sold has one, or cannot log in (NR-08)."""
    if ctx.unlicensed and ctx.pool is not None:
        names = ", ".join(f'"{entry.membership.workgroup_ref}"' for entry in ctx.unlicensed)
        sold = ", ".join(license_.type for license_ in ctx.pool.spec.licenses)
        message = (
            f'spec.license: a member of Workgroup {names} takes a license of LicensePool "{ctx.pool.name}", and this '
            f"account has none, so it cannot log in; set spec.license.type ({sold}), or membership: Available"
        )
        yield Finding("Licensed", holds=False, reason=Reason.LICENSE_MISSING, message=message)


def warn_of_missing_project(ctx: UserContext) -> Warnings:
    """A member of projects is in one (TH-11)."""
    needing = [e for e in ctx.entries if _requires_project(e)]
    if not needing:
        return
    without = [e for e in needing if (e.membership.workgroup_ref, ctx.user.name) not in ctx.snapshot.projects]
    message = "; ".join(
        f'{e.field}.role: role "{e.role}" is for members of a project and this user is in none; make a ProjectMember, '
        "or mend the one that is not Ready"
        for e in without
    )
    reason = Reason.NO_PROJECT if without else Reason.PROJECTS_ASSIGNED
    text = message or "The user is in a project."
    yield Finding("ProjectsAssigned", holds=not without, reason=reason, message=text)


def _requires_project(entry: Entry) -> bool:
    role = entry.policy.spec.roles_by_name.get(entry.role or "") if entry.policy else None
    return role is not None and role.requires_project


def warn_of_undefined_modules(ctx: UserContext) -> Warnings:
    """With a customizable role every module is given a level; one that is not is closed (IT-21)."""
    messages, asked = [], False
    for entry in ctx.entries:
        role = entry.policy.spec.roles_by_name.get(entry.role or "") if entry.policy else None
        if entry.policy is None or role is None or not role.customizable:
            continue
        asked = True
        missing = [name for name, held in levels_by_spec(ctx, entry).items() if not held.is_given]
        if missing:
            messages.append(f"{entry.field}.access: no level is given in {', '.join(missing)}, which means the lowest")
    if asked:
        reason = Reason.ACCESS_INCOMPLETE if messages else Reason.ACCESS_COMPLETE
        message = "; ".join(messages) or "Every module has a level."
        yield Finding("AccessDefined", holds=not messages, reason=reason, message=message)


def warn_of_lasting_password(ctx: UserContext) -> Warnings:
    """A password that need not expire is advised against (TT-16)."""
    optional = any(policy.password.expiry is PasswordExpiry.OPTIONAL for policy in ctx.policies)
    if optional and ctx.spec.password is not None and ctx.spec.password.expiry is ExpiryChoice.NONE:
        message = "spec.password.expiry: the password never expires, which is advised against; choose Enforced"
        yield Finding("PasswordExpires", holds=False, reason=Reason.PASSWORD_NEVER_EXPIRES, message=message)


def warn_of_text_alerts(ctx: UserContext) -> Warnings:
    """Text alerts need a phone number and a carrier (IT-05)."""
    profile = ctx.profile.values
    alerts = profile.get("textAlerts")
    if alerts is None:
        return
    needed = {"spec.phoneNumbers": profile.get("phoneNumbers"), "spec.textAlerts.carrier": alerts.get("carrier")}
    lacking = [field for field, value in needed.items() if not value]
    if lacking:
        message = f"{' and '.join(lacking)}: text alerts need a phone number and a carrier; add what is missing"
        yield Finding("TextAlerts", holds=False, reason=Reason.TEXT_ALERTS_INCOMPLETE, message=message)


def warn_of_mailbox(ctx: UserContext) -> Warnings:
    """The credential of the mailbox is there; a broken one blocks nothing else (IT-16)."""
    if ctx.mailbox is not None:
        reason, message = ctx.mailbox.verdict()
        yield Finding("EmailIntegration", holds=reason is Reason.MAILBOX_CONNECTED, reason=reason, message=message)


WARNINGS: tuple[Callable[[UserContext], Warnings], ...] = (
    warn_of_missing_license,
    warn_of_missing_email,
    warn_of_missing_project,
    warn_of_undefined_modules,
    warn_of_lasting_password,
    warn_of_text_alerts,
    warn_of_mailbox,
)


def warn_of_kept_profile(fields: Iterable[str]) -> Warnings:
    """What has become the person's own stays, whatever the spec says of it (MM-11)."""
    named = ", ".join(f"spec.{field}" for field in fields)
    if named:
        message = f"{named}: this is the person's to change by now, and has another value; bring the spec in line"
        yield Finding("ProfileInSync", holds=False, reason=Reason.PROFILE_KEPT, message=message)


def check_warnings(ctx: UserContext) -> list[Finding]:
    """Return every warning of this User."""
    return [finding for warn in WARNINGS for finding in warn(ctx)]
