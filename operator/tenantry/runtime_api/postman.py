"""The postman: a thread that sends what is in the outbox. Any number of replicas have one; no mail goes out twice.

The one exception is told apart by its id: a mail that the server took right before we died is sent once more.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tenantry.errors import InputError, TenantLocked
from tenantry.runtime_api.letters import write_letter
from tenantry.runtime_api.metrics import MAILS
from tenantry.runtime_api.smtp import Connection, MailRefused, MailServer, ServerAway
from tenantry.services import outbox
from tenantry.services.backoff import Backoff
from tenantry.services.outbox import Letter
from tenantry.store import Store

log = logging.getLogger("tenantry.mail")
#: How often the outbox is looked into.
_IDLE_SECONDS = 1.0
#: A mail is not begun so shortly before its lease ends: the server may need that long.
_MARGIN = timedelta(minutes=2)
AWAY = Backoff(1.0, 300.0)


@dataclass(frozen=True, slots=True)
class Post:
    """How mails go out: by which server, and from whom where a workgroup does not say."""

    server: MailServer | None = None
    sender: str = "tenantry@localhost"


NO_POST = Post()


def utc_now() -> datetime:
    """Return the moment."""
    return datetime.now(UTC)


class Postman:
    """Sends the mails of all tenants. Without a server they stay where they are."""

    def __init__(
        self,
        store: Store,
        server: MailServer | None,
        sender: str,
        now: Callable[[], datetime] = utc_now,
        idle: float = _IDLE_SECONDS,
    ) -> None:
        self._store = store
        self._server = server
        self._sender = sender
        self._now = now
        self._idle = idle
        self._told_of_no_server = False
        self._taken: list[Letter] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postman", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; the mail that is on its way is waited for."""
        self._stop.set()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        failures = 0
        while True:
            try:
                self.deliver()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever it is, the mails wait and it is tried again
                failures += 1
                self._tell(error, failures)
            if self._server is None and failures == 0 and self._told_of_no_server:
                return
            if self._stop.wait(self._idle if failures == 0 else AWAY.delay(failures)):
                return

    def _tell(self, error: Exception, failures: int) -> None:
        """Log what holds mails up, once for each time that it begins; no text of a server, which may name people."""
        if failures > 1:
            return
        what = f"mail server {error}" if isinstance(error, ServerAway) else type(error).__name__
        log.warning("mails wait: %s", what)

    def deliver(self) -> int:
        """Send what is to be sent by now, and return how many mails went out.

        Raises:
            ServerAway: the mail server takes nothing now.
            StoreUnavailable: the database is gone or locked.
        """
        self._mark_taken()
        namespaces = outbox.tenants_waiting(self._store, self._now())
        if not namespaces:
            return 0
        if self._server is None:
            log.warning("mails wait, and no mail server is named: start with --smtp-url")
            self._told_of_no_server = True
            return 0
        connection = self._server.connect()
        try:
            return sum(self._deliver_of(namespace, connection) for namespace in namespaces)
        finally:
            connection.close()

    def _deliver_of(self, namespace: str, connection: Connection) -> int:
        sent = 0
        while not self._stop.is_set():
            try:
                letters = outbox.claim(self._store, namespace, self._now())
            except InputError:
                log.warning("the mails of a tenant wait: its audit trail is signed by another key")
                return sent
            except TenantLocked:  # by somebody who works on this one: its mails are for the next look
                return sent
            if not letters:
                return sent
            sent += self._send_all(letters, connection)
        return sent

    def _send_all(self, letters: list[Letter], connection: Connection) -> int:
        """Send one after the other. Those that were not begun are for whoever comes next, at once."""
        sent = 0
        left = list(letters)
        try:
            while left and not self._stop.is_set() and self._now() + _MARGIN < left[0].until:
                sent += self._send(left.pop(0), connection)
        finally:
            for letter in left:
                outbox.give_back(self._store, letter, self._now())
        return sent

    def _send(self, letter: Letter, connection: Connection) -> bool:
        try:
            connection.send(write_letter(letter, letter.sender or self._sender))
        except MailRefused as error:
            what = "was refused" if error.final else "was put off"
            log.warning("mail %s (%s) %s with %d", letter.id, letter.kind, what, error.code)
            MAILS.labels(letter.kind.value, "Refused" if error.final else "PutOff").inc()
            if error.final:
                outbox.mark_refused(self._store, letter, str(error.code), self._now())
            else:
                outbox.give_back(self._store, letter, self._now(), str(error.code))
            return False
        except ServerAway as error:
            MAILS.labels(letter.kind.value, "PutOff").inc()
            outbox.give_back(self._store, letter, self._now(), str(error), may_be_out=True)
            raise
        except (ValueError, UnicodeError):
            log.warning("mail %s (%s) cannot be written: its address is none", letter.id, letter.kind)
            MAILS.labels(letter.kind.value, "Refused").inc()
            outbox.mark_refused(self._store, letter, "BadAddress", self._now())
            return False
        MAILS.labels(letter.kind.value, "Sent").inc()
        self._taken.append(letter)
        self._mark_taken()
        return True

    def _mark_taken(self) -> None:
        """Tell the store of what the server has. While the store is away it is not forgotten, lest it is sent again."""
        for letter in list(self._taken):
            try:
                outbox.mark_sent(self._store, letter, self._now())
            except TenantLocked:  # as above
                continue
            except InputError:  # as above, by now: the store never hears it from us
                pass
            self._taken.remove(letter)
