"""Where the server listens, and what it shows to who connects: told before anything begins where it cannot be."""

import socket
import ssl
from pathlib import Path

from tenantry.errors import InputError

_BACKLOG = 2048


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: the address is not ours, or the port is another's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named: asyncio turns Nagle's algorithm off of such only, and answers would wait for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise InputError(f"cannot listen on {host}:{port}: {error.strerror}; see --host and --port") from error
    return listening


def check_pair(certificate: Path, private_key: Path) -> None:
    """Check that a server can show the certificate.

    Raises:
        InputError: one of them is no PEM, or the key is another's.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, private_key)
    except OSError as error:
        raise InputError(
            f"{certificate} and {private_key} are not a certificate in PEM and its key: {_why(error)}; "
            "see --certificate and --private-key"
        ) from error


def _why(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or type(error).__name__)
