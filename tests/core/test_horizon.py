"""Every row is found by its number, in whatever order and however late transactions commit."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from reseller_webhooks.core.sync.horizon import Horizon

WRITERS = "abcd"


@dataclass
class Table:
    """Numbers are drawn in order and become visible when their transaction commits."""

    drawn: int = 0
    visible: set[int] = field(default_factory=set)
    writing: dict[str, list[int]] = field(default_factory=dict)

    def draw(self, writer: str) -> None:
        """A transaction writes a row; it has locked the table before it draws the number."""
        self.drawn += 1
        self.writing.setdefault(writer, []).append(self.drawn)

    def commit(self, writer: str) -> None:
        self.visible |= set(self.writing.pop(writer, []))

    @property
    def writers(self) -> frozenset[str]:
        return frozenset(self.writing)


@dataclass
class Reader:
    """Reads what is new, and then what became visible late."""

    table: Table
    horizon: Horizon = field(default_factory=Horizon)
    found: set[int] = field(default_factory=set)

    def look(self) -> None:
        newest = max((self.horizon.newest, *self.table.visible))
        self.horizon, above = self.horizon.advanced(newest, self.table.writers)
        self.found |= {one for one in self.table.visible if one > above}


STEPS = st.lists(
    st.tuples(st.sampled_from(["draw", "draw", "commit", "look"]), st.sampled_from(WRITERS)),
    max_size=80,
)


@given(STEPS)
def test_every_row_is_found_however_late_it_commits(steps: list[tuple[str, str]]) -> None:
    table = Table()
    reader = Reader(table)
    for step, writer in steps:
        if step == "look":
            reader.look()
        else:
            getattr(table, step)(writer)
    for writer in WRITERS:
        table.commit(writer)
    reader.look()

    assert reader.found == set(range(1, table.drawn + 1))


@given(STEPS)
def test_nothing_becomes_visible_up_to_what_is_settled(steps: list[tuple[str, str]]) -> None:
    table = Table()
    reader = Reader(table)
    settled: set[int] = set()
    for step, writer in steps:
        if step == "look":
            reader.look()
            settled |= {one for one in table.visible if one <= reader.horizon.settled}
            assert set(range(1, reader.horizon.settled + 1)) == settled
        else:
            getattr(table, step)(writer)


def test_a_transaction_is_waited_for_from_the_number_before_it_on() -> None:
    horizon, _ = Horizon().advanced(10, [])
    horizon, _ = horizon.advanced(20, ["slow"])
    horizon, above = horizon.advanced(30, ["slow", "quick"])

    assert (horizon.settled, above) == (10, 20)
    assert horizon.advanced(30, ["slow"])[1] == 20
    assert horizon.advanced(30, [])[1] == 10


def test_numbers_that_went_back_are_seen_as_new() -> None:
    horizon, _ = Horizon().advanced(100, [])

    assert horizon.lowered(90).advanced(95, [])[1] == 90
