"""The commands about users. What they need is imported late, so that --help is quick."""

from typing import Annotated

import typer

from reseller_webhooks.bootstrap.command_database import command_database
from reseller_webhooks.bootstrap.command_output import time_or_never
from reseller_webhooks.core.access.permissions import Role

app = typer.Typer(no_args_is_help=True, help="People who sign in to the pages.")

AtReseller = Annotated[
    str | None, typer.Option("--reseller", help="Id of a reseller; else wherever they belong.")
]


@app.command("add")
def add(
    email: str,
    reseller: Annotated[str | None, typer.Option(help="Id of the user's reseller.")] = None,
    role: Annotated[str | None, typer.Option(help="admin, if nothing is said, or viewer.")] = None,
    operator: Annotated[bool, typer.Option("--operator", help="Sees every reseller.")] = False,
) -> None:
    """Add a user to a reseller and print a one-time sign-in link, which opens that reseller."""
    from reseller_webhooks.operations import users

    if operator == (reseller is not None):
        raise typer.BadParameter("give either --reseller ID or --operator")
    if operator and role:
        raise typer.BadParameter("an operator has no other role; leave out --role")
    wanted = Role.OPERATOR if operator else _role(role or Role.ADMIN)
    _print_link(users.add(command_database(upgrades=True), email, wanted, reseller))


@app.command("list")
def list_all(
    reseller: Annotated[str | None, typer.Option(help="Id of a reseller; else of all.")] = None,
    search: Annotated[str, typer.Option(help="Only those whose address holds this.")] = "",
) -> None:
    """Print users in the order they were added: address, role, reseller's id, state, last seen.

    Somebody who belongs to several resellers has a line for each.
    """
    from reseller_webhooks.operations import resellers, users

    database = command_database(reads_only=True)
    number = None if reseller is None else resellers.get(database, reseller).id
    for one in users.list_all(database, number, search=search):
        state = "locked" if one.locked_at else "active"
        seen = time_or_never(one.seen_at)
        where = one.reseller_uuid or "all"
        typer.echo("\t".join((one.email, one.role, where, state, seen)))


@app.command("link")
def link(email: str, reseller: AtReseller = None) -> None:
    """Print a one-time sign-in link for a user who has forgotten the password.

    Whoever opens it can set the password of what it opens, so give it to the user alone.
    """
    from reseller_webhooks.operations import users

    _print_link(users.link_for(command_database(upgrades=True), email, reseller))


@app.command("role")
def role(
    email: str,
    role: Annotated[str, typer.Argument(help="admin or viewer.")],
    reseller: Annotated[str, typer.Option(help="Id of the reseller.")],
) -> None:
    """Give a user another role at a reseller; their sessions at it end."""
    from reseller_webhooks.operations import memberships, users

    wanted, database = _role(role), command_database(upgrades=True)
    for one in users.memberships_of(database, email, reseller):
        memberships.set_role(database, None, one.uuid, wanted, reseller_id=None)


@app.command("remove")
def remove(email: str, reseller: AtReseller = None) -> None:
    """End what a user may do at a reseller, or everywhere."""
    from reseller_webhooks.operations import memberships, users

    database = command_database(upgrades=True)
    for one in users.memberships_of(database, email, reseller):
        memberships.remove(database, None, one.uuid, reseller_id=None)


@app.command("lock")
def lock(email: str, reseller: AtReseller = None) -> None:
    """Lock a user; sessions and links end at once."""
    from reseller_webhooks.operations import users

    database = command_database(upgrades=True)
    for one in users.memberships_of(database, email, reseller):
        users.lock(database, None, one.uuid, reseller_id=None)


@app.command("unlock")
def unlock(email: str, reseller: AtReseller = None) -> None:
    """Unlock a user."""
    from reseller_webhooks.operations import users

    database = command_database(upgrades=True)
    for one in users.memberships_of(database, email, reseller):
        users.unlock(database, one.uuid, reseller_id=None)


def _role(text: str) -> Role:
    if text not in (Role.ADMIN, Role.VIEWER):
        raise typer.BadParameter(f"{text!r} is no role; give admin or viewer")
    return Role(text)


def _print_link(token: str) -> None:
    from reseller_webhooks.bootstrap.sign_in_links import sign_in_link

    typer.echo(sign_in_link(token))
