"""Commands about the database itself: after a restore, and to shrink its file.

What they need is imported late, so that --help is quick.
"""

from typing import Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.bootstrap.command_database import command_database

app = typer.Typer()


@app.command()
def restored(
    above: Annotated[
        int, typer.Option(min=0, help="A version that receivers are known to hold.")
    ] = 0,
    backfill: Annotated[
        bool, typer.Option("--backfill", help="Also send every webhook the state of each record.")
    ] = False,
) -> None:
    """Say that the database was restored, or lost something at a failover: versions go on above
    all that may have been sent.
    """
    from reseller_webhooks.operations import backfills, generations

    database = command_database(upgrades=True)
    begun = generations.raise_floor(database, above=above)
    count = sum(iter(lambda: generations.lift(database), 0))
    typer.echo(f"generation {begun.number}: versions go on above {begun.floor}; {count} records")
    if backfill:
        typer.echo(f"{backfills.begin_all(database)} backfills begun")


@app.command()
def compact() -> None:
    """Rewrite the SQLite file without free space, so that it gives space back from now on.

    Stop the program first; the disk needs as much free space as the file has.
    """
    from reseller_webhooks.store.db import space
    from reseller_webhooks.store.db.database import Database

    before, after = space.compact(Database(settings.load().database))
    typer.echo(f"{before} bytes before, {after} bytes now")
