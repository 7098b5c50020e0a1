"""The mail server: where it is, how it is talked to, and what its answers come to."""

import smtplib
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from enum import StrEnum
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

from tenantry.errors import InputError

_TIMEOUT_SECONDS = 20.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PERMANENT = 500
_LOG_IN_FIRST = 530
_NOT_A_URL = (
    "--smtp-url is not the URL of a mail server; write smtps://user@host (TLS from the start), smtp://user@host:587 "
    "(STARTTLS), or smtp://host:25?tls=none"
)


class Tls(StrEnum):
    """How a connection is kept secret."""

    IMPLICIT = "implicit"
    START = "starttls"
    NONE = "none"


_PORTS = {Tls.IMPLICIT: 465, Tls.START: 587, Tls.NONE: 25}


class ServerAway(Exception):
    """The mail server takes nothing now: it cannot be reached, or lets us in no more. The mails wait."""


class MailRefused(Exception):
    """One mail was not taken: ``code`` is the server's answer, ``final`` that it will not be taken later either."""

    def __init__(self, code: int, *, final: bool) -> None:
        super().__init__(str(code))
        self.code = code
        self.final = final


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server, and as whom it is talked to."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def parse(cls, url: str, password: str = "") -> Self:
        """Return the server of a URL.

        Raises:
            InputError: it is none, or a log-in would be told to whoever listens.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise InputError(_NOT_A_URL) from None
        asked = parse_qs(parts.query).get("tls", [""])
        known = {"smtps": Tls.IMPLICIT, "smtp": Tls.NONE if asked == ["none"] or host in _LOOPBACK else Tls.START}
        if parts.scheme not in known or not host or parts.path.strip("/") or asked[0] not in {"", "none"}:
            raise InputError(_NOT_A_URL)
        if parts.password:
            raise InputError("--smtp-url has a password in it, which others can see; put it into --smtp-password-file")
        tls, user = known[parts.scheme], unquote(parts.username or "")
        if user and not password:
            raise InputError("--smtp-url names a user without a password; give it in --smtp-password-file")
        if password and not user:
            raise InputError(
                "--smtp-password-file is for a user that --smtp-url does not name; write smtps://user@host"
            )
        if user and tls is Tls.NONE and host not in _LOOPBACK:
            raise InputError("--smtp-url would tell the password to whoever listens: log in with smtps:// or STARTTLS")
        return cls(host, port or _PORTS[tls], tls, user, password)

    def connect(self) -> "Connection":
        """Connect, and log in where that is asked for.

        Raises:
            ServerAway: that is not possible now.
        """
        try:
            return Connection(self._open())
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(f"{self.host}:{self.port} {_why(error)}") from error

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self.tls is Tls.IMPLICIT:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_SECONDS, context=context)
        else:
            smtp = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_SECONDS)
        try:
            if self.tls is Tls.START:
                smtp.starttls(context=context)
            if self.user:
                smtp.login(self.user, self.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def check_sender(address: str) -> str:
    """Return the address of a sender.

    Raises:
        InputError: it is none.
    """
    try:
        found = Address(addr_spec=address)
    except (MessageError, ValueError, IndexError):
        found = Address()
    if not found.username or not found.domain:
        raise InputError(f'--mail-from "{address}" is no email address; write no-reply@example.com')
    return address


class Connection:
    """A connection to the server, for several mails one after the other."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def send(self, message: EmailMessage) -> None:
        """Send a mail.

        Raises:
            MailRefused: the server does not take this one.
            ServerAway: it takes none now; whether it took this one is not known.
        """
        try:
            self._smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            (code, _) = next(iter(error.recipients.values()))
            raise _refusal(code) from error
        except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as error:
            raise _refusal(error.smtp_code) from error
        except smtplib.SMTPNotSupportedError as error:  # the address is beyond ASCII, and the server knows no such
            raise MailRefused(553, final=True) from error
        except (OSError, smtplib.SMTPException) as error:
            raise ServerAway(type(error).__name__) from error

    def close(self) -> None:
        """Take leave."""
        try:
            self._smtp.quit()
        except (OSError, smtplib.SMTPException):
            self._smtp.close()


def _why(error: Exception) -> str:
    """Return why a server is not talked to, in no words of its own: those may name people."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"does not let the user in ({error.smtp_code})"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "offers no STARTTLS, or no log-in"
    return f"cannot be reached ({type(error).__name__})"


def _refusal(code: int) -> MailRefused | ServerAway:
    """Return what an answer is of: this mail alone, or all of them while we are not let in (RFC 4954, section 6)."""
    return ServerAway(str(code)) if code == _LOG_IN_FIRST else MailRefused(code, final=code >= _PERMANENT)
