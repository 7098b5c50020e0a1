"""`tenantry serve`."""

from pathlib import Path
from urllib.parse import urlsplit

import click

from tenantry.cli.manual import closing
from tenantry.cli.stores import audit_key_file, opened, store_url
from tenantry.domain.directory import Directories
from tenantry.services.passwords import LEAST_MEMORY, LEAST_PASSES, raise_cost
from tenantry.settings import LogFormat, LogLevel

#: Who asks waits for an answer: a store that is away or locked longer than that is told of (P9).
_PATIENCE_SECONDS = 1.5
_NOBODY = "tenantry@localhost"


def _checked_url(_ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Return the URL, if it is one that others can be told."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        parts = urlsplit("")
    more = parts.username or parts.query or parts.fragment
    if parts.scheme not in {"http", "https"} or not parts.hostname or more:
        raise click.BadParameter("write https://host, with a port or a path where there is one, and nothing else")
    return value


@click.command(
    epilog=closing(
        "tenantry serve --store-url sqlite:///acme.db",
        "tenantry serve --host 0.0.0.0 --port 8443 --certificate tls.crt --private-key tls.key",
        "tenantry serve --smtp-url smtp://tenantry@mail.example:587 --smtp-password-file smtp-password",
        "tenantry serve --secrets-dir /run/secrets/tenantry",
        codes={0: "told to stop", 1: "could not start", 2: "wrong usage"},
    )
)
@store_url
@audit_key_file
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to answer on; 0.0.0.0 for all.")
@click.option("--port", default=8081, show_default=True, type=click.IntRange(0, 65535), help="The port to answer on.")
@click.option(
    "--public-url",
    envvar="TENANTRY_PUBLIC_URL",
    show_envvar=True,
    callback=_checked_url,
    help="How applications reach it, where a proxy stands before it, such as https://accounts.acme.example: for the "
    "addresses that answers have in them. Default: as each request came; what a proxy says of itself is not believed.",
)
@click.option("--metrics-host", default="127.0.0.1", show_default=True, help="The address that /metrics is on.")
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    help="The port of /metrics, which applications need not see; without it there are none.",
)
@click.option(
    "--certificate",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The server's certificate, for TLS.",
)
@click.option(
    "--private-key", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="The certificate's key."
)
@click.option(
    "--hash-memory",
    envvar="TENANTRY_HASH_MEMORY",
    show_envvar=True,
    default=LEAST_MEMORY,
    show_default=True,
    type=click.IntRange(LEAST_MEMORY, 1024),
    help="The MiB that hashing a password takes (argon2id). Raised, old hashes are made anew at the next log-in.",
)
@click.option(
    "--hash-passes",
    envvar="TENANTRY_HASH_PASSES",
    show_envvar=True,
    default=LEAST_PASSES,
    show_default=True,
    type=click.IntRange(LEAST_PASSES, 100),
    help="How often it goes through that memory.",
)
@click.option(
    "--smtp-url",
    envvar="TENANTRY_SMTP_URL",
    show_envvar=True,
    help="The mail server: smtps://user@host, smtp://user@host:587 (STARTTLS), smtp://host:25?tls=none. Without one "
    "mails wait in the store.",
)
@click.option(
    "--smtp-password-file",
    envvar="TENANTRY_SMTP_PASSWORD_FILE",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the password of that user.",
)
@click.option(
    "--mail-from",
    envvar="TENANTRY_MAIL_FROM",
    show_envvar=True,
    default=_NOBODY,
    show_default=True,
    help="The sender of mails where a Workgroup names none.",
)
@click.option(
    "--secrets-dir",
    envvar="TENANTRY_SECRETS_DIR",
    show_envvar=True,
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="Where Secrets are mounted that log-ins by directory need, as NAMESPACE/SECRET/KEY. "
    "Default: the API server is asked.",
)
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False, path_type=Path),
    help="How to reach that API server. Default: KUBECONFIG, the Pod's service account, ~/.kube/config.",
)
@click.option(
    "--log-format",
    envvar="TENANTRY_LOG_FORMAT",
    show_envvar=True,
    default=LogFormat.CONSOLE.value,
    show_default=True,
    type=click.Choice([format_.value for format_ in LogFormat]),
    help="json for machines, console for people.",
)
@click.option(
    "--log-level",
    envvar="TENANTRY_LOG_LEVEL",
    show_envvar=True,
    default=LogLevel.INFO.value,
    show_default=True,
    type=click.Choice([level.value for level in LogLevel]),
    help="From which severity on the log is written.",
)
def command(
    store_url: str,
    audit_key_file: Path | None,
    *,
    hash_memory: int,
    hash_passes: int,
    smtp_url: str | None,
    smtp_password_file: Path | None,
    mail_from: str,
    **where: str | int | Path | None,
) -> None:
    """Serve the runtime API: log-ins and what follows from them. Mails go out from here as well.

    It works beside `tenantry run`, on the same store.

    Applications authenticate by a token; `tenantry clients create` makes one.
    """
    if (where["certificate"] is None) != (where["private_key"] is None):
        message = "--certificate and --private-key go together"
        raise click.UsageError(message)
    secrets_dir, kubeconfig = where.pop("secrets_dir"), where.pop("kubeconfig")
    if secrets_dir is not None and kubeconfig is not None:
        message = "--secrets-dir and --kubeconfig are two places for the same Secrets; give one"
        raise click.UsageError(message)
    from tenantry.logs import configure_logging  # noqa: PLC0415 - what logs takes long to import

    configure_logging(str(where.pop("log_level")), json=where.pop("log_format") == LogFormat.JSON)
    from tenantry.cli.validation.specs import check_spec  # noqa: PLC0415 - so do the schemas
    from tenantry.runtime_api.postman import Post  # noqa: PLC0415 - so do the templates of mails
    from tenantry.runtime_api.server import Where, serve  # noqa: PLC0415 - the web framework takes long to import
    from tenantry.runtime_api.smtp import MailServer, check_sender  # noqa: PLC0415 - as the others

    raise_cost(hash_memory, hash_passes)
    password = smtp_password_file.read_text().strip() if smtp_password_file is not None else ""
    server = MailServer.parse(smtp_url, password) if smtp_url is not None else None
    if server is not None and mail_from == _NOBODY:
        click.echo(f"note: mails are sent as {_NOBODY} where a Workgroup names no sender; see --mail-from", err=True)
    post = Post(server, check_sender(mail_from))
    with opened(store_url, audit_key_file, patience=_PATIENCE_SECONDS) as store:
        directories = _directories(secrets_dir, kubeconfig)  # type: ignore[arg-type]  # so has it these
        serve(store, check_spec, Where(**where), post, directories)  # type: ignore[arg-type]  # click has typed them


def _directories(secrets_dir: Path | None, kubeconfig: Path | None) -> Directories:
    from tenantry.controllers.secret_source import ClusterSecrets  # noqa: PLC0415 - so does what talks to a cluster
    from tenantry.directory.ldap import LdapDirectories  # noqa: PLC0415 - and to a directory
    from tenantry.directory.secrets import MountedSecrets  # noqa: PLC0415 - as above

    source = MountedSecrets(secrets_dir) if secrets_dir is not None else ClusterSecrets(kubeconfig)
    return LdapDirectories(source)
