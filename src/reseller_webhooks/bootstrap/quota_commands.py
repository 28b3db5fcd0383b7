"""The commands about quotas. What they need is imported late, so that --help is quick."""

from typing import Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.core.quotas import Quota

app = typer.Typer(no_args_is_help=True, help="What each reseller may use.")
Reseller = Annotated[str, typer.Option(help="Id of the reseller.")]
Name = Annotated[str, typer.Argument(help="One of those that show prints.")]
DEFAULT = "default"


@app.command()
def show(reseller: Reseller) -> None:
    """Print each quota's name, limit, use, and "own" if the limit is set for this reseller.

    Only serving processes know the use of requests and changes per second.
    """
    from reseller_webhooks.core.quotas import BY_SECOND
    from reseller_webhooks.operations import quota_settings
    from reseller_webhooks.operations.quotas import Quotas

    database = command_database(reads_only=True)
    quotas = Quotas(database, settings.load().quotas)
    _, uses = quota_settings.use(database, quotas, reseller)
    for use in uses.values():
        used = "" if use.quota in BY_SECOND or use.used is None else str(use.used)
        typer.echo("\t".join((use.quota, str(use.limit), used, "own" if use.is_own else DEFAULT)))


@app.command("set")
def set_limit(
    name: Name,
    value: Annotated[str, typer.Argument(help=f"A number, 1 or more, or {DEFAULT}.")],
    reseller: Reseller,
) -> None:
    """Set a limit of one reseller; in force everywhere within 5 seconds."""
    from reseller_webhooks.operations import quota_settings

    quota = name.replace("-", "_").lower()
    if quota not in set(Quota):
        raise typer.BadParameter(f"{name!r} is no quota; give one of {', '.join(Quota)}")
    if value != DEFAULT and not (value.isascii() and value.isdecimal()):
        raise typer.BadParameter(f"{value!r} is no limit; give a number, 1 or more, or {DEFAULT}")
    wanted = {Quota(quota): None if value == DEFAULT else int(value)}
    quota_settings.change(command_database(), settings.load().quotas, reseller, wanted)
