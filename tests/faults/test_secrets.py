"""A password, and the credential of a mailbox, are told to nobody (P10)."""

from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from controlplane import Cluster
from tests.faults import rows
from tests.faults.objects import (
    create,
    is_ready,
    pool,
    reason,
    reasons,
    secret,
    unseated,
    with_mailbox,
    with_password,
    workgroup,
)
from tests.support.commands import tenantry
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
_GOOD = "planted-Secret-7f3a91c2"
_ROTATED = "planted-Secret-aa04e1b7"
_REFUSED = "planted"  # too short for the policy; a part of the others, so that one search finds them all


def test_a_password_stands_in_no_log_event_status_metric_and_record(
    run_operator: Run, store_url: str, kube: Kube, cluster: Cluster
) -> None:
    operator = run_operator(store_url, "--log-level=debug", "--resync-seconds=1")
    policy = {"minLength": 12, "history": 2}
    create(kube, [pool(static=1), workgroup("lounge", pool=None, password=policy)])
    create(kube, [secret("good", _GOOD), secret("short", _REFUSED), secret("binary", "x")])
    kube.patch("Secret", "binary", {"data": {"password": "cGxhbnRlZP8="}})  # "planted" and a byte that is no UTF-8
    create(kube, [with_password(unseated(name, "lounge"), name) for name in ("good", "short", "binary")])
    assert eventually(lambda: is_ready(kube, "User", "good"))
    assert eventually(lambda: {reasons(kube)[name] for name in ("short", "binary")} == {"PasswordInvalid"})
    before = rows.accounts(store_url, kube.namespace)["good"].password
    kube.patch("Secret", "good", {"stringData": {"password": _ROTATED}})
    assert eventually(lambda: rows.accounts(store_url, kube.namespace)["good"].password != before)
    kube.patch("Secret", "good", {"stringData": {"password": _GOOD}})
    assert eventually(lambda: reason(kube, "good") == "PasswordInHistory")
    with urlopen(operator.url("metrics"), timeout=5) as reply:  # noqa: S310 - loopback
        told = [reply.read().decode()]
    operator.terminate()
    _expect_nothing_planted([*told, operator.log], kube, store_url, cluster)


def test_it_16_the_credential_of_a_mailbox_stands_nowhere_either(
    run_operator: Run, store_url: str, kube: Kube, cluster: Cluster
) -> None:
    operator = run_operator(store_url, "--log-level=debug", "--resync-seconds=1")
    create(kube, [workgroup("lounge", pool=None), secret("good", _GOOD), secret("binary", "x")])
    kube.patch("Secret", "binary", {"data": {"password": "cGxhbnRlZP8="}})
    create(kube, [with_mailbox(unseated(name, "lounge"), name) for name in ("good", "binary")])
    assert eventually(lambda: _mailbox(kube, "good") == "MailboxConnected")
    assert eventually(lambda: _mailbox(kube, "binary") == "MailboxInvalid")
    before = rows.accounts(store_url, kube.namespace)["good"].mailbox
    kube.patch("Secret", "good", {"stringData": {"password": _ROTATED}})
    assert eventually(lambda: rows.accounts(store_url, kube.namespace)["good"].mailbox != before)
    kube.patch("Secret", "good", {"data": {"password": ""}})
    assert eventually(lambda: _mailbox(kube, "good") == "MailboxInvalid")
    with urlopen(operator.url("metrics"), timeout=5) as reply:  # noqa: S310 - loopback
        told = reply.read().decode()
    operator.terminate()
    assert all(is_ready(kube, "User", name) for name in ("good", "binary"))
    _expect_nothing_planted([told, operator.log], kube, store_url, cluster)


def _mailbox(kube: Kube, name: str) -> str:
    return str(kube.condition("User", name, "EmailIntegration").get("reason", ""))


def _expect_nothing_planted(told: list[str], kube: Kube, store_url: str, cluster: Cluster) -> None:
    """Look for every planted value in what was told, and in all that can be asked for."""
    told += [str(kube.items(kind)) for kind in ("User", "Workgroup", "LicensePool", "Event")]
    arguments = ("-n", kube.namespace, "--store-url", store_url)
    told.append(tenantry("audit", "export", "--personal", *arguments).out)
    told.append(tenantry("users", "list", "-o", "json", *arguments).out)
    told.append(Path(cluster.audit_log).read_text())
    told.append(rows.dump(store_url))
    for text in told:
        assert _REFUSED not in text
