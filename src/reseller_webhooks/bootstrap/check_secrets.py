"""The part of `check` about secret keys and sealed secrets."""

from collections.abc import Iterator

from reseller_webhooks.bootstrap.secret_commands import describe
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations.resealing import Survey, survey
from reseller_webhooks.store.db.database import Database

MOST_S = 10.0
"""Time limit of `check` for opening secrets; a large store may hold more than it allows."""
NAMED = 20
"""Secrets that do not open are named up to this many."""
REMEDY = (
    "put the missing key back behind the first in RESELLER_WEBHOOKS_SECRET_KEYS and restart, or "
    "have these secrets entered again; other webhooks are not affected"
)


def check_secrets(database: Database, box: Box) -> tuple[list[str], bool]:
    """Lines about keys and sealed secrets, and whether every secret opens."""
    found = survey(database, box, most_s=MOST_S)
    return [*_keys(found, box), *_format(found), *_unreadable(found)], not found.unreadable


def _keys(found: Survey, box: Box) -> Iterator[str]:
    if not found.is_whole:
        yield (
            f"sealed secrets: those of {found.webhooks} of {found.total} webhooks were looked at; "
            "run reseller-webhooks secrets reseal, which looks at all"
        )
    for place, key_id in enumerate(box.key_ids):
        count = found.by_key[key_id]
        named = f"secret key {place + 1} of {len(box.key_ids)} ({key_id}): "
        if place == 0:
            yield f"{named}seals; {count} sealed secrets"
        elif count:
            yield f"{named}{count} sealed secrets; run reseller-webhooks secrets reseal"
        elif found.is_whole:
            yield f"{named}no sealed secrets; it may be taken out"


def _format(found: Survey) -> Iterator[str]:
    if found.unbound:
        yield (
            f"sealed secrets: {found.unbound} are not bound to their webhook; once no process of "
            "an earlier version runs: reseller-webhooks secrets reseal"
        )


def _unreadable(found: Survey) -> Iterator[str]:
    if not found.unreadable:
        return
    yield f"sealed secrets: {len(found.unreadable)} do not open; {REMEDY}"
    for one in found.unreadable[:NAMED]:
        yield describe(one)
    if len(found.unreadable) > NAMED:
        yield f"  and {len(found.unreadable) - NAMED} more"
