"""Which mail server a URL names, and what is never sent in the clear."""

import pytest

from controlplane.service import free_ports
from tenantry.errors import InputError
from tenantry.runtime_api.smtp import MailServer, ServerAway, Tls, check_sender


@pytest.mark.parametrize(
    ("url", "password", "found"),
    [
        ("smtps://mail.example", "", MailServer("mail.example", 465, Tls.IMPLICIT)),
        ("smtp://mail.example", "", MailServer("mail.example", 587, Tls.START)),
        (
            "smtp://a%40b.example@mail.example:2525",
            "p",
            MailServer("mail.example", 2525, Tls.START, "a@b.example", "p"),
        ),
        ("smtp://relay.example?tls=none", "", MailServer("relay.example", 25, Tls.NONE)),
        ("smtp://127.0.0.1:1025", "", MailServer("127.0.0.1", 1025, Tls.NONE)),
    ],
)
def test_a_url_names_a_server(url: str, password: str, found: MailServer) -> None:
    assert MailServer.parse(url, password) == found


@pytest.mark.parametrize(
    ("url", "password", "told"),
    [
        ("http://mail.example", "", "is not the URL"),
        ("smtp://", "", "is not the URL"),
        ("smtp://mail.example:port", "", "is not the URL"),
        ("smtp://mail.example?tls=maybe", "", "is not the URL"),
        ("smtp://ada:secret@mail.example", "", "--smtp-password-file"),
        ("smtp://ada@relay.example?tls=none", "secret", "whoever listens"),
        ("smtps://ada@mail.example", "", "without a password"),
        ("smtps://mail.example", "secret", "does not name"),
    ],
)
def test_a_url_that_is_none_is_told_without_a_password(url: str, password: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        MailServer.parse(url, password)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["", "nonsense", "a@", "@b", "a b@c.example", "a@b.example, c@d.example"])
def test_a_sender_that_is_no_address_is_told(address: str) -> None:
    with pytest.raises(InputError, match="--mail-from"):
        check_sender(address)


@pytest.mark.parametrize("address", ["tenantry@localhost", "no-reply@acme.example"])
def test_a_sender_is_an_address(address: str) -> None:
    assert check_sender(address) == address


def test_a_server_that_is_not_there_is_told_by_its_address() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ServerAway, match=rf"127\.0\.0\.1:{port} cannot be reached \(ConnectionRefusedError\)"):
        MailServer.parse(f"smtp://127.0.0.1:{port}").connect()


def test_nothing_shows_the_password() -> None:
    assert "hidden" not in repr(MailServer.parse("smtps://ada@mail.example", "hidden"))
