"""Two operators on one PostgreSQL that know nothing of each other: each has a Lease of its own."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.faults import rows
from tests.faults.objects import chance, create, pool, reasons, user, workgroup
from tests.support.eventually import eventually
from tests.support.kube import Kube
from tests.support.operator import OperatorProcess

Run = Callable[..., OperatorProcess]
_SEATS = 10


@contextmanager
def _supervised(*operators: OperatorProcess) -> Iterator[None]:
    """Start each operator again whenever it has ended, as a Deployment does."""
    over = threading.Event()

    def supervise() -> None:
        while not over.wait(0.1):
            for operator in operators:
                if not operator.running:
                    operator.start()

    thread = threading.Thread(target=supervise)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _decided(kube: Kube, number: int) -> bool:
    told = list(reasons(kube).values())
    return (told.count("Provisioned"), told.count("SeatLimitReached")) == (_SEATS, number - _SEATS)


def test_two_operators_on_one_database_never_seat_more_than_was_bought(
    run_operator: Run, postgresql_url: str, kube: Kube
) -> None:
    leases = [(f"--lease-name={kube.namespace}-{n}", f"--identity={n}") for n in range(2)]
    operators = [run_operator(postgresql_url, *lease) for lease in leases]
    people = [user(f"person-{n:02}") for n in range(50)]
    chance(3).shuffle(people)
    with _supervised(*operators):
        create(kube, [*people[:20], workgroup(), *people[20:40], pool(static=_SEATS), *people[40:]])
        assert eventually(lambda: _decided(kube, 50), within=90)
        for name in sorted(rows.seated(postgresql_url, kube.namespace))[:5]:  # five seats go to five that waited
            kube.delete("User", name)
        assert eventually(lambda: _decided(kube, 45), within=90)
    for operator in operators:
        operator.terminate()
    records = rows.trail(postgresql_url, kube.namespace)
    assert rows.most_seated(records) == _SEATS
    done = rows.actions([record for record in records if record.change.kind == "Account"])
    assert len(done) == 50
    assert all(count == 1 for of_one in done.values() for count in of_one.values()), "an effect was recorded twice"
    rows.check_in_step(postgresql_url, kube)


def test_of_two_operators_on_one_database_the_one_that_came_first_ends(
    run_operator: Run, postgresql_url: str, kube: Kube
) -> None:
    first = run_operator(postgresql_url, f"--lease-name={kube.namespace}-first")
    kube.create(pool(static=1))
    assert eventually(lambda: rows.tenant_epoch(postgresql_url, kube.namespace))
    former = rows.tenant_epoch(postgresql_url, kube.namespace)
    second = run_operator(postgresql_url, f"--lease-name={kube.namespace}-second")
    kube.create(workgroup())
    assert eventually(lambda: rows.tenant_epoch(postgresql_url, kube.namespace) > former)
    kube.create(user("late"))
    assert eventually(lambda: reasons(kube) == {"late": "Provisioned"})
    assert second.running
    assert eventually(lambda: not first.running)
    assert "lease lost" in first.log
