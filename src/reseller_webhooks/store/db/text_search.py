"""Search for a part of a text in lists of a few thousand rows, which are read whole for it."""

from sqlalchemy import ColumnElement, or_

from reseller_webhooks.core.text_rules import SEARCH_MAX


def matches(
    search: str, *, part_of: ColumnElement[str], exactly: ColumnElement[str]
) -> ColumnElement[bool]:
    """Condition: a text holds the search, in upper or lower case, or an id equals it."""
    wanted = search.replace("\0", "")[:SEARCH_MAX]  # PostgreSQL's text has no NUL
    return or_(part_of.icontains(wanted, autoescape=True), exactly == wanted)
