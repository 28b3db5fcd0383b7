"""Form fields as text, bounded in number and length."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.requests import Request

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.requests import FORM_INVALID, FORM_TOO_LARGE, FORM_WITH_NUL

BYTES_MAX = 64 * 1024
"""The longest form has ten fields of 4 KiB."""
FIELDS_MAX = 64


@dataclass(frozen=True, slots=True)
class Form:
    """Fields by name; a field may come more than once."""

    fields: Mapping[str, Sequence[str]] = field(repr=False)

    def text(self, name: str) -> str:
        """The field's text, without the blanks around it that come with copying."""
        return self.exact(name).strip()

    def exact(self, name: str) -> str:
        """The field's text with its blanks, which may belong to a password."""
        return next(iter(self.fields.get(name, ())), "")

    def every(self, name: str) -> frozenset[str]:
        """The ticked values."""
        return frozenset(self.fields.get(name, ()))

    def has(self, name: str) -> bool:
        """True if the box is ticked."""
        return name in self.fields


async def read(request: Request) -> Form:
    """The form of a request. Invalid when it is longer than any form of the pages."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > BYTES_MAX:
            raise Invalid.at("", FORM_TOO_LARGE(size=BYTES_MAX))
    try:
        text = body.decode("ascii")
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Invalid.at("", FORM_INVALID()) from None
    if "%00" in text:
        raise Invalid.at("", FORM_WITH_NUL())
    return Form(fields)
