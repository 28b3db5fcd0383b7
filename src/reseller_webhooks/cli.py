"""The command line. Exit codes: 0 done, 1 refused with one line on stderr, 2 usage."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from reseller_webhooks import __version__, settings
from reseller_webhooks.bootstrap import (
    api_key_commands,
    erase_command,
    quota_commands,
    restore_commands,
    secret_commands,
    user_commands,
)
from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.core.errors import Refused, ResellerWebhooksError
from reseller_webhooks.nats import commands as edges

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Keeps a reseller's own systems in sync with the platform.",
)
resellers = typer.Typer(no_args_is_help=True, help="Resellers: the tenants that own everything.")
app.add_typer(resellers, name="resellers")
app.add_typer(user_commands.app, name="users")
app.add_typer(api_key_commands.app, name="api-keys")
app.add_typer(edges.app)
app.add_typer(restore_commands.app)
app.add_typer(erase_command.app)
app.add_typer(quota_commands.app, name="quotas")
app.add_typer(secret_commands.app, name="secrets")

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")]
MirrorDatabase = Annotated[
    str, typer.Option(envvar="RESELLER_MIRROR_DATABASE", help="URL of the local database.")
]
Search = Annotated[str, typer.Option(help="Only those whose name holds this, or with this id.")]
KeyFile = Annotated[
    Path | None, typer.Option(help="File with the API key; else RESELLER_MIRROR_KEY.")
]
SecretsFile = Annotated[
    Path | None,
    typer.Option(help="File with signing secrets, one a line; else RESELLER_MIRROR_SECRETS."),
]
TokenFile = Annotated[
    Path | None,
    typer.Option(help="File with the webhooks' token, if any; else RESELLER_MIRROR_TOKEN."),
]


def main() -> NoReturn:
    """Run a command; what the program refuses becomes one line and exit code 1."""
    try:
        app()
    except (ResellerWebhooksError, OSError) as error:
        from reseller_webhooks.bootstrap.refusals import line_of

        line = line_of(error)
        if line is None:
            raise
        print(f"reseller-webhooks: {line}", file=sys.stderr)  # noqa: T201
        sys.exit(1)
    sys.exit(0)


@app.command()
def serve(
    role: Annotated[str, typer.Option(help="all, api or worker.")] = "all",
    host: Host = "127.0.0.1",
    port: Port = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that send; 2 or more run beside this one.")
    ] = 1,
    tied: Annotated[bool, typer.Option("--tied", hidden=True)] = False,
) -> None:
    """Start the program."""
    from reseller_webhooks.bootstrap.program import ProcessRole
    from reseller_webhooks.bootstrap.serving import run

    if role not in set(ProcessRole):
        raise typer.BadParameter(f"{role!r} is no role; give all, api or worker")
    if role == ProcessRole.API and workers > 1:
        raise typer.BadParameter("a process with the role api has no workers; give --role all")
    run(settings.load(), ProcessRole(role), host=host, port=port, workers=workers, tied=tied)


@app.command()
def demo(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65533, help="First of three ports.")] = 8000,
    data: Annotated[Path, typer.Option(help="Folder to keep everything in.")] = Path("data"),
) -> None:
    """Start with a sample reseller, a local receiver and a sign-in link."""
    from reseller_webhooks.demo.run import run

    run(host, port, data)


@app.command()
def migrate() -> None:
    """Bring the database's tables up to this version."""
    from reseller_webhooks.bootstrap import migrate_command

    migrate_command.run(_database())


@app.command()
def check() -> None:
    """Print the settings in force, secrets masked, and try the database."""
    from reseller_webhooks.bootstrap.check_command import report

    text, is_well = report(settings.load())
    typer.echo(text)
    if not is_well:
        raise Refused("not everything is well; the last lines say what")


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="File to write; it must be new.")]) -> None:
    """Write a copy of the SQLite database while it is in use."""
    from reseller_webhooks.store.db import backup as backups

    backups.copy(_database(reads_only=True), target)


