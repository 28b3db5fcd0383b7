"""The demo's reseller, its admin, an operator, and two API keys that later runs reuse."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from reseller_webhooks.core.access.permissions import Role, Scope
from reseller_webhooks.core.errors import NotFound
from reseller_webhooks.demo.sample import RESELLER
from reseller_webhooks.operations import authentication, resellers, users
from reseller_webhooks.store.db.database import Database

ADMIN, OPERATOR = "admin@fernhill.example", "operator@fernhill.example"


@dataclass(frozen=True, slots=True)
class Accounts:
    """The reseller's id, and keys. is_new: nothing was there, so the sample has to be fed in."""

    reseller: str
    platform_key: str = field(repr=False)
    reseller_key: str = field(repr=False)
    is_new: bool = False


def prepare(database: Database, file: Path) -> Accounts:
    """The accounts of the run before, or new ones, kept in a file that only the owner may read."""
    if kept := _kept(database, file):
        return kept
    reseller = resellers.add(database, RESELLER).uuid
    users.add(database, ADMIN, Role.ADMIN, reseller)
    made = Accounts(
        reseller,
        authentication.add_key(database, Scope.PLATFORM, None, "Demo platform").key,
        authentication.add_key(database, Scope.RESELLER, reseller, "Demo reseller").key,
        is_new=True,
    )
    file.touch(mode=0o600)
    file.write_text(json.dumps(asdict(made) | {"is_new": False}))
    return made


def _kept(database: Database, file: Path) -> Accounts | None:
    """The accounts in the file, unless they are those of a database that is gone."""
    try:
        found = Accounts(**json.loads(file.read_text()))
        resellers.get(database, found.reseller)
    except (OSError, ValueError, TypeError, NotFound):
        return None
    return found


def sign_in_link(database: Database, public_url: str) -> str:
    """A fresh one-time link for the reseller's admin."""
    return f"{public_url}/sign-in/{users.link_for(database, ADMIN)}"


def operator_link(database: Database, public_url: str) -> str:
    """A fresh one-time link for the operator, who is added first if missing."""
    try:
        token = users.link_for(database, OPERATOR)
    except NotFound:
        token = users.add(database, OPERATOR, Role.OPERATOR, None)
    return f"{public_url}/sign-in/{token}"
