"""A notification as a curl command, to send it by hand from any shell."""

import shlex
from collections.abc import Mapping

from reseller_webhooks.core.deliveries.notification import TOKEN
from reseller_webhooks.core.deliveries.secret_masking import MASK

PLACEHOLDERS = {
    "webhook-signature": "v1,SIGNATURE",
    "authorization": "Bearer ACCESS_TOKEN",
    TOKEN: "TOKEN",
}
"""Placeholders for secrets, which the command never contains."""


def command(url: str, headers: Mapping[str, str], body: str) -> str:
    """The command, in the words of a POSIX shell. headers: as shown, with secrets masked."""
    lines = [f"curl --globoff --request POST {shlex.quote(url)}"]
    for name, text in headers.items():
        told = PLACEHOLDERS.get(name, text) if MASK in text else text
        lines.append(f"--header {shlex.quote(f'{name}: {told}')}")
    # Not --data, which would read a file when the text began with @.
    lines.append(f"--data-raw {shlex.quote(body)}")
    return " \\\n  ".join(lines)
