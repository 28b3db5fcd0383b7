"""What happened, in the words of a person who looks on: time, who, what."""

from dataclasses import dataclass, field
from typing import Any

from tests.simulation.virtual_clock import Clockwork


@dataclass(slots=True)
class Trace:
    """Lines are kept as they came and written out only when somebody reads them."""

    virtual_clock: Clockwork
    lines: list[tuple[float, str, str, tuple[Any, ...]]] = field(default_factory=list)

    def note(self, who: str, what: str, *given: Any) -> None:
        """what: a line with {} for what is given."""
        self.lines.append((self.virtual_clock.now, who, what, given))

    def text(self, about: str = "") -> str:
        """about: only lines with this word."""
        written = (
            f"{at:9.3f}  {who:<8} {what.format(*given)}" for at, who, what, given in self.lines
        )
        return "\n".join(line for line in written if about in line)
