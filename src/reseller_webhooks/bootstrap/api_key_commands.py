"""The commands about API keys. What they need is imported late, so that --help is quick."""

from typing import Annotated

import typer

from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.bootstrap.command_output import time_or_never
from reseller_webhooks.core.access.permissions import Scope

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
    from reseller_webhooks.operations import authentication

    if (scope is None) == (reseller is None) or (scope and (scope != Scope.PLATFORM or read_only)):
        raise typer.BadParameter("give either --scope platform or --reseller ID [--read-only]")
    wanted = Scope.PLATFORM if scope else Scope.RESELLER_READ if read_only else Scope.RESELLER
    typer.echo(authentication.add_key(command_database(upgrades=True), wanted, reseller, name).key)


@app.command("list")
def list_api_keys(search: Search = "") -> None:
    """Print the keys that hold, newest first: id, how it begins, scope, last use, name."""
    from reseller_webhooks.operations import api_keys

    for one in api_keys.valid(command_database(reads_only=True), search=search):
        used = time_or_never(one.used_at)
        typer.echo("\t".join((one.uuid, one.start, one.scope, used, one.name)))


@app.command("revoke")
def revoke_api_key(key: Annotated[str, typer.Argument(help="Its id, as list prints it.")]) -> None:
    """Revoke an API key."""
    from reseller_webhooks.operations import api_keys

    api_keys.revoke(command_database(upgrades=True), key)
