"""The commands about quotas. What they need is imported late, so that --help is quick."""

from typing import TYPE_CHECKING, Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.bootstrap.command_output import table
from reseller_webhooks.core.access.quotas import BY_SECOND, LIMIT_MAX, Quota, limit_in
from reseller_webhooks.core.text import truncate

if TYPE_CHECKING:
    from reseller_webhooks.operations.quota_settings import Uses

app = typer.Typer(no_args_is_help=True, help="Quotas: what each reseller may use.")
Reseller = Annotated[str, typer.Option(help="Id of the reseller.")]
Name = Annotated[str, typer.Argument(help="Name of a quota, as show prints it.")]
DEFAULT = "default"
HEADER = ("QUOTA", "LIMIT", "USED", "SET")


@app.command()
def show(
    reseller: Annotated[str | None, typer.Option(help="Id of the reseller.")] = None,
    all_resellers: Annotated[bool, typer.Option("--all", help="Show every reseller.")] = False,
) -> None:
    """Print each quota: its name, limit, use, and whether the limit is the default.

    "own": an operator has set the limit for this reseller. Quotas per hour refill evenly; USED is
    the part that has not been refilled yet. Only serving processes count requests and changes per
    second, so their use is shown as "-".
    """
    from reseller_webhooks.operations import quota_settings
    from reseller_webhooks.operations.quotas import Quotas

    if all_resellers == (reseller is not None):
        raise typer.BadParameter("give either --reseller ID or --all")
    database = command_database(reads_only=True)
    quotas = Quotas(database, settings.load().quotas)
    if reseller is not None:
        _, uses = quota_settings.use(database, quotas, reseller)
        typer.echo(table([HEADER, *_rows(uses)]))
        return
    rows = [
        (owner.uuid, *row, owner.name)
        for owner, uses in quota_settings.uses_of_all(database, quotas)
        for row in _rows(uses)
    ]
    typer.echo(table([("RESELLER", *HEADER, "NAME"), *rows]))


@app.command("set")
def set_limit(
    name: Name,
    value: Annotated[str, typer.Argument(help=f"A number, 1 or more, or {DEFAULT}.")],
    reseller: Reseller,
) -> None:
    """Set a quota of one reseller; in force everywhere within 5 seconds."""
    from reseller_webhooks.operations import quota_settings

    quota = name.replace("-", "_").lower()
    if quota not in set(Quota):
        raise typer.BadParameter(f"{name!r} is not a quota; give one of {', '.join(Quota)}")
    limit = limit_in(value)
    if value != DEFAULT and limit is None:
        remedy = f"give a number from 1 to {LIMIT_MAX}, or {DEFAULT}"
        raise typer.BadParameter(f"{truncate(value)!r} is not a limit; {remedy}")
    database = command_database(upgrades=True)
    quota_settings.change(database, settings.load().quotas, reseller, {Quota(quota): limit})


def _rows(uses: "Uses") -> list[tuple[str, str, str, str]]:
    return [
        (
            use.quota.value,
            str(use.limit),
            "" if use.quota in BY_SECOND or use.used is None else str(use.used),
            "own" if use.is_own else DEFAULT,
        )
        for use in uses.values()
    ]