@app.command()
def mirror(  # noqa: PLR0917 - typer passes them by name
    source: Annotated[str, typer.Option(help="URL of the platform.")],
    database: MirrorDatabase = "sqlite:///mirror.db",
    key_file: KeyFile = None,
    secrets_file: SecretsFile = None,
    token_file: TokenFile = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM to trust at the source.")] = None,
    certificate: Annotated[Path | None, typer.Option(help="PEM to serve HTTPS with.")] = None,
    private_key: Annotated[Path | None, typer.Option(help="Its key, if in a file apart.")] = None,
    host: Host = "127.0.0.1",
    port: Port = 8443,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between reconciliations.")] = 300,
    verify: Annotated[bool, typer.Option("--verify", help="Compare everything, and end.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Read the event feed; no webhooks.")] = False,
) -> None:
    """Keep a local database equal to the platform, or prove that it is with --verify.

    Keys, secrets and tokens come from files or the environment, so that no list of processes
    shows them.
    """
    from reseller_mirror import program

    key = "".join(_secrets(key_file, "RESELLER_MIRROR_KEY"))
    if not key:
        raise Refused("there is no API key; put it into RESELLER_MIRROR_KEY or give --key-file")
    sides = program.Sides(database, source, key, ca_file)
    try:
        if verify:
            _verify_mirror(sides)
        if pull:
            program.pull(sides, every_s=every)
            return
        secrets = _secrets(secrets_file, "RESELLER_MIRROR_SECRETS")
        token = "".join(_secrets(token_file, "RESELLER_MIRROR_TOKEN")) or None
        door = program.Door(host, port, secrets, token, certificate, private_key)
        program.run(sides, door, every_s=every)
    except program.CannotMirror as error:
        raise Refused(str(error)) from None


@app.command()
def listen(  # noqa: PLR0917 - typer passes them by name
    key: Annotated[str, typer.Option(envvar="RESELLER_API_KEY", help="An API key, to read.")],
    forward: Annotated[str, typer.Option(help="Local URL to send notifications to.")],
    url: Annotated[str, typer.Option(help="URL of the server.")] = "http://127.0.0.1:8000",
    since: Annotated[str | None, typer.Option(help="From this time on; else from now on.")] = None,
    only: Annotated[str | None, typer.Option("--type", help="Only this resource.")] = None,
    secret: Annotated[
        str | None, typer.Option(envvar="RESELLER_SIGNING_SECRET", help="whsec_..., to sign with.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="RESELLER_WEBHOOK_TOKEN", help="Of authentication Token.")
    ] = None,
) -> None:
    """Forward a reseller's notifications to a local URL, signed as real ones."""
    from reseller_webhooks.remote import listen as command
    from reseller_webhooks.remote.api_client import Unanswered

    try:
        command.listen(command.ListenOptions(url, key, forward, since, only, secret, token))
    except Unanswered as error:
        raise Refused(str(error)) from None


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@resellers.command("add")
def add_reseller(name: str) -> None:
    """Add a reseller and print its id."""
    from reseller_webhooks.operations import resellers as operations

    typer.echo(operations.add(command_database(upgrades=True), name).uuid)


@resellers.command("list")
def list_resellers(search: Search = "") -> None:
    """Print resellers in the order they were added: id and name."""
    from reseller_webhooks.operations import resellers as operations

    for one in operations.every(command_database(reads_only=True), search=search):
        typer.echo(f"{one.uuid}\t{one.name}")


def _verify_mirror(sides: Any) -> NoReturn:
    from reseller_mirror import program

    found = program.verify(sides)
    for one in found:
        typer.echo(program.told(one))
    raise typer.Exit(0 if all(one.equal for one in found) else 1)


def _secrets(file: Path | None, variable: str) -> list[str]:
    """The words in a file, or in an environment variable."""
    try:
        text = os.environ.get(variable, "") if file is None else file.read_text()
    except (OSError, ValueError):
        raise Refused(f"{file} cannot be read; name a file, or set {variable}") from None
    return text.replace(",", " ").split()


def _database(*, reads_only: bool = False) -> Any:
    from reseller_webhooks.store.db.database import Database

    return Database(settings.load().database, reads_only=reads_only)
