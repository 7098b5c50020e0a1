"""What is told beside Ready goes by what is in force: the person's own values, and the levels that are really given."""

from typing import Any

import pytest

from tenantry.domain.observed import Observed
from tests.support.builders import user, workgroup
from tests.support.edits import edited
from tests.support.watched import WatchedTenant

EMAILS = [{"value": "ada@example.com"}]
CARRIERS = {"textAlerts": {"carriers": ["Orange"]}}
PHONES = [{"type": "mobile", "value": "+1 413 555 0101"}]
NONE, VIEW, OFF, ON = ({"name": name} for name in ("None", "View", "Off", "On"))


def joined(tenant: WatchedTenant, profile: dict[str, Any], **spec: Any) -> tuple[Observed[Any], Observed[Any]]:
    """Return the Workgroup, and a User that is in use: what it leaves to the person is the person's by now."""
    desk, ada = workgroup(pool=None, spec={"profile": profile, **CARRIERS}), user("ada", license=None, spec=spec)
    tenant.apply(desk, ada)
    assert tenant.is_ready(ada)
    return desk, ada


def told(tenant: WatchedTenant, seen: Observed[Any], type_: str) -> str | None:
    condition = tenant.condition(seen, type_)
    return None if condition is None else str(condition["message"])


def test_an_address_of_the_persons_own_reaches_them_whatever_the_spec_says(tenant: WatchedTenant) -> None:
    _, ada = joined(tenant, {"selfService": ["emails"]}, emails=EMAILS)
    without = edited(ada, emails=[])
    tenant.apply(without)
    assert told(tenant, without, "Notifiable") is None


def test_an_address_in_the_spec_alone_reaches_nobody(tenant: WatchedTenant) -> None:
    _, ada = joined(tenant, {"selfService": ["emails"]}, emails=[])
    with_one = edited(ada, emails=EMAILS)
    tenant.apply(with_one)
    assert (told(tenant, with_one, "Notifiable") or "").endswith("; the person can add one")
    assert (told(tenant, with_one, "ProfileInSync") or "").startswith("spec.emails: ")


@pytest.mark.parametrize(("own", "said", "lacking"), [(PHONES, [], False), ([], PHONES, True)])
def test_it_05_text_alerts_go_to_the_phone_that_is_in_force(
    tenant: WatchedTenant, own: list[Any], said: list[Any], *, lacking: bool
) -> None:
    alerts = {"carrier": "Orange"}
    _, ada = joined(tenant, {"selfService": ["phoneNumbers"]}, phoneNumbers=own, textAlerts=alerts)
    other = edited(ada, phoneNumbers=said)
    tenant.apply(other)
    assert (told(tenant, other, "TextAlerts") is not None) == lacking


HOME = {"type": "work", "streetAddress": "1 Main St"}
DEFAULTS = {
    "the whole address": ("addresses", "address", {"locality": "Boston"}, {"locality": "Salem"}, []),
    "what an address lacks": ("addresses", "address", {"locality": "Boston"}, {"locality": "Salem"}, [HOME]),
    "a part that is no longer filled in": ("addresses", "address", {"locality": "Boston"}, {"region": "MA"}, [HOME]),
    "a default that is gone": ("timezone", "timezone", "Europe/Vienna", None, None),
    "the time zone": ("timezone", "timezone", "Europe/Vienna", "Europe/Rome", None),
}


@pytest.mark.parametrize(("field", "default", "first", "second", "said"), DEFAULTS.values(), ids=DEFAULTS)
def test_it_04_what_the_spec_leaves_to_defaults_is_held_against_nobody(
    tenant: WatchedTenant, field: str, default: str, first: Any, second: Any, said: Any
) -> None:
    profile = {"selfService": [field], "defaults": {default: first}}
    desk, ada = joined(tenant, profile, **{field: said} if said is not None else {})
    tenant.apply(edited(desk, profile=profile | {"defaults": {default: second}}))
    assert tenant.is_ready(ada)
    assert told(tenant, ada, "ProfileInSync") is None


def test_mm_11_what_the_spec_itself_says_is_held_against_the_persons_own_beside_defaults(tenant: WatchedTenant) -> None:
    profile = {"selfService": ["addresses"], "defaults": {"address": {"locality": "Boston"}}}
    _, ada = joined(tenant, profile, addresses=[HOME])
    moved = edited(ada, addresses=[HOME | {"streetAddress": "2 High St"}])
    tenant.apply(moved)
    assert (told(tenant, moved, "ProfileInSync") or "").startswith("spec.addresses: ")
    back = edited(moved, addresses=[HOME])
    tenant.apply(back)
    assert told(tenant, back, "ProfileInSync") is None


MODULES = [{"name": "Jobs", "levels": [NONE, VIEW]}, {"name": "Import", "levels": [OFF, ON]}]
GIVEN = {
    "an entry for every module": ([{"module": "*", "level": "View"}], [], [], "Import"),
    "an entry of the module": ([{"module": "*", "level": "View"}, {"module": "Import", "level": "Off"}], [], [], None),
    "the role": ([{"module": "*", "level": "View"}], [{"module": "Import", "level": "On"}], [], None),
    "a group": ([{"module": "*", "level": "View"}], [], [{"module": "Import", "level": "Off"}], None),
    "nothing": ([], [], [], "Jobs, Import"),
}


@pytest.mark.parametrize(("own", "by_role", "by_group", "missing"), GIVEN.values(), ids=GIVEN)
def test_it_21_a_module_has_a_level_where_one_of_its_own_is_given(
    tenant: WatchedTenant, own: list[Any], by_role: list[Any], by_group: list[Any], missing: str | None
) -> None:
    customize = {"name": "Customize", "customizable": True, "access": by_role}
    groups = [{"name": "Users", "access": by_group}]
    office = workgroup(pool=None, spec={"modules": MODULES, "roles": [customize], "groups": groups})
    entry = {"workgroupRef": "tracker", "role": "Customize", "groups": ["Users"], "access": own}
    ada = user("ada", license=None, in_=[entry])
    tenant.apply(office, ada)
    lowest = f"spec.workgroups[0].access: no level is given in {missing}, which means the lowest"
    assert told(tenant, ada, "AccessDefined") == (lowest if missing else "Every module has a level.")
    assert (tenant.condition(ada, "AccessDefined") or {})["status"] == ("False" if missing else "True")
