"""The commands about API keys. What they need is imported late, so that --help is quick."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from reseller_webhooks import settings
from reseller_webhooks.clock import SECOND
from reseller_webhooks.core.access import Scope
from reseller_webhooks.core.audit import COMMAND

app = typer.Typer(no_args_is_help=True, help="Keys for the API.")
Search = Annotated[str, typer.Option(help="Only those whose name or beginning holds this.")]


@app.command("add")
def add_api_key(
    scope: Annotated[str | None, typer.Option(help="platform.")] = None,
    reseller: Annotated[str | None, typer.Option(help="Id of the key's reseller.")] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="May only read.")] = False,
    name: Annotated[str, typer.Option(help="Which program is to use it.")] = "",
) -> None:
    """Add an API key and print it; it is shown this once."""
    from reseller_webhooks.operations import access

    if (scope is None) == (reseller is None) or (scope and (scope != Scope.PLATFORM or read_only)):
        raise typer.BadParameter("give either --scope platform or --reseller ID [--read-only]")
    wanted = Scope.PLATFORM if scope else Scope.RESELLER_READ if read_only else Scope.RESELLER
    typer.echo(access.add_key(_database(), wanted, reseller, name).key)


@app.command("list")
def list_api_keys(search: Search = "") -> None:
    """Print the keys that hold, newest first: id, how it begins, scope, last use, name."""
    from reseller_webhooks.operations import api_keys as operations

    for one in operations.valid(_database(reads_only=True), search=search):
        used = "never"
        if one.used_at:
            used = f"{datetime.fromtimestamp(one.used_at // SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"
        typer.echo("\t".join((one.uuid, one.start, one.scope, used, one.name)))


@app.command("revoke")
def revoke_api_key(key: Annotated[str, typer.Argument(help="Its id, as list prints it.")]) -> None:
    """Let nobody call with a key any more."""
    from reseller_webhooks.operations import api_keys as operations

    operations.revoke(_database(), key)


def _database(*, reads_only: bool = False) -> Any:
    from reseller_webhooks.store import migrate
    from reseller_webhooks.store.database import Database

    database = Database(settings.load().database, reads_only=reads_only)
    if reads_only:
        migrate.check(database)
    else:
        migrate.upgrade(database)
    return database.acting(COMMAND)
