"""Search for a part of a text in lists of a few thousand rows, which are read whole for it."""

from sqlalchemy import ColumnElement, or_

SEARCH_MAX = 200
"""Characters that are searched for; more are cut off."""


def matches(
    search: str, *, part_of: ColumnElement[str], exactly: ColumnElement[str]
) -> ColumnElement[bool]:
    """Whether a text holds what is searched for, in upper or lower case, or an id is that."""
    wanted = search.replace("\0", "")[:SEARCH_MAX]  # PostgreSQL's text has no NUL
    return or_(part_of.icontains(wanted, autoescape=True), exactly == wanted)
