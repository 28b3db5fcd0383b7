"""If-Match: changes only the version that the caller has read (RFC 9110, 13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_EVERY_TAG = re.compile(_TAG)
_LIST = re.compile(rf"[ \t,]*(?:{_TAG}[ \t]*(?:,[ \t,]*|\Z))*")


def tag(edition: str) -> str:
    """The entity tag of an edition."""
    return f'"{edition}"'


def editions(text: str) -> frozenset[str] | None:
    """Those of which one has to be the present one; None for any, so for a bare * alone.

    A weak tag is equal to none, and what is no list of tags holds none.
    """
    if text.strip(" \t") == "*":
        return None
    tags = _EVERY_TAG.findall(text) if _LIST.fullmatch(text) else []
    return frozenset(one[1:-1] for one in tags if one.startswith('"'))


def _expected(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description="The ETag that a GET or PATCH answered, or a list of them (RFC 9110, "
            "13.1.1): 412 when somebody has changed the webhook since. Without it, or with *, "
            "the change is made in any case."
        ),
    ] = None,
) -> frozenset[str] | None:
    lines = request.headers.getlist("if-match")  # A list may go on in a header of the same name.
    return None if if_match is None else editions(", ".join(lines))


Expected = Annotated[frozenset[str] | None, Depends(_expected)]
"""The editions that the caller has seen; None when it does not matter."""
