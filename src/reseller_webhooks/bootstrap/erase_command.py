"""The command `erase`. What it needs is imported late, so that --help is quick."""

from typing import Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.core.enums import Resource

app = typer.Typer()


@app.command()
def erase(
    reseller: Annotated[str, typer.Option(help="Id of the record's reseller.")],
    resource: Annotated[Resource, typer.Option("--type", help="COMPANY, INVOICE, LEAD, ...")],
    uuid: Annotated[str, typer.Option(help="The record's id.")],
) -> None:
    """Erase a record: its content, its events, and what receivers answered."""
    from reseller_webhooks.operations import erasures, resellers

    database = command_database(upgrades=True)
    done = erasures.erase_record(
        database,
        resellers.get(database, reseller),
        resource,
        uuid,
        public_url=settings.load().public_url,
    )
    typer.echo(f"erased, with {done.events} events")
