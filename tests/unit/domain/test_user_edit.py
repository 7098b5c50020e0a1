"""What a person may write of a spec: what has a capability of its own has a call of its own (MM-13, MM-14)."""

import pytest

from tenantry.domain.act import acts_of
from tenantry.domain.user_edit import check_form, written
from tenantry.specs import UserSpec

NOW = "2026-11-02T08:00:00Z"
ASKED = {"invitationResendTime": NOW, "passwordResetRequestTime": NOW, "sessionsNotBeforeTime": NOW}
WHOLE = {"userName": "ada", "workgroups": [{"workgroupRef": "desk"}], **ASKED}


def test_every_act_of_a_spec_is_among_them() -> None:
    fields = {field.removeprefix("spec.") for field, _, _ in acts_of(UserSpec.model_validate(WHOLE))}
    assert fields == set(ASKED)


@pytest.mark.parametrize("field", [*ASKED, "onExisting", "offboarding", "emailIntegration"])
def test_an_act_is_not_written_as_a_part_of_a_spec(field: str) -> None:
    refusal = check_form({field: NOW})
    assert refusal is not None
    assert (refusal.reason, refusal.field) == ("InvalidRequest", f"spec.{field}")


def test_an_edit_does_not_ask_again_for_what_was_asked_once() -> None:
    assert written(WHOLE).keys() == {"userName", "workgroups"}
