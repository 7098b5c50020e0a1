"""The text of mails: one template a kind, the subject in its first line."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

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
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=_ascii_domain(letter.address))
    message["Subject"] = " ".join(subject.removeprefix(_SUBJECT).split())
    message["Date"] = format_datetime(letter.made)
    message["Message-ID"] = f"<{letter.id}@{_ascii_domain(sender).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body)
    return message


def _ascii_domain(address: str) -> str:
    """Return an address whose domain every server takes."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.encode('idna').decode()}"
