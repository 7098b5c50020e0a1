"""Which mail server a URL names, and what is never sent in the clear."""

import pytest

from tenantry.errors import InputError
from tenantry.runtime_api.smtp import MailServer, Tls


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtps://mail.example", MailServer("mail.example", 465, Tls.IMPLICIT)),
        ("smtp://mail.example", MailServer("mail.example", 587, Tls.START)),
        ("smtp://ada%40a.example@mail.example:2525", MailServer("mail.example", 2525, Tls.START, "ada@a.example")),
        ("smtp://relay.example?tls=none", MailServer("relay.example", 25, Tls.NONE)),
        ("smtp://127.0.0.1:1025", MailServer("127.0.0.1", 1025, Tls.NONE)),
    ],
)
def test_a_url_names_a_server(url: str, found: MailServer) -> None:
    assert MailServer.parse(url) == found


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://mail.example", "is not the URL"),
        ("smtp://", "is not the URL"),
        ("smtp://mail.example:port", "is not the URL"),
        ("smtp://mail.example?tls=maybe", "is not the URL"),
        ("smtp://ada:secret@mail.example", "--smtp-password-file"),
        ("smtp://ada@relay.example?tls=none", "whoever listens"),
    ],
)
def test_a_url_that_is_none_is_told_without_a_password(url: str, told: str) -> None:
    with pytest.raises(InputError, match=told) as caught:
        MailServer.parse(url)
    assert "secret" not in str(caught.value)


def test_nothing_shows_the_password() -> None:
    assert "hidden" not in repr(MailServer.parse("smtps://ada@mail.example", "hidden"))
