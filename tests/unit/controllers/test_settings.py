import pytest
from pydantic import ValidationError

from tenantry.settings import Settings


def test_the_environment_sets_each_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENANTRY_STORE_URL", "postgresql://db/tenantry")
    monkeypatch.setenv("TENANTRY_NAMESPACE_SCOPE", "acme, globex")
    settings = Settings()
    assert settings.store_url == "postgresql://db/tenantry"
    assert settings.namespace_scope == ("acme", "globex")


def test_operators_of_different_scopes_have_different_leases() -> None:
    everywhere, acme, both = Settings(), Settings(namespace_scope=("acme",)), Settings(namespace_scope=("b", "acme"))
    assert everywhere.lease == "tenantry"
    assert len({everywhere.lease, acme.lease, both.lease}) == 3
    assert both.lease == Settings(namespace_scope=("acme", "b")).lease
    assert Settings(namespace_scope=("acme",), lease_name="mine").lease == "mine"


def test_each_process_is_its_own_holder_unless_told_otherwise() -> None:
    assert Settings().holder != Settings().holder
    assert Settings(identity="pod-uid").holder == "pod-uid"


def test_a_namespace_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValidationError):
        Settings(namespace_scope=("Acme!",))


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())
