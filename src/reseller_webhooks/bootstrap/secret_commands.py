"""The commands about sealed secrets. What they need is imported late, so that --help is quick."""

from typing import Annotated, Any

import typer

from reseller_webhooks import settings
from reseller_webhooks.core.errors import Refused

app = typer.Typer(no_args_is_help=True, help="The sealed secrets of webhooks.")


@app.callback()
def secrets() -> None:
    """The sealed secrets of webhooks."""


@app.command()
def reseal(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count; write nothing.")] = False,
    unbound: Annotated[
        bool,
        typer.Option("--unbound", help="In the format of 0.1.0, to go back to that version."),
    ] = False,
) -> None:
    """Seal every secret under the first key of SECRET_KEYS, bound to its webhook.

    Run it while everything runs; interrupted, run it again. Exit code 0: all are under the first
    key, and the other keys may go; 1: some could not be opened or were being changed.
    """
    from reseller_webhooks.bootstrap.secret_keys import open_box
    from reseller_webhooks.operations import resealing
    from reseller_webhooks.store.db import migrate
    from reseller_webhooks.store.db.database import Database

    ours = settings.load()
    database = Database(ours.database, reads_only=dry_run)
    box = open_box(ours, reads_only=dry_run)
    migrate.check(database)
    _report(
        resealing.reseal(database, box, bound=not unbound, dry_run=dry_run),
        box.key_ids[0],
        dry_run=dry_run,
    )


def _report(done: Any, first_key: str, *, dry_run: bool) -> None:
    typer.echo(
        f"{'to seal' if dry_run else 'sealed'} under the first key ({first_key}): {done.sealed}"
    )
    typer.echo(f"already sealed so: {done.current}")
    typer.echo(f"could not be opened: {len(done.unreadable)}")
    for one in done.unreadable:
        typer.echo(describe(one))
    if done.unreadable:
        raise Refused(
            "not every secret opens; put the missing key back behind the first and run this "
            "again, or have the secrets of these webhooks entered again"
        )
    if done.busy:
        raise Refused(f"{done.busy} webhooks were being changed all the time; run this again")


def describe(one: Any) -> str:
    """A secret that does not open, without anything of it."""
    purpose = one.purpose.lower().replace("_", " ")
    place = f"webhook {one.webhook} of reseller {one.reseller_uuid} ({one.reseller})"
    return f"  {place}, {purpose}: {one.reason}"
