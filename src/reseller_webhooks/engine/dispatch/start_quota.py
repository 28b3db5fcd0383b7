"""How much may start in one turn of the event loop, so that a turn stays short.

Requests that start together are answered together, and other work waits for all of them. With a
thousand requests under way to quick receivers, that would be a quarter of a second.
"""

import asyncio
from collections.abc import Callable

UNITS = 100
"""A turn's worth of starts: some 20 ms. Fewer would forgo what answers and requests save that are
handled in one go."""
BYTES_A_UNIT = 16 * 1024
"""Of a body, since it is signed and encrypted in the loop."""


class StartQuota:
    """What is left of this turn. renewed: called in the next one, if anything has started."""

    def __init__(self, renewed: Callable[[], None]) -> None:
        self._renewed = renewed
        self._left = UNITS

    @property
    def is_spent(self) -> bool:
        """Whether nothing more may start in this turn."""
        return self._left <= 0

    def spend(self, body_bytes: int) -> None:
        """Something starts. body_bytes: the size of its body."""
        if self._left == UNITS:
            asyncio.get_running_loop().call_soon(self._renew)
        self._left -= 1 + body_bytes // BYTES_A_UNIT

    def _renew(self) -> None:
        was_spent = self.is_spent
        self._left = UNITS
        if was_spent:
            self._renewed()
