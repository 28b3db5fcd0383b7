"""The commands about quotas. What they need is imported late, so that --help is quick."""

from typing import Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.core.quotas import LIMIT_MAX, Quota, limit_in
from reseller_webhooks.core.shortening import shortened

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
    limit = limit_in(value)
    if value != DEFAULT and limit is None:
        remedy = f"give a number from 1 to {LIMIT_MAX}, or {DEFAULT}"
        raise typer.BadParameter(f"{shortened(value)!r} is no limit; {remedy}")
    database = command_database(upgrades=True)
    quota_settings.change(database, settings.load().quotas, reseller, {Quota(quota): limit})
