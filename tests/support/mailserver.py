"""A real SMTP server on the loopback, which can be told how to answer."""

import asyncio
import email
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from controlplane.service import free_ports
from tenantry.runtime_api.smtp import MailServer
from tests.support.eventually import eventually

_LINK = re.compile(r"https://\S+[?&]act=(\w+)&token=(\S+)")
_TOKEN = re.compile(r"^(tnl_[\w-]+)", re.MULTILINE)


@dataclass
class Mailbox:
    """What came, to which recipients, and what the server says to the next mails.

    ``senders`` to who sends them, ``answers`` to their recipients, ``data`` to their text. An answer that is empty is
    the usual one. ``pause``: how long it thinks about a text.
    """

    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    pause: float = 0.0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def server(self) -> MailServer:
        return MailServer.parse(self.url)

    async def handle_MAIL(  # noqa: N802 - the name that aiosmtpd asks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.senders.pop(0) if self.senders else ""
        if not answer:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(  # noqa: N802 - the name that aiosmtpd asks for
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        answer = self.answers.pop(0) if self.answers else ""
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        answer = self.data.pop(0) if self.data else ""
        if not answer:
            content = envelope.content
            assert isinstance(content, bytes)
            self.recipients += envelope.rcpt_tos
            self.mails.append(email.message_from_bytes(content, policy=default))
        await asyncio.sleep(self.pause)
        return answer or "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """Return the mails to an address."""
        return [mail for mail in self.mails if mail["To"] == address]

    def token(self, address: str) -> str:
        """Return the token of the last mail to an address, once there is one."""
        text = str(eventually(lambda: self.to(address))[-1].get_content())
        found = _LINK.search(text)
        if found is not None:
            return found[2]
        code = _TOKEN.search(text)
        assert code is not None, text
        return code[1]


@contextmanager
def mail_server(port: int | None = None) -> Iterator[Mailbox]:
    """Start a server, and stop it at the end."""
    port = port or free_ports(1)[0]
    mailbox = Mailbox(port)
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
