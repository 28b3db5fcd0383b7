"""The clock of the program: the store's time, CPU time and randomness."""

from reseller_webhooks import clock, crypto


class SystemClock:
    """The store's time, and random numbers."""

    def __init__(self, store_clock: clock.StoreClock) -> None:
        self._clock = store_clock

    def now(self) -> clock.Micros:
        """Wall time."""
        return self._clock.now()

    def cpu_s(self) -> float:
        """Processor seconds that this process has used."""
        return clock.cpu_s()

    def chance(self) -> float:
        """A number in [0, 1)."""
        return crypto.chance()
