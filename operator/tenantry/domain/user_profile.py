"""The person's data: what the spec says, what policies fill in, and what has become the person's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tenantry.domain.account import Account
from tenantry.specs import UserSpec, WorkgroupSpec
from tenantry.specs.user_profile import Address
from tenantry.specs.workgroup_profile import DefaultAddress, SelfServiceField

#: The parts of a spec that are the person's profile; the rest is policy.
_FIELDS = frozenset(
    {
        "display_name",
        "name",
        "user_type",
        "organization",
        "emails",
        "phone_numbers",
        "addresses",
        "preferred_language",
        "timezone",
        "comment",
        "text_alerts",
        "email_integration",
    }
)
_MAIN_ADDRESS = "work"


@dataclass(frozen=True, slots=True)
class Profile:
    """The person's data in force. ``personal`` are the fields that are the person's by now.

    ``kept`` are those of them of which the spec says something else.
    """

    values: dict[str, Any]
    personal: list[str]
    kept: list[str]


def with_defaults(spec: UserSpec, policies: Iterable[WorkgroupSpec]) -> UserSpec:
    """Return the spec with what its workgroups fill in; of two workgroups the first that has a value (IT-04)."""
    for policy in policies:
        defaults = policy.profile.defaults
        spec = spec.model_copy(
            update={
                "organization": spec.organization or defaults.organization,
                "preferred_language": spec.preferred_language or defaults.preferred_language,
                "timezone": spec.timezone or defaults.timezone,
                "addresses": _with_address(spec.addresses, defaults.address),
            }
        )
    return spec


def _with_address(addresses: tuple[Address, ...], defaults: DefaultAddress) -> tuple[Address, ...]:
    given = defaults.model_dump(exclude_none=True)
    if not given:
        return addresses
    first, *others = addresses or (Address(type=_MAIN_ADDRESS),)
    missing = {name: value for name, value in given.items() if not getattr(first, name)}
    return (first.model_copy(update=missing), *others)


def profile_of(spec: UserSpec) -> dict[str, Any]:
    """Return the profile as the account keeps it."""
    return spec.model_dump(mode="json", by_alias=True, include=set(_FIELDS), exclude_defaults=True)


def personal_fields(account: Account | None, policies: Sequence[WorkgroupSpec]) -> list[str]:
    """Return the fields that belong to the person by now: self-service ones, once the account is in use (MM-11)."""
    if account is None or account.onboarding.joined is None:
        return []
    named = {field for policy in policies for field in policy.profile.self_service}
    return sorted(named - {SelfServiceField.PREFERENCES})


def leaves_preferences(account: Account | None, policies: Iterable[WorkgroupSpec]) -> bool:
    """Tell whether the preferences belong to the person by now."""
    named = {field for policy in policies for field in policy.profile.self_service}
    return account is not None and account.onboarding.joined is not None and SelfServiceField.PREFERENCES in named


def own_preferences(account: Account | None, policies: Sequence[WorkgroupSpec]) -> dict[str, str]:
    """Return the preferences in force where they belong to the person by now: whatever the spec says they stay."""
    return dict(account.preferences) if account is not None and leaves_preferences(account, policies) else {}


def kept_preferences(spec: UserSpec, account: Account, policies: Sequence[WorkgroupSpec]) -> list[str]:
    """Return the field that the preferences are, where the spec says something else of the person's own."""
    own = own_preferences(account, policies)
    differ = any(given.name in own and own[given.name] != given.value for given in spec.preferences)
    return [SelfServiceField.PREFERENCES] if differ else []


def plan_profile(spec: UserSpec, policies: Sequence[WorkgroupSpec], account: Account | None) -> Profile:
    """Return the profile by the spec and its workgroups' defaults, with what has become the person's own."""
    said, wanted = profile_of(spec), profile_of(with_defaults(spec, policies))
    present = (account.profile if account is not None else None) or {}
    values, kept = dict(wanted), []
    personal = personal_fields(account, policies)
    for field in personal:
        own = present.get(field)
        if own == wanted.get(field):
            continue
        values.pop(field, None)
        if own is not None:
            values[field] = own
        if field in said and not _agrees(own, said[field]):
            kept.append(field)
    return Profile(values, personal, kept)


def _agrees(own: Any, said: Any) -> bool:  # noqa: ANN401 - parts of JSON
    """Tell whether a value has all that the spec says of it; what that leaves out is for defaults and the person."""
    if isinstance(said, dict):
        return isinstance(own, dict) and all(_agrees(own.get(name), value) for name, value in said.items())
    if isinstance(said, list):
        return isinstance(own, list) and len(own) == len(said) and all(map(_agrees, own, said))
    return bool(own == said)
