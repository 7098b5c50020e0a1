"""The text of mails: one template a kind, the subject in its first line."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import idna
from jinja2 import Environment, PackageLoader, StrictUndefined

from tenantry.services.outbox import Letter

_TEMPLATES = Environment(
    loader=PackageLoader("tenantry.runtime_api"),
    autoescape=False,  # noqa: S701 - plain text, and never HTML
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_NOBODY = {"workgroup": "Tenantry", "name": "", "userName": "", "expires": ""}
_SUBJECT = "Subject: "


def write_letter(letter: Letter, sender: str) -> EmailMessage:
    """Return a mail as it is sent. Its id is that of its row: one that comes twice can be told.

    Raises:
        ValueError: an address is none that a mail can have.
    """
    given = {"link": letter.link, "token": letter.token}
    text = _TEMPLATES.get_template(f"{letter.kind.value}.txt").render(_NOBODY | letter.facts | given)
    subject, _, body = text.partition("\n\n")
    message = EmailMessage(policy=SMTP)
    message["From"] = from_ = _address(sender)
    message["To"] = _address(letter.address)
    message["Subject"] = " ".join(subject.removeprefix(_SUBJECT).split())
    message["Date"] = format_datetime(letter.made)
    message["Message-ID"] = f"<{letter.id}@{from_.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _address(text: str) -> Address:
    """Return an address as every server takes it, if there is such a form; of the domain there is one (RFC 5891)."""
    local, _, domain = text.rpartition("@")
    # Python's own codec knows the rules before these alone: by them ß is ss, in a domain that is somebody else's.
    domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    if local.isascii() or not local.isprintable():
        return Address(addr_spec=f"{local}@{domain}")
    return Address(username=local, domain=domain)  # for a server that takes it (RFC 6531)
