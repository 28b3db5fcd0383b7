"""Sign-in links that commands print: they begin with the URL at which the program is served.

The demo chooses that URL by its port, where PUBLIC_URL is not set. It notes it in a file beside the
SQLite database while it runs, so that commands beside it print links that lead there.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reseller_webhooks.settings import Settings, load
from reseller_webhooks.store.db.database import Database

FILE = "public-url"


@contextmanager
def printed_with(settings: Settings) -> Iterator[None]:
    """Let commands print links with the URL of these settings."""
    file = _file(settings)
    if file is None:
        yield
        return
    file.write_text(settings.public_url)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def sign_in_link(token: str) -> str:
    """The link of a token: with PUBLIC_URL, else with the URL of a running demo."""
    settings = load()
    return f"{_public_url(settings)}/sign-in/{token}"


def _public_url(settings: Settings) -> str:
    file = None if "public_url" in settings.model_fields_set else _file(settings)
    try:
        return file.read_text() if file else settings.public_url
    except (OSError, ValueError):
        return settings.public_url


def _file(settings: Settings) -> Path | None:
    database = Database.file_of(settings.database)
    return database and database.parent / FILE
