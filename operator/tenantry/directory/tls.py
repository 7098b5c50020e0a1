"""TLS to a directory: the certificate and the host name are checked by Python's own ssl, as for any other server."""

import ssl

from ldap3 import Connection, Tls

from tenantry.errors import DirectoryUnavailable


class CheckedTls(Tls):
    """TLS by one context. ldap3 would check the host name by rules of its own, after the handshake."""

    def __init__(self, host: str, authority: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host = host
        self._context = _context(authority)

    def wrap_socket(self, connection: Connection, do_handshake: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - as ldap3 has it
        """Put TLS on the connection's socket; its timeout holds for the handshake."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=self._host)


def _context(authority: str | None) -> ssl.SSLContext:
    if authority is not None and not authority.strip():  # Python would take the system's instead
        raise DirectoryUnavailable("the key of caSecretKeyRef is empty")
    try:
        return ssl.create_default_context(cadata=authority)
    except (ssl.SSLError, ValueError) as error:
        raise DirectoryUnavailable("the key of caSecretKeyRef holds no certificate in PEM") from error
