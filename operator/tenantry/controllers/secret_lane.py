"""The lane beside the engine for objects whose Secret must be read: slow by design, so nobody else waits for it."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from tenantry.controllers import metrics
from tenantry.controllers.api_error import ApiError, Denied, NotFound, ServerFault
from tenantry.controllers.aside import Aside
from tenantry.controllers.backoff import OUTAGE
from tenantry.controllers.connection import JSON, Connection
from tenantry.controllers.sighting import Sighting
from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import PasswordOffer
from tenantry.domain.secret import SecretOffer
from tenantry.services.passwords import make_offer
from tenantry.services.secret_values import find_mailbox
from tenantry.services.work import PasswordNeed, SecretNeed

#: Secrets read at once. Hashing is what takes time; this only keeps the two hashers busy.
_READERS = 8
#: A hash takes a core for 40 ms; a third would slow the engine down.
_HASHERS = 2
#: A Secret that is withheld so often in a row counts as missing. Not at once: an API server that starts denies all.
_ATTEMPTS = 5
#: Reads that fail come back no faster than this, all of them together: a lost encryption key fails at thousands.
_MOST_RETRIES_A_SECOND = 50


async def read_secret(
    connection: Connection, namespace: str, name: str, accept: str = JSON
) -> Mapping[str, Any] | None:
    """Return a Secret, None where there is none.

    Raises:
        ApiError: the API server did not say, or it may not be read.
    """
    try:
        found: Mapping[str, Any] = await connection.read(f"/api/v1/namespaces/{namespace}/secrets/{name}", accept)
    except NotFound:
        return None
    return found


@dataclass(slots=True)
class _Task:
    """An object whose Secrets are to be read; ``passwords`` is what was made of some, while others are tried again.

    Comparing and hashing take a core for long: that is done once, not with each attempt. By login key of a system
    user, empty for the password of a User.
    """

    seen: Sighting
    need: SecretNeed
    passwords: dict[str, PasswordOffer] = field(default_factory=dict)


@dataclass(slots=True)
class _Failures:
    """How often a User's Secrets could not be read, and each of them in a row because it is withheld.

    Apart, since an API server that was away says nothing of a Secret, nor does one Secret of the other.
    """

    attempts: int = 0
    withheld: Counter[str] = field(default_factory=Counter)


class SecretLane:
    """Reads, compares and hashes; then the User goes back to the engine with what its Secrets offer.

    ``outdated`` tells of a User as it was submitted that it was changed or deleted since.
    """

    def __init__(
        self,
        connection: Connection,
        deliver: Callable[[Sighting], None],
        aside: Aside,
        outdated: Callable[[Sighting], bool],
    ) -> None:
        self._connection = connection
        self._deliver = deliver
        self._aside = aside
        self._outdated = outdated
        self._waiting: dict[str, _Task] = {}
        self._order: asyncio.Queue[str] = asyncio.Queue()
        self._busy: set[str] = set()
        self._failed: dict[str, _Failures] = {}
        self._hashers = ThreadPoolExecutor(_HASHERS, thread_name_prefix="password")

    def __contains__(self, uid: str) -> bool:
        return uid in self._waiting or uid in self._busy

    def submit(self, seen: Sighting, need: SecretNeed) -> None:
        """Take a User in; of one UID the newest stays."""
        if seen.uid not in self._waiting:
            self._order.put_nowait(seen.uid)
        self._waiting[seen.uid] = _Task(seen, need)
        self._measure()

    async def run(self) -> None:
        """Work until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(_READERS):
                    group.create_task(self._work(), name="secret lane")
        finally:
            self._hashers.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        while True:
            uid = await self._order.get()
            task = self._waiting.pop(uid)
            self._busy.add(uid)
            try:
                self._deliver(replace(task.seen, offer=await self._make_offer(task)))
            except ApiError as error:
                self._put_off(task, error)
            except Exception as error:  # noqa: BLE001 - whatever the fault, the other Users go on
                self._failed.pop(uid, None)
                self._aside.put(task.seen, error)
            else:
                self._failed.pop(uid, None)
            finally:
                self._busy.discard(uid)
                self._measure()

    def _put_off(self, task: _Task, error: ApiError) -> None:
        """Read this Secret again after a pause; until then the reader is free for others.

        The engine brings a User that changed by itself, and one that is gone needs no Secret.
        """
        uid = task.seen.uid
        if self._outdated(task.seen):
            self._failed.pop(uid, None)
            return
        failures = self._failed.setdefault(uid, _Failures())
        failures.attempts += 1
        metrics.RETRIES.labels("secret read").inc()
        if uid not in self._waiting:  # else a newer state came, and is queued
            self._waiting[uid] = task
            spread = len(self._failed) / _MOST_RETRIES_A_SECOND
            pause = max(error.retry_after, OUTAGE.delay(failures.attempts), spread)
            asyncio.get_running_loop().call_later(pause, self._order.put_nowait, uid)

    async def _make_offer(self, task: _Task) -> SecretOffer:
        for wanted in task.need.passwords:
            if wanted.login not in task.passwords:
                task.passwords[wanted.login] = await self._offer_password(task.need, wanted)
        mailbox = await self._find_mailbox(task.need)
        system = {login: offer for login, offer in task.passwords.items() if login}
        return SecretOffer(task.passwords.get(""), mailbox, system)

    async def _offer_password(self, need: SecretNeed, wanted: PasswordNeed) -> PasswordOffer:
        """Make an offer. Of a system user also one that the API server cannot give: the others need the Workgroup."""
        faults = (Denied, ServerFault) if wanted.login else (Denied,)
        secret = await self._read(need, wanted.ref.name, "password", faults)
        return await asyncio.get_running_loop().run_in_executor(self._hashers, make_offer, wanted, secret)

    async def _find_mailbox(self, need: SecretNeed) -> Mailbox | None:
        """Look at the mailbox's Secret: also one that the API server cannot give holds up nothing else (IT-16)."""
        if need.mailbox is None:
            return None
        secret = await self._read(need, need.mailbox.ref.name, "mailbox", (Denied, ServerFault))
        return find_mailbox(need.mailbox.ref, secret)

    async def _read(
        self, need: SecretNeed, name: str, what: str, faults: tuple[type[ApiError], ...]
    ) -> Mapping[str, Any] | None:
        """Read a Secret; after enough of these faults in a row it counts as missing."""
        metrics.SECRET_READS.labels(what).inc()
        try:
            return await read_secret(self._connection, need.namespace, name)
        except ApiError as error:
            withheld = self._failed.setdefault(need.uid, _Failures()).withheld
            withheld[name] = withheld[name] + 1 if isinstance(error, faults) else 0
            if withheld[name] < _ATTEMPTS:
                raise
            return None

    def _measure(self) -> None:
        metrics.WAITING.labels("secrets").set(len(self._waiting))
