"""Limits how many deliveries start in one turn of the event loop, so that a turn stays short.

Requests that start together are answered together, and other work waits for all of them: with a
thousand requests in flight to fast receivers, for a quarter of a second.
"""

import asyncio
from collections.abc import Callable

UNITS = 100
"""Starts in one turn: about 20 ms. Fewer would lose the savings of handling requests in batches."""
BYTES_A_UNIT = 16 * 1024
"""A larger body counts as more starts, since it is signed and encrypted on the loop."""


class StartQuota:
    """Counts starts in this turn. renewed: called in the next turn if the quota was used up."""

    def __init__(self, renewed: Callable[[], None]) -> None:
        self._renewed = renewed
        self._left = UNITS

    @property
    def is_spent(self) -> bool:
        """True if no more deliveries may start in this turn."""
        return self._left <= 0

    def spend(self, body_bytes: int) -> None:
        """Account for a delivery that starts."""
        if self._left == UNITS:
            asyncio.get_running_loop().call_soon(self._renew)
        self._left -= 1 + body_bytes // BYTES_A_UNIT

    def _renew(self) -> None:
        was_spent = self.is_spent
        self._left = UNITS
        if was_spent:
            self._renewed()
