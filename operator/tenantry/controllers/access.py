"""Where the API server is and how to prove who we are: from a kubeconfig or from the Pod's service account."""

import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tenantry.controllers.token import Token
from tenantry.errors import InputError

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class ClusterAccess:
    """What a connection is made from. ``tls`` is None only for a server on plain HTTP."""

    server: str
    tls: ssl.SSLContext | None
    token: Token
    proxy: str | None = None


def in_cluster() -> ClusterAccess:
    """Return the access of the Pod's service account.

    Raises:
        InputError: this is not a Pod, or its service account is not mounted.
    """
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (_SERVICE_ACCOUNT / "token").exists():
        raise InputError("no cluster to talk to: set KUBECONFIG or --kubeconfig, or run in a Pod")
    address = f"[{host}]" if ":" in host else host
    tls = ssl.create_default_context(cafile=str(_SERVICE_ACCOUNT / "ca.crt"))
    return ClusterAccess(f"https://{address}:{port}", tls, Token.of_file(_SERVICE_ACCOUNT / "token"))


def client_tls(
    authority: bytes | None, certificate: bytes | None = None, key: bytes | None = None, *, insecure: bool = False
) -> ssl.SSLContext:
    """Return a TLS context from PEM texts: an authority in place of the system's, and a client certificate.

    Raises:
        InputError: one of them is no PEM.
    """
    try:
        context = ssl.create_default_context(cadata=authority.decode() if authority is not None else None)
        if certificate is not None:
            _load_certificate(context, certificate + b"\n" + (key or b""))
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise InputError("the kubeconfig holds a certificate or key that is no PEM") from error
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _load_certificate(context: ssl.SSLContext, chain_and_key: bytes) -> None:
    # Python reads a client certificate from a file only; this one is readable by us alone and gone in a moment.
    with tempfile.NamedTemporaryFile() as file:
        file.write(chain_and_key)
        file.flush()
        context.load_cert_chain(file.name)
