"""The catalogue of texts and its translations, as files."""

from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po

from reseller_webhooks.http.pages.language import LOCALE

PAGES = LOCALE.parent
MAIL = PAGES.parent.parent / "mail"
TREE = Path(__file__).parents[2]


def read(name: str) -> Catalog:
    """messages.pot, or a translation by its language."""
    path = LOCALE / name if name.endswith(".pot") else LOCALE / name / "LC_MESSAGES/messages.po"
    with path.open("rb") as file:
        return read_po(file)
