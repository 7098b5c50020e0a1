"""The command line. A command's module is imported when the command is used, so that each starts fast."""

from collections.abc import Mapping
from types import MappingProxyType

import click

from tenantry import __version__
from tenantry.cli.lazy import Lazy, LazyGroup
from tenantry.cli.manual import closing

COMMANDS: Mapping[str, Lazy] = MappingProxyType(
    {
        "run": Lazy("tenantry.cli.run", "Run the operator."),
        "serve": Lazy("tenantry.cli.serve", "Serve the runtime API: log-ins, for applications."),
        "clients": Lazy("tenantry.cli.clients", "List applications of the runtime API, or make some."),
        "db": Lazy("tenantry.cli.db", "Migrate the identity store, or compare it with the models."),
        "crds": Lazy("tenantry.cli.crds", "Print, write or check the CustomResourceDefinitions."),
        "validate": Lazy("tenantry.cli.validate", "Check YAML files as the operator would, without a cluster."),
        "plan": Lazy("tenantry.cli.plan", "Show what applying YAML files would do, and change nothing."),
        "apply": Lazy("tenantry.cli.apply", "Bring the store in step with YAML files, without a cluster."),
        "export": Lazy("tenantry.cli.export", "Write accounts as YAML that can be applied again."),
        "users": Lazy("tenantry.cli.users", "List the accounts in the identity store, or delete some."),
        "groups": Lazy("tenantry.cli.groups", "Put many accounts into a group, or take them out."),
        "invite": Lazy("tenantry.cli.invite", "Invite many people at once."),
        "explain": Lazy("tenantry.cli.explain", "Tell whether an account may do something, and why."),
        "pools": Lazy("tenantry.cli.pools", "List what was bought, and what of it is in use."),
        "mail": Lazy("tenantry.cli.mail", "List the mails that are not sent yet."),
        "holdings": Lazy("tenantry.cli.holdings", "List what accounts hold in applications, or give it away."),
        "audit": Lazy("tenantry.cli.audit", "Verify or export the audit trail."),
        "tenant": Lazy("tenantry.cli.tenant", "List tenants, or attach one to the cluster of now."),
    }
)


@click.group(
    cls=LazyGroup,
    commands_by_name=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=closing(
        "tenantry validate examples/thinger",
        "tenantry users list --store-url sqlite:////var/lib/tenantry/store.db",
    ),
)
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Turn YAML in Git into accounts, and never hand out one seat more than was bought.

    --store-url and --audit-key-file can also be given as TENANTRY_STORE_URL and TENANTRY_AUDIT_KEY_FILE in the
    environment, and so can every option of tenantry run.
    """
