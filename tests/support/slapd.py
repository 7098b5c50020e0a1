"""A throwaway OpenLDAP server on the loopback, over TLS by an authority of its own; and servers that are worse.

It is Debian's package slapd, installed where the tests run as root; elsewhere those that need it are skipped, and the
end of the run says so.
"""

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from controlplane.service import Service, free_ports, listens

BASE = "dc=northwind,dc=example"
PEOPLE = f"ou=people,{BASE}"
#: What anybody may search without a bind.
OPEN = f"ou=open,{BASE}"
SEARCHER = f"cn=tenantry,{BASE}"
SEARCHER_PASSWORD = "search-only"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")

# It lets an empty password in as anonymous, as some directories do: who sends one is let in as anybody.
_CONFIGURATION = """
include {schemas}/core.schema
include {schemas}/cosine.schema
include {schemas}/inetorgperson.schema
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName'
  EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.1.1 NAME 'principal' AUXILIARY MAY userPrincipalName )
modulepath {modules}
moduleload back_mdb
allow bind_anon_cred
security tls=128
TLSCertificateFile {folder}/server.crt
TLSCertificateKeyFile {folder}/server.key
TLSCACertificateFile {folder}/ca.crt
database mdb
suffix "{base}"
directory {folder}/data
access to attrs=userPassword by anonymous auth by * none
access to dn.subtree="ou=open,{base}" by * read
access to * by dn.exact="{searcher}" read by * none
"""

_TOP = f"""dn: {BASE}
objectClass: organization
objectClass: dcObject
o: Northwind
dc: northwind

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: ou=former,{PEOPLE}
objectClass: organizationalUnit
ou: former

dn: {OPEN}
objectClass: organizationalUnit
ou: open

dn: {SEARCHER}
objectClass: applicationProcess
objectClass: simpleSecurityObject
cn: tenantry
userPassword: {SEARCHER_PASSWORD}
"""


def _entry(uid: str, password: str, below: str = PEOPLE, principal: str = "") -> str:
    named = f"userPrincipalName: {principal}\n" if principal else ""
    return (
        f"dn: uid={uid},{below}\nobjectClass: inetOrgPerson\nobjectClass: principal\n"
        f"uid: {uid}\ncn: {uid}\nsn: {uid}\nuserPassword: {password}\n{named}"
    )


#: Two are called twin, and have the same password.
_ENTRIES = [
    _entry("ada", "teal-otter", principal="ada@corp.example"),
    _entry("bob", "tin-bridge", principal="bob@corp.example"),
    _entry("twin", "six-plums"),
    _entry("twin", "six-plums", f"ou=former,{PEOPLE}"),
    _entry("guest", "old-canoe", OPEN),
]


class Slapd:
    """Use as a context manager. ``authority`` is the certificate to trust, in PEM; ``stranger`` is another's."""

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="tenantry-slapd-"))
        self._user = "nobody" if os.geteuid() == 0 else ""
        try:
            self._prepare()
            self._ldap, self._ldaps = free_ports(2)
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Bring it up, again on the same ports after `stop`."""
        listening = f"ldap://127.0.0.1:{self._ldap}/ ldaps://127.0.0.1:{self._ldaps}/ ldaps://127.0.0.2:{self._ldaps}/"
        self._service = Service("slapd", self._folder, user=self._user)
        self._service.start([_program("slapd"), "-f", self._folder / "slapd.conf", "-h", listening, "-d", "0"])
        self._service.wait_until(lambda: listens(self._ldap) and listens(self._ldaps), 20.0)

    def stop(self) -> None:
        if hasattr(self, "_service"):
            self._service.stop(5.0)

    def policy(self, **fields: Any) -> dict[str, Any]:
        """Give the authentication of a Workgroup that asks this directory."""
        directory = {
            "url": self.ldaps,
            "baseDN": PEOPLE,
            "bindDN": SEARCHER,
            "bindSecretKeyRef": {"name": "directory", "key": "password"},
            "caSecretKeyRef": {"name": "directory", "key": "ca.crt"},
        } | fields
        return {"mode": "Directory", "directory": {k: v for k, v in directory.items() if v is not None}}

    @property
    def ldaps(self) -> str:
        return f"ldaps://127.0.0.1:{self._ldaps}"

    @property
    def start_tls(self) -> str:
        return f"ldap://127.0.0.1:{self._ldap}"

    @property
    def by_another_name(self) -> str:
        """The same server at an address that its certificate does not name."""
        return f"ldaps://127.0.0.2:{self._ldaps}"

    def _prepare(self) -> None:
        folder = self._folder
        (folder / "data").mkdir()
        self.authority, self.stranger = _authority(folder, "ca"), _authority(folder, "stranger")
        _certify(folder)
        values = {"schemas": _SCHEMAS, "modules": _MODULES, "folder": folder, "base": BASE, "searcher": SEARCHER}
        (folder / "slapd.conf").write_text(_CONFIGURATION.format(**values))
        (folder / "data.ldif").write_text("\n".join([_TOP, *_ENTRIES]))
        _run([_program("slapadd"), "-q", "-f", folder / "slapd.conf", "-l", folder / "data.ldif"])
        if self._user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._user)


@pytest.fixture(scope="session")
def slapd() -> Iterator[Slapd]:
    """A directory for the whole run; leave it as it was."""
    reason = _install()
    if reason:
        pytest.skip(reason)
    with Slapd() as started:
        yield started


@contextmanager
def hung_server() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        yield int(listening.getsockname()[1])


def _install() -> str:
    """Have slapd on the machine; tell why it cannot be had."""
    if os.geteuid() != 0 and not shutil.which("slapd", path=_PATH):
        return "no slapd here: apt-get install slapd, or run the tests as root"
    if not shutil.which("openssl"):
        return "no openssl here: apt-get install openssl"
    with Path(tempfile.gettempdir(), "tenantry-slapd.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the other workers wait for the first
        if shutil.which("slapd", path=_PATH):
            return ""
        if not shutil.which("apt-get"):
            return "no slapd here, and no apt-get to install it with"
        # Without a configuration of Debian's it starts no server of its own.
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
        chosen = b"slapd slapd/no_configuration boolean true\n"
        subprocess.run(["debconf-set-selections"], input=chosen, check=False, capture_output=True)
        for command in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", "slapd"]):
            done = subprocess.run(
                ["apt-get", *command], stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment
            )
            if done.returncode:
                return f"apt-get {command[0]} failed: {done.stderr.decode(errors='replace')[-200:].strip()}"
    return ""


def _program(name: str) -> str:
    return str(shutil.which(name, path=_PATH))


def _run(command: list[str | Path], **how: Any) -> None:
    subprocess.run(command, check=True, capture_output=True, **how)


def _authority(folder: Path, name: str) -> str:
    where: list[str | Path] = [
        "-keyout",
        folder / f"{name}.key",
        "-out",
        folder / f"{name}.crt",
        "-subj",
        f"/CN={name}",
    ]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    usage = ["-addext", "keyUsage=critical,keyCertSign"]
    _run(["openssl", "req", "-x509", *key, "-days", "2", *usage, *where])
    return (folder / f"{name}.crt").read_text()


def _certify(folder: Path) -> None:
    """Make the server's certificate, for its first address alone."""
    where: list[str | Path] = ["-keyout", folder / "server.key", "-out", folder / "server.crt", "-subj", "/CN=slapd"]
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
    by: list[str | Path] = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"]
    _run(["openssl", "req", "-x509", *key, "-days", "2", *by, *names, *where])
