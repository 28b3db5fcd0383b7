"""Limits how long a request's body may take to arrive."""

from math import inf

from anyio import CancelScope, current_time
from starlette.types import Message, Receive

from reseller_webhooks.core.messages.requests import BODY_TOO_SLOW
from reseller_webhooks.http.edge.problems import TooSlow

BODY_WITHIN_S = 60.0
"""A body that never ends would keep its connection for good."""


def read_within(receive: Receive, within_s: float) -> Receive:
    """`receive`, which raises TooSlow unless the body ends in time. Later messages may wait."""
    until = current_time() + within_s

    async def receive_in_time() -> Message:
        nonlocal until
        message: Message = {}
        with CancelScope(deadline=until):
            message = await receive()
        if not message:
            raise TooSlow(BODY_TOO_SLOW(seconds=round(within_s)))
        if not message.get("more_body", False):
            until = inf
        return message

    return receive_in_time
