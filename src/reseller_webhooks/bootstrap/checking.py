"""The settings in force and whether the database answers, for an operator to read."""

from collections.abc import Iterator

from pydantic import SecretStr

from reseller_webhooks.bootstrap.program import keys_file, open_box
from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.settings import PREFIX, Settings
from reseller_webhooks.store import migrate
from reseller_webhooks.store.database import Database

MASK = "********"


def report(settings: Settings) -> str:
    """One line per setting, then the state of the keys and of the database."""
    return "\n".join([*_settings(settings), "", *_state(settings)])


def _settings(settings: Settings) -> Iterator[str]:
    for name in Settings.model_fields:
        yield f"{PREFIX}{name.upper()}={_shown(name, getattr(settings, name))}"


def _shown(name: str, value: object) -> str:
    if name == "database":
        return _without_password(str(value))
    if isinstance(value, tuple):
        return ",".join(MASK if isinstance(one, SecretStr) else f"{one}" for one in value)
    return "" if value is None else str(value)


def _without_password(url: str) -> str:
    before, at, host = url.rpartition("@")
    scheme, slashes, user = before.partition("://")
    name, colon, _ = user.partition(":")
    return f"{scheme}{slashes}{name}{':' + MASK if colon else ''}{at}{host}" if at else url


def _state(settings: Settings) -> Iterator[str]:
    open_box(settings)
    yield f"secret keys: {'from the settings' if settings.secret_keys else keys_file(settings)}"
    try:
        migrate.check(Database(settings.database))
    except ResellerWebhooksError as error:
        yield f"database: {error}"
    else:
        yield "database: answers, and its tables are those of this version"
