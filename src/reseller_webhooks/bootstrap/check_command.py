"""The command `check`: prints the settings in force and whether the database answers."""

import re
from collections.abc import Iterator

from pydantic import SecretStr

from reseller_webhooks.bootstrap import trusted_certificates
from reseller_webhooks.bootstrap.check_secrets import check_secrets
from reseller_webhooks.bootstrap.refusals import line_of
from reseller_webhooks.bootstrap.secret_keys import has_keys, keys_file, open_box
from reseller_webhooks.core.errors import Refused, ResellerWebhooksError
from reseller_webhooks.core.health import clocks
from reseller_webhooks.settings import (
    FORWARDED_ALLOW_IPS,
    PREFIX,
    Settings,
    trusted_proxies,
    unknown_names,
    without_userinfo,
)
from reseller_webhooks.store.db import damage, migrate, privileges, readiness
from reseller_webhooks.store.db.database import Database

MASK = "********"
QUICK_CHECK_S = 10.0
"""For SQLite's own check of the file; of a large file it checks as much as it can in that time."""


def report(settings: Settings) -> tuple[str, bool]:
    """One line per setting, the state of the keys and of the database; and whether all is well."""
    unknown = [f"{name}: nobody knows this setting" for name in unknown_names()]
    state, is_ready = _state(settings)
    if settings.ca_file:
        lines, is_valid = trusted_certificates.report(settings.ca_file)
        state, is_ready = [*state, *lines], is_ready and is_valid
    return "\n".join([*_settings(settings), "", *unknown, *state]), is_ready and not unknown


def _settings(settings: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        yield f"{PREFIX}{name.upper()}={_format(name, getattr(settings, name))}"
    yield f"{FORWARDED_ALLOW_IPS}={','.join(trusted_proxies())}"


def _format(name: str, value: object) -> str:
    if name == "database":
        return _without_password(str(value))
    if isinstance(value, tuple):
        return ",".join(MASK if isinstance(one, SecretStr) else f"{one}" for one in value)
    if isinstance(value, bool):
        return f"{value}".lower()  # as it is written in a settings file
    return "" if value is None else without_userinfo(str(value))


def _without_password(url: str) -> str:
    url = re.sub(r"(?<=[?&])((?:ssl)?password)=[^&]*", rf"\1={MASK}", url)
    before, at, host = url.rpartition("@")
    scheme, slashes, user = before.partition("://")
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}{':' + MASK if colon else ''}{at}{host}" if at else url


def _require_changes(database: Database) -> None:
    """Unavailable where the server takes no changes. An SQLite file is not written to here."""
    if Database.file_of(database.url) is None:
        with database.write() as tx:
            readiness.require_writable(tx)


def _state(settings: Settings) -> tuple[list[str], bool]:
    box = open_box(settings, reads_only=True)
    keys = f"secret keys: {'from the settings' if settings.secret_keys else keys_file(settings)}"
    if not has_keys(settings):
        keys += ", which is not there yet; serve makes it"
    try:
        database = Database(settings.database, reads_only=True)
    except Refused as error:
        return [keys, f"database: {error}"], False
    try:
        migrate.check(database)
        _require_changes(database)
        lacking = privileges.check(database)
        damaged = damage.quick_check(database, within_s=QUICK_CHECK_S)
        secrets, all_open = check_secrets(database, box)
    except ResellerWebhooksError as error:
        return [keys, f"database: {line_of(error)}"], False
    finally:
        database.close()
    told = [keys, "database: answers, and its tables are those of this version", *secrets]
    wrong: list[str] = []
    if damaged is None:
        told.append(f"file: not all of it was checked in {QUICK_CHECK_S:g} s")
    elif damaged:
        wrong.append(f"file: damaged: {'; '.join(damaged)}; {damage.REMEDY}")
    if lacking:
        wrong.append(f"maintenance: {privileges.sentence(lacking)}; {privileges.REMEDY}")
    if off := clocks.store_line(database.clock.ahead_s()):
        wrong.append(f"clock: {off}")
    return [*told, *wrong], all_open and not wrong
