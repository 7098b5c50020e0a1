"""Mail goes out under TLS, with a log-in, to the server that it was meant for and no other."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from controlplane.service import free_ports
from tenantry.runtime_api.smtp import MailServer, ServerAway, Tls

HOST, USER, PASSWORD = "127.0.0.1", "tenantry", "correct horse"


def _authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, data: object) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=right, handled=False)


@contextmanager
def running(folder: Path, tls: Tls) -> Iterator[int]:
    """Start a server with a certificate of its own that lets in one user."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "own.crt", folder / "own.key")
    (port,) = free_ports(1)
    how = {"ssl_context": context} if tls is Tls.IMPLICIT else {"tls_context": context, "require_starttls": True}
    controller = Controller(
        None,
        hostname=HOST,
        port=port,
        authenticator=_authenticate,
        auth_required=tls is Tls.START,
        auth_require_tls=tls is Tls.START,
        **how,
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a certificate that is trusted."""
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "1",
    ]
    subject = ["-days", "1", "-subj", "/CN=mail", "-addext", f"subjectAltName=IP:{HOST}"]
    files = ["-keyout", str(tmp_path / "own.key"), "-out", str(tmp_path / "own.crt")]
    subprocess.run([*request, *subject, *files], check=True, capture_output=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "own.crt"))
    return tmp_path


@pytest.mark.parametrize("tls", [Tls.START, Tls.IMPLICIT])
def test_it_logs_in_under_tls(folder: Path, tls: Tls) -> None:
    with running(folder, tls) as port:
        MailServer(HOST, port, tls, USER, PASSWORD).connect().close()


@pytest.mark.parametrize("tls", [Tls.START, Tls.IMPLICIT])
def test_a_wrong_password_keeps_the_mails_where_they_are(folder: Path, tls: Tls) -> None:
    with running(folder, tls) as port, pytest.raises(ServerAway, match=r"does not let the user in \(535\)"):
        MailServer(HOST, port, tls, USER, "another").connect()


@pytest.mark.parametrize("tls", [Tls.START, Tls.IMPLICIT])
def test_a_server_that_cannot_show_who_it_is_gets_nothing(
    folder: Path, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with running(folder, tls) as port, pytest.raises(ServerAway, match="SSLCertVerificationError"):
        MailServer(HOST, port, tls, USER, PASSWORD).connect()


def test_a_server_without_starttls_gets_nothing(folder: Path) -> None:
    (port,) = free_ports(1)
    controller = Controller(None, hostname=HOST, port=port)
    controller.start()
    try:
        with pytest.raises(ServerAway, match="offers no STARTTLS"):
            MailServer(HOST, port, Tls.START).connect()
    finally:
        controller.stop()
    assert folder.exists()
