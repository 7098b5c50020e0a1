"""One login, one account: whoever else asks for it, and whatever came before under the same name (P7)."""

from collections import Counter
from collections.abc import Callable

from tests.faults import rows
from tests.faults.objects import create, is_ready, pool, reason, strip, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]


def test_a_second_user_with_a_login_already_taken_is_refused_until_the_first_goes(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=5), workgroup()])
    kube.create(user("first", userName="ada"))
    assert eventually(lambda: is_ready(kube, "User", "first"))
    before, shown = rows.accounts(store_url, kube.namespace), kube.get("User", "first")
    kube.create(user("second", userName="ADA", displayName="Somebody else"))
    assert eventually(lambda: reason(kube, "second") == "LoginTaken")
    assert "first" in kube.condition("User", "second")["message"]
    assert rows.accounts(store_url, kube.namespace) == before
    assert kube.get("User", "first") == shown
    kube.delete("User", "first")
    assert eventually(lambda: is_ready(kube, "User", "second"))
    operator.terminate()
    (account,) = rows.accounts(store_url, kube.namespace).values()
    assert account.resource_uid == kube.get("User", "second")["metadata"]["uid"]
    rows.check_in_step(store_url, kube)


def test_a_user_made_again_while_no_operator_ran_has_an_account_of_its_own(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=1), workgroup()])
    old = kube.create(user("ada", displayName="The first"))["metadata"]["uid"]
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    operator.terminate()
    strip(kube, "User", "ada")
    kube.delete("User", "ada")
    new = kube.create(user("ada", displayName="The second"))["metadata"]["uid"]
    again = run_operator(store_url, "--sweep-seconds=1")
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    again.terminate()
    _check_only(store_url, kube, old, new)


def test_a_user_deleted_and_made_again_at_once_is_never_touched_by_late_events_of_the_old_one(
    run_operator: Run, store_url: str, kube: Kube
) -> None:
    operator = run_operator(store_url)
    create(kube, [pool(static=1), workgroup()])
    uids = []
    for number in range(15):
        operator.pause()  # the events of one life and the next come together
        uids.append(kube.create(user("ada", displayName=f"Life {number}"))["metadata"]["uid"])
        if number < 14 and number % 3 == 0:
            strip(kube, "User", "ada")
        operator.resume()
        if number % 2:
            eventually(lambda: is_ready(kube, "User", "ada"))
        if number < 14:
            kube.delete("User", "ada")
            eventually(lambda: kube.find("User", "ada") is None)
    assert eventually(lambda: is_ready(kube, "User", "ada"))
    operator.terminate()
    _check_only(store_url, kube, *uids)


def _check_only(url: str, kube: Kube, *uids: str) -> None:
    """Check that of these lives of one name only the last has an account, and each other ended once at the most."""
    (account,) = rows.accounts(url, kube.namespace).values()
    assert account.resource_uid == uids[-1]
    assert account.id == uids[-1]
    done = rows.actions(rows.trail(url, kube.namespace))
    for uid in uids[:-1]:
        made = done.get(uid, Counter())
        assert made.get("AccountErased", 0) == made.get("AccountCreated", 0) <= 1
    assert set(done[uids[-1]]) <= {"AccountCreated", "AccountSeated"}
    rows.check_in_step(url, kube)


def test_the_old_object_that_a_foreign_finalizer_holds_gives_its_seat_and_login_back(
    run_operator: Run, sqlite_url: str, kube: Kube
) -> None:
    run_operator(sqlite_url)
    create(kube, [pool(static=1), workgroup()])
    held = user("held", userName="ada")
    held["metadata"]["finalizers"] = ["example.com/backup"]
    kube.create(held)
    assert eventually(lambda: is_ready(kube, "User", "held"))
    kube.create(user("next", userName="ada"))
    assert eventually(lambda: reason(kube, "next") == "LoginTaken")
    kube.delete("User", "held")
    assert eventually(lambda: is_ready(kube, "User", "next"))
    assert kube.get("User", "held")["metadata"]["finalizers"] == ["example.com/backup"]
    before = rows.accounts(sqlite_url, kube.namespace)
    kube.patch("User", "held", {"metadata": {"labels": {"an": "event"}}})  # a late event of the one that goes
    kube.patch("User", "next", {"spec": {"displayName": "Seen after it"}})
    assert eventually(lambda: is_ready(kube, "User", "next"))
    assert rows.accounts(sqlite_url, kube.namespace)["ada"].id == before["ada"].id
    strip(kube, "User", "held")
    assert eventually(lambda: kube.find("User", "held") is None)
    assert is_ready(kube, "User", "next")
