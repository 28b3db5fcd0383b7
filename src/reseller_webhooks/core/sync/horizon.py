"""The read horizon: the number up to which every row of a table is visible, whatever commits late.

Rows draw their numbers before they are committed, so a row may appear below a number that was
seen long ago. How long that takes nobody knows. What can be known is which transactions are
writing the table at an instant (store/db/horizon.py); a row below a number that was seen before
that instant can only come from one of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from reseller_webhooks.core.rules import Rule, implements


@dataclass(frozen=True, slots=True)
class Horizon:
    """The horizon after a look at a table's writers.

    newest: the highest number seen before that look. floors: for each transaction that was writing
    then, the number below which it brings nothing.
    """

    newest: int = 0
    floors: Mapping[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """The number up to which no row can still become visible."""
        return min(self.floors.values(), default=self.newest)

    @implements(Rule.HORIZON)
    def advanced(self, newest: int, writers: Collection[str]) -> "tuple[Horizon, int]":
        """The horizon after another look, and above which number rows may have become visible.

        newest: the highest number seen before the look. writers: who is writing the table.
        """
        # Who was not writing at the look before drew its numbers after that look.
        floors = {one: self.floors.get(one, self.newest) for one in writers}
        ended = [floor for one, floor in self.floors.items() if one not in floors]
        return Horizon(max(newest, self.newest), floors), min([self.newest, *ended])

    def lowered(self, newest: int) -> "Horizon":
        """The horizon when no number is higher than `newest`.

        A failover that lost the last moments gives their numbers again.
        """
        return Horizon(min(newest, self.newest), self.floors)
