"""`listen`: forwards a reseller's notifications to a local URL, over outgoing requests only."""

import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from reseller_webhooks import crypto
from reseller_webhooks.core.webhooks.signing import new_secret
from reseller_webhooks.remote.api_client import ApiClient, Unanswered
from reseller_webhooks.remote.forward import ForwardedNotification, Forwarder

PATH = "/api/v1/events"
WAIT_S = 20
AGAIN_S = 2.0
"""After a request that the server did not answer."""
AT_THE_END = "9999-12-31T00:00:00Z"
"""A time behind which there is no event."""
LAST = "r"
"""Typed in place of a number: the last notification again."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """The notifications to forward, and their target.

    since: a time, for events before now. secret: signs; None for a new one. token: of the
    authentication Token.
    """

    url: str
    key: str
    target: str
    since: str | None = None
    resource: str | None = None
    secret: str | None = None
    token: str | None = None


def listen(options: ListenOptions) -> None:
    """Forward until the process is stopped. Refused when the server or an option is not right."""
    console = Console(highlight=False, soft_wrap=True)
    secret = options.secret or new_secret(crypto.random_bytes(32))
    forwarder = Forwarder(options.target, secret, token=options.token)
    with ApiClient(options.url, options.key) as api:
        feed = _Feed(api, options, console)
        feed.begin()
        console.print(f"Forwarding to {options.target}", style="bold")
        console.print(f"Signing secret: {secret}")
        console.print(f"Type a number, or {LAST} for the last one, to send it again.", style="dim")
        threading.Thread(target=_read_keys, args=(forwarder, console), daemon=True).start()
        for notification in feed:
            _show(console, forwarder.send(notification))


class _Feed:
    """The notifications, from `since` or from now on."""

    def __init__(self, api: ApiClient, options: ListenOptions, console: Console) -> None:
        self._api, self._console = api, console
        self._since = options.since or AT_THE_END
        self._filter = {"type": options.resource} if options.resource else {}
        self._cursor = ""

    def begin(self) -> None:
        """Find the position to begin at, so that a wrong key or time is refused at once."""
        page = self._api.get(PATH, {"from": self._since, "limit": "1", **self._filter})
        self._cursor = "" if page["items"] else page["nextCursor"]

    def __iter__(self) -> Iterator[dict[str, object]]:
        while True:
            start = {"after": self._cursor} if self._cursor else {"from": self._since}
            try:
                page = self._api.get(
                    PATH, {**start, "wait": str(WAIT_S), **self._filter}, more_s=WAIT_S
                )
            except Unanswered as error:
                self._console.print(f"{error}; trying again", style="yellow")
                time.sleep(AGAIN_S)
                continue
            for item in page["items"]:
                yield item["notification"]
            self._cursor = page["nextCursor"]


def _read_keys(forwarder: Forwarder, console: Console) -> None:
    for line in sys.stdin:
        word = line.strip()
        if not word:
            continue
        number = forwarder.count if word == LAST else int(word) if word.isdecimal() else 0
        sent = forwarder.again(number)
        if sent is None:
            console.print(f"No notification {word}; there are {forwarder.count}.", style="yellow")
        else:
            _show(console, sent)


def _show(console: Console, sent: ForwardedNotification) -> None:
    again = f" (attempt {sent.attempt})" if sent.attempt > 1 else ""
    what = f"{sent.action} {sent.resource} {sent.uuid} version {sent.version}{again}"
    status = "no answer" if sent.status is None else str(sent.status)
    line = Text(f"#{sent.number} {what} → ")
    line.append(status, style="green" if sent.is_taken else "red")
    line.append(f" {sent.ms} ms", style="dim")
    console.print(line)
    if sent.detail:
        console.print(Text(f"   {sent.detail}", style="dim"))
