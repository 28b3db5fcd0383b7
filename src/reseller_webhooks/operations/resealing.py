"""Surveys all sealed secrets, and seals them anew under the first key.

Each step is a transaction of its own over some rows, so it can be interrupted and begun again,
and runs beside processes that send and people who edit.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from reseller_webhooks import clock
from reseller_webhooks.core.errors import Refused, SecretUnreadable
from reseller_webhooks.core.webhooks.webhook import NoAuth, SecretPurpose
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations.webhook_secrets import NO_AUTH, Sealer, binding, read_auth
from reseller_webhooks.sealing import FORMAT, is_bound, revision_of
from reseller_webhooks.store.cluster import leases
from reseller_webhooks.store.db import features
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.db.features import Feature
from reseller_webhooks.store.webhooks import sealed
from reseller_webhooks.store.webhooks.sealed import SealedRow

ROWS = 100
"""Webhooks of one transaction."""
PASSES = 10
"""Rows that other transactions change meanwhile are read again, up to this many times."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A secret that does not open, and why."""

    webhook: str
    url: str
    reseller: str
    reseller_uuid: str
    purpose: SecretPurpose
    reason: str


@dataclass(slots=True)
class Survey:
    """The result of a survey. is_whole: whether there was time for every webhook.

    by_key: secrets by the id of the key that opens them. unbound: those in the format of 0.1.0.
    """

    total: int = 0
    webhooks: int = 0
    by_key: Counter[str] = field(default_factory=Counter)
    unbound: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    is_whole: bool = False
    binds: bool = False


@dataclass(slots=True)
class Resealed:
    """The result of sealing anew. busy: rows that other transactions kept changing."""

    sealed: int = 0
    current: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    busy: int = 0


@dataclass(slots=True)
class _Opened:
    """One webhook's secrets. keys: that open them. stale: in clear, those to seal anew."""

    row: SealedRow
    keys: list[str] = field(default_factory=list)
    current: int = 0
    unbound: int = 0
    unreadable: list[Unreadable] = field(default_factory=list)
    stale: dict[SecretPurpose, str] = field(default_factory=dict, repr=False)


def survey(database: Database, box: Box, *, most_s: float, unreadable_most: int = 1_000) -> Survey:
    """Survey how secrets are sealed, as far as there is time."""
    until = clock.monotonic_s() + most_s
    with database.read() as tx:
        found = Survey(sealed.count(tx), binds=features.is_on(tx, Feature.BOUND_SECRETS))
    for rows in _pages(database):
        for one in (_open(box, row, bound=found.binds) for row in rows):
            found.webhooks += 1
            found.by_key.update(one.keys)
            found.unbound += one.unbound
            found.unreadable += one.unreadable
        if clock.monotonic_s() > until or len(found.unreadable) >= unreadable_most:
            return found
    found.is_whole = True
    return found


def reseal(database: Database, box: Box, *, bound: bool = True, dry_run: bool = False) -> Resealed:
    """Seal every secret under the first key, bound to its row; in 0.1.0's format if not `bound`.

    Refused while a worker lives that cannot open bound values.
    """
    if not dry_run:
        _choose_format(database, bound=bound)
    done, busy = Resealed(), list[int]()
    for rows in _pages(database):
        busy += _reseal_rows(database, box, rows, done, bound=bound, dry_run=dry_run)
    for _ in range(PASSES):
        if not busy:
            break
        with database.read() as tx:
            rows = sealed.some(tx, busy)
        busy = _reseal_rows(database, box, rows, done, bound=bound, dry_run=dry_run)
    done.busy = len(busy)
    return done


def _choose_format(database: Database, *, bound: bool) -> None:
    with database.write() as tx:
        if not bound:
            features.turn_off(tx, Feature.BOUND_SECRETS)
            return
        for one in leases.members(tx):
            if (one.sealed_format or 1) < FORMAT:
                raise Refused(
                    f"the worker on {one.host} is of an earlier version ({one.version}) and could "
                    "not open what is sealed now; replace it and begin again, or give --unbound"
                )
        features.turn_on(tx, Feature.BOUND_SECRETS)


def _pages(database: Database) -> Iterator[list[SealedRow]]:
    after = 0
    while True:
        with database.read() as tx:
            rows = sealed.page(tx, after=after, limit=ROWS)
        if not rows:
            return
        yield rows
        after = rows[-1].id


def _reseal_rows(
    database: Database,
    box: Box,
    rows: list[SealedRow],
    done: Resealed,
    *,
    bound: bool,
    dry_run: bool,
) -> list[int]:
    """Reseal rows; returns the webhooks that other transactions changed meanwhile."""
    found = [_open(box, row, bound=bound) for row in rows]
    stale = [one for one in found if one.stale]
    busy = set[int]() if dry_run or not stale else _write(database, box, stale, bound=bound)
    for one in found:
        if one.row.id not in busy:
            done.sealed += len(one.stale)
            done.current += one.current
            done.unreadable += one.unreadable
    return sorted(busy)


def _write(database: Database, box: Box, stale: list[_Opened], *, bound: bool) -> set[int]:
    new = [(one.row, _sealed(box, one, bound=bound)) for one in stale]
    with database.write() as tx:
        return {row.id for row, values in new if not sealed.replace(tx, row, values)}


def _sealed(box: Box, one: _Opened, *, bound: bool) -> dict[SecretPurpose, str]:
    sealer = Sealer(box, one.row.uuid, bound)
    return {
        purpose: sealer.seal(purpose, clear, revision=revision_of(one.row.values[purpose]))
        for purpose, clear in one.stale.items()
    }


def _open(box: Box, row: SealedRow, *, bound: bool) -> _Opened:
    opened = _Opened(row)
    for purpose, value in row.values.items():
        try:
            _open_one(box, opened, purpose, value, bound=bound)
        except SecretUnreadable as error:
            if purpose is SecretPurpose.AUTHENTICATION and row.auth_type == NO_AUTH:
                opened.stale[purpose] = NoAuth().model_dump_json(by_alias=True)  # all there was
                continue
            place = (row.uuid, row.url, row.reseller, row.reseller_uuid)
            opened.unreadable.append(Unreadable(*place, purpose, str(error)))
    return opened


def _open_one(
    box: Box, opened: _Opened, purpose: SecretPurpose, value: str, *, bound: bool
) -> None:
    unsealed = box.unseal(value, binding(opened.row.uuid, purpose))
    if purpose is SecretPurpose.AUTHENTICATION:
        read_auth(unsealed.clear)
    opened.keys.append(unsealed.key_id)
    opened.unbound += not is_bound(value)
    if unsealed.key_id == box.key_ids[0] and is_bound(value) is bound:
        opened.current += 1
    else:
        opened.stale[purpose] = unsealed.clear
