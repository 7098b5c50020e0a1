"""Log-ins that a directory decides, over HTTP, with a real OpenLDAP server (NR-12)."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from controlplane.service import free_ports
from tenantry.directory.ldap import LdapDirectories
from tenantry.domain.directory import Inquiry
from tenantry.domain.refusal import Refusal
from tenantry.errors import DirectoryUnavailable, SecretUnavailable
from tenantry.services.credentials import Claim, DirectoryClaim, prove, prove_by_directory
from tenantry.services.passwords import hash_password
from tenantry.specs.base import SecretKeyRef
from tenantry.specs.workgroup_login import Directory
from tests.runtime_api.api import Answer, Api
from tests.support.builders import user, workgroup
from tests.support.slapd import OPEN, PEOPLE, SEARCHER_PASSWORD, Slapd, hung_server

Spec = dict[str, Any]


@dataclass
class Vault:
    """Secrets by key, as the tenant has them now; ``asked`` tells how often one was read."""

    values: dict[str, str]
    asked: list[str] = field(default_factory=list)

    def read(self, namespace: str, ref: SecretKeyRef) -> str:
        self.asked.append(f"{namespace}/{ref.name}/{ref.key}")
        if ref.key not in self.values:
            raise SecretUnavailable(f'Secret "{ref.name}" of {namespace} does not exist')
        return self.values[ref.key]


@pytest.fixture
def vault(slapd: Slapd, served: tuple[FastAPI, str], api: Api) -> Vault:  # noqa: ARG001 - the store first
    vault = Vault({"password": SEARCHER_PASSWORD, "ca.crt": slapd.authority})
    served[0].state.directories = LdapDirectories(vault)
    return vault


@pytest.fixture
def desk(api: Api, vault: Vault, slapd: Slapd) -> Callable[[Spec], Api]:  # noqa: ARG001 - it is asked for Secrets
    """A workgroup of ada, bob and others, whose passwords are in the directory as given."""

    def open_(authentication: Spec) -> Api:
        names = ("ada", "bob", "zed", "twin", "guest", "bob@corp.example")
        people = [user(name, license=None, spec={"emails": []}) for name in names]
        api.tenant.apply(workgroup(pool=None, spec={"authentication": authentication}), *people)
        return api

    return open_


@pytest.fixture
def office(desk: Callable[[Spec], Api], slapd: Slapd) -> Api:
    return desk(slapd.policy())


def _plain(answer: Answer) -> dict[str, Any]:
    return {name: value for name, value in answer.body.items() if name != "requestId"}


@pytest.mark.parametrize("how", ["ldaps", "start_tls"])
def test_nr_12_who_has_the_directorys_password_logs_in_over_tls(
    desk: Callable[[Spec], Api], slapd: Slapd, how: str
) -> None:
    answer = desk(slapd.policy(url=getattr(slapd, how))).log_in("Ada", "teal-otter")
    assert (answer.status, answer.body["session"]["userName"]) == (201, "ada")


def test_nr_12_a_user_principal_name_is_as_good_as_the_login(office: Api) -> None:
    answer = office.log_in("ada@corp.example", "teal-otter")
    assert (answer.status, answer.body["session"]["userName"]) == (201, "ada")
    assert office.log_in("ada@corp.example", "tin-bridge").reason == "InvalidCredentials"
    assert office.log_in("nobody@corp.example", "teal-otter").reason == "InvalidCredentials"


def test_nr_12_a_login_that_is_a_user_principal_name_is_found_by_it(office: Api) -> None:
    answer = office.log_in("bob@corp.example", "tin-bridge")
    assert (answer.status, answer.body["session"]["userName"]) == (201, "bob@corp.example")


def test_a_directory_that_anybody_may_search_needs_no_secret(
    desk: Callable[[Spec], Api], slapd: Slapd, vault: Vault
) -> None:
    office = desk(slapd.policy(baseDN=OPEN, bindDN=None, bindSecretKeyRef=None))
    assert office.log_in("guest", "old-canoe").status == 201
    assert office.log_in("guest", "older-canoe").reason == "InvalidCredentials"
    assert {name.rpartition("/")[2] for name in vault.asked} == {"ca.crt"}


@pytest.mark.parametrize(
    ("login", "password"),
    [
        pytest.param("ada", "tin-bridge", id="another's password"),
        pytest.param("ada", "", id="none"),
        pytest.param("ada", "\u00ad", id="one that is none once it is prepared"),
        pytest.param("ada", "\u0007", id="one that cannot be typed"),
        pytest.param("zed", "teal-otter", id="an account that the directory does not have"),
        pytest.param("nobody", "teal-otter", id="nobody's login"),
        pytest.param("guest", "old-canoe", id="one who is elsewhere in the directory"),
        pytest.param("twin", "six-plums", id="one whom the directory has twice"),
        pytest.param("*", "teal-otter", id="a wildcard"),
        pytest.param("ad*", "teal-otter", id="half a wildcard"),
        pytest.param("zed)(uid=ada", "teal-otter", id="another filter"),
        pytest.param("a)(|(uid=*", "teal-otter", id="a wider filter"),
        pytest.param("*@corp.example", "teal-otter", id="a wildcard of a domain"),
    ],
)
def test_nr_12_what_the_directory_does_not_confirm_is_told_the_same(office: Api, login: str, password: str) -> None:
    assert _plain(office.log_in(login, password)) == _plain(office.log_in("ada", "wrong"))
    assert office.log_in("ada", "wrong").reason == "InvalidCredentials"
    assert office.call("GET", "sessions").body["sessions"] == []


@pytest.mark.parametrize("login", ["*", "ad*", "zed)(uid=ada"])
def test_nr_12_an_account_named_as_a_filter_is_nobody_else_in_the_directory(office: Api, login: str) -> None:
    office.tenant.apply(user("odd", license=None, spec={"userName": login}))
    assert office.log_in(login, "teal-otter").reason == "InvalidCredentials"


def test_after_too_many_wrong_passwords_the_directory_is_not_asked_by_any_name(office: Api) -> None:
    names = ["ada", "ADA", "ada@corp.example"]
    answers = [office.log_in(names[n % 3], "wrong") for n in range(6)]
    assert [a.status for a in answers] == [401] * 5 + [429]
    assert {office.log_in(name, "teal-otter").reason for name in names} == {"TooManyAttempts"}
    office.tenant.later(seconds=1)
    assert office.log_in("ada", "teal-otter").status == 201
    assert office.log_in("ada", "wrong").status == 401


def test_a_log_in_that_waited_while_others_failed_is_not_compared_either(
    served: tuple[FastAPI, str], office: Api
) -> None:
    tenant = office.tenant
    waiting = prove(tenant.store, tenant.ref.namespace, Claim("tracker", "ada", "teal-otter"), tenant.now)
    assert isinstance(waiting, DirectoryClaim)
    assert [office.log_in("ada", "wrong").status for _ in range(5)] == [401] * 5
    found = prove_by_directory(tenant.store, waiting, served[0].state.directories)
    assert isinstance(found, Refusal)
    assert found.reason == "TooManyAttempts"


def _told_of_no_directory(answer: Answer) -> None:
    assert (answer.status, answer.reason, answer.headers["Retry-After"]) == (503, "DirectoryUnavailable", "5")
    assert SEARCHER_PASSWORD not in answer.text
    assert "Secret" not in answer.text


def test_nr_12_while_the_directory_is_down_nobody_gets_in_and_it_counts_as_no_failure(
    office: Api, slapd: Slapd
) -> None:
    slapd.stop()
    try:
        with capture_logs() as lines:
            for _ in range(7):
                _told_of_no_directory(office.log_in("ada", "teal-otter"))
    finally:
        slapd.start()
    assert "refused" in str(lines)
    assert office.log_in("ada", "teal-otter").status == 201


@pytest.mark.parametrize("scheme", ["ldap", "ldaps"])
def test_nr_12_a_directory_that_never_answers_lets_nobody_in_and_holds_nobody_up(
    desk: Callable[[Spec], Api], slapd: Slapd, scheme: str
) -> None:
    with hung_server() as port:
        office = desk(slapd.policy(url=f"{scheme}://127.0.0.1:{port}"))
        answers: list[Answer] = []
        asking = threading.Thread(target=lambda: answers.append(office.log_in("ada", "teal-otter")), daemon=True)
        asking.start()
        asking.join(timeout=20)
        assert len(answers) == 1
        _told_of_no_directory(answers[0])


def test_a_directory_without_tls_is_told_nothing(desk: Callable[[Spec], Api], slapd: Slapd) -> None:
    (port,) = free_ports(1)
    _told_of_no_directory(desk(slapd.policy(url=f"ldaps://127.0.0.1:{port}")).log_in("ada", "teal-otter"))
    plain = slapd.start_tls.replace("ldap://", "ldaps://")  # it speaks LDAP there, not TLS
    _told_of_no_directory(desk(slapd.policy(url=plain)).log_in("ada", "teal-otter"))


def test_a_directory_at_a_name_that_its_certificate_does_not_have_is_not_asked(
    desk: Callable[[Spec], Api], slapd: Slapd
) -> None:
    _told_of_no_directory(desk(slapd.policy(url=slapd.by_another_name)).log_in("ada", "teal-otter"))


def test_a_directory_that_the_systems_authorities_do_not_know_is_not_asked(
    desk: Callable[[Spec], Api], slapd: Slapd
) -> None:
    _told_of_no_directory(desk(slapd.policy(caSecretKeyRef=None)).log_in("ada", "teal-otter"))


@pytest.mark.parametrize("key", ["password", "ca.crt"])
@pytest.mark.parametrize("value", [None, "", "nonsense"])
def test_a_secret_that_does_not_serve_is_told_in_the_log_and_not_to_the_person(
    office: Api, vault: Vault, key: str, value: str | None
) -> None:
    del vault.values[key]
    if value is not None:
        vault.values[key] = value
    with capture_logs() as lines:
        _told_of_no_directory(office.log_in("ada", "teal-otter"))
    said = str(lines)
    assert "SecretKeyRef" in said or 'Secret "directory" of' in said
    assert "nonsense" not in said
    assert "teal-otter" not in said


def test_an_authority_that_did_not_sign_is_not_trusted(office: Api, vault: Vault, slapd: Slapd) -> None:
    vault.values["ca.crt"] = slapd.stranger
    _told_of_no_directory(office.log_in("ada", "teal-otter"))


def test_a_secret_is_kept_for_a_while_and_read_again_once_it_does_not_serve(
    office: Api, vault: Vault, served: tuple[FastAPI, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(served[0].state.directories._secrets, "_clock", lambda: clock[0])
    right = vault.values["password"]
    vault.values["password"] = "before the change"
    _told_of_no_directory(office.log_in("ada", "teal-otter"))
    vault.values["password"] = right
    clock[0] = 5.0
    assert office.log_in("ada", "teal-otter").status == 201
    reads = len(vault.asked)
    clock[0] = 50.0
    assert office.log_in("ada", "teal-otter").status == 201
    assert len(vault.asked) == reads
    clock[0] = 66.0
    assert office.log_in("ada", "teal-otter").status == 201
    assert len(vault.asked) == reads + 2


def test_nr_12_of_two_workgroups_of_one_account_each_compares_its_own_passwords(
    api: Api, desk: Callable[[Spec], Api], slapd: Slapd
) -> None:
    desk(slapd.policy())
    both = [{"workgroupRef": "tracker"}, {"workgroupRef": "front"}]
    api.tenant.apply(workgroup("front", pool=None), user("ada", license=None, in_=both, spec={"emails": []}))
    api.give_password("ada", hash_password("correct horse"))
    assert api.log_in("ada", "teal-otter").status == 201
    assert api.log_in("ada", "correct horse").reason == "InvalidCredentials"
    assert api.log_in("ada", "correct horse", "front").status == 201
    assert api.log_in("ada", "teal-otter", "front").reason == "InvalidCredentials"


def test_nr_12_a_directory_that_is_not_a_members_only_shows_who_it_is(office: Api) -> None:
    office.tenant.apply(workgroup("front", pool=None), user("bob", license=None, in_="front", spec={"emails": []}))
    assert office.log_in("bob", "tin-bridge").reason == "NotAMember"


def test_a_log_in_by_directory_needs_a_server_that_can_ask_one(api: Api, slapd: Slapd) -> None:
    policy = {"authentication": slapd.policy()}
    api.tenant.apply(workgroup(pool=None, spec=policy), user("ada", license=None))
    _told_of_no_directory(api.log_in("ada", "teal-otter"))


def test_a_search_below_what_is_not_there_is_a_fault_of_the_directory(
    desk: Callable[[Spec], Api], slapd: Slapd
) -> None:
    _told_of_no_directory(desk(slapd.policy(baseDN=f"ou=nowhere,{PEOPLE}")).log_in("ada", "teal-otter"))


def test_one_directory_that_hangs_does_not_hold_up_another(desk: Callable[[Spec], Api], slapd: Slapd, api: Api) -> None:
    with hung_server() as port:
        desk(slapd.policy())
        hanging = workgroup("slow", pool=None, spec={"authentication": slapd.policy(url=f"ldap://127.0.0.1:{port}")})
        api.tenant.apply(hanging)
        threads = [threading.Thread(target=api.log_in, args=("ada", "teal-otter", "slow")) for _ in range(20)]
        api.token()
        for thread in threads:
            thread.start()
        assert api.log_in("ada", "teal-otter").status == 201
        for thread in threads:
            thread.join(timeout=60)


class Gate:
    """Directories that answer nobody until they may."""

    def __init__(self) -> None:
        self.opened, self.waited_in_vain = threading.Event(), False

    def ask(self, namespace: str, directory: Directory) -> AbstractContextManager[Inquiry]:
        self.waited_in_vain |= not self.opened.wait(timeout=30)
        raise DirectoryUnavailable(f"{directory.url} of {namespace}")


def test_directories_that_hang_hold_up_no_password(api: Api, served: tuple[FastAPI, str], slapd: Slapd) -> None:
    served[0].state.directories = gate = Gate()
    slow = workgroup("slow", pool=None, spec={"authentication": slapd.policy()})
    api.tenant.apply(slow, workgroup(pool=None), user("ada", license=None))
    api.give_password("ada", hash_password("correct horse"))
    api.token()
    threads = [threading.Thread(target=api.log_in, args=("ada", "teal-otter", "slow")) for _ in range(12)]
    for thread in threads:
        thread.start()
    assert api.log_in("ada", "correct horse").status == 201
    gate.opened.set()
    for thread in threads:
        thread.join(timeout=60)
    assert not gate.waited_in_vain
