"""The keys that seal secrets: where they come from, and whether they open what the store holds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import structlog

from reseller_webhooks import crypto
from reseller_webhooks.core.errors import Refused
from reseller_webhooks.core.health.conditions import Condition, ConditionCode, Severity
from reseller_webhooks.crypto import Box
from reseller_webhooks.operations.resealing import survey
from reseller_webhooks.settings import Settings
from reseller_webhooks.store.db.database import Database

MOST_S = 1.0
"""Time limit of one check for opening secrets."""
EVERY_S, MENDED_WITHIN_S = 3600.0, 60.0
REMEDY = (
    "give every process the same RESELLER_WEBHOOKS_SECRET_KEYS and restart; "
    "reseller-webhooks check names the secrets"
)

log = structlog.get_logger()


class SecretsCheck:
    """Checks at intervals whether this process can open the secrets in the store.

    For processes that send nothing: an API that has other keys than the workers would seal
    secrets that no worker can open.
    """

    def __init__(self, database: Database, box: Box) -> None:
        self._database = database
        self._box = box
        self._unreadable = 0

    async def run(self) -> None:
        """Check for ever."""
        while True:
            unreadable = await asyncio.to_thread(self._count_unreadable)
            if unreadable and not self._unreadable:
                log.warning("secrets in the store do not open", count=unreadable, remedy=REMEDY)
            self._unreadable = unreadable
            await asyncio.sleep(MENDED_WITHIN_S if unreadable else EVERY_S)

    def conditions(self) -> Iterator[Condition]:
        """Degraded while the last check found secrets that do not open."""
        if self._unreadable:
            yield Condition(
                ConditionCode.SECRETS_UNREADABLE, Severity.DEGRADED, {"count": self._unreadable}
            )

    def _count_unreadable(self) -> int:
        found = survey(self._database, self._box, most_s=MOST_S)
        return len({one.webhook for one in found.unreadable})


def open_box(settings: Settings, *, reads_only: bool = False) -> Box:
    """The box for secrets, with the keys from the settings or from the generated file.

    reads_only: makes no file; where there is none, the box has a new key, which opens nothing.
    """
    if reads_only and not has_keys(settings):
        return crypto.box_of_new_key()
    keys = [key.get_secret_value() for key in settings.secret_keys]
    return Box(keys or _keys_from_file(keys_file(settings)))


def warn_of_local_keys(settings: Settings) -> None:
    """Log that keys of a file serve one machine only, where processes may run on several."""
    if not settings.secret_keys and Database.file_of(settings.database) is None:
        log.warning(
            "the secret keys are in a file of this machine",
            file=str(keys_file(settings)),
            remedy="keep the file, and give the processes of other machines what it holds as "
            "RESELLER_WEBHOOKS_SECRET_KEYS",
        )


def _keys_from_file(file: Path) -> list[str]:
    try:
        return crypto.keys_from_file(file)
    except OSError as error:
        raise Refused(
            f"the keys file {file} cannot be used: {(error.strerror or str(error)).lower()}; "
            "free space on its disk, let this user write there, "
            "or set RESELLER_WEBHOOKS_SECRET_KEYS"
        ) from None


def has_keys(settings: Settings) -> bool:
    """True if there are keys already; otherwise `serve` makes them."""
    return bool(settings.secret_keys) or keys_file(settings).exists()


def keys_file(settings: Settings) -> Path:
    """The file of generated keys: beside an SQLite database, else in ./data."""
    file = Database.file_of(settings.database)
    return (file.parent if file else Path("data")) / "secret-keys"
