"""A certificate that is renewed in its files is that of the connections which begin from then on."""

import ssl
import subprocess
from pathlib import Path

import pytest

from tenantry.runtime_api.certificate import Certificate


def _issue(folder: Path, name: str) -> None:
    key, certificate = folder / "tls.key", folder / "tls.crt"
    made = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}")
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)


def _shown(context: ssl.SSLContext) -> bytes:
    """Return the certificate that a connection begins with."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = context.wrap_bio(there, back, server_side=True)
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    client = asking.wrap_bio(back, there)
    for _ in range(3):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    found = client.getpeercert(binary_form=True)
    assert found is not None
    return found


@pytest.fixture
def served(tmp_path: Path) -> tuple[Certificate, ssl.SSLContext]:
    _issue(tmp_path, "old")
    certificate = Certificate(tmp_path / "tls.crt", tmp_path / "tls.key")

    def make() -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.private_key)
        return context

    return certificate, certificate.context(None, make)


def test_a_renewed_certificate_is_shown(tmp_path: Path, served: tuple[Certificate, ssl.SSLContext]) -> None:
    certificate, context = served
    before = _shown(context)
    certificate.renew()
    assert _shown(context) == before
    _issue(tmp_path, "new")
    certificate.renew()
    assert _shown(context) == ssl.PEM_cert_to_DER_cert((tmp_path / "tls.crt").read_text()) != before


@pytest.mark.parametrize("late", ["tls.crt", "tls.key"])
def test_a_key_that_is_not_the_certificates_changes_nothing(
    tmp_path: Path, served: tuple[Certificate, ssl.SSLContext], late: str
) -> None:
    certificate, context = served
    before = _shown(context)
    kept = (tmp_path / late).read_bytes()
    _issue(tmp_path, "new")
    fresh = (tmp_path / late).read_bytes()
    (tmp_path / late).write_bytes(kept)
    with pytest.raises(OSError, match="KEY_VALUES_MISMATCH"):
        certificate.renew()
    assert _shown(context) == before
    (tmp_path / late).write_bytes(fresh)
    certificate.renew()
    assert _shown(context) != before
