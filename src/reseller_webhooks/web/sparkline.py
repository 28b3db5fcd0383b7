"""The last day of a webhook as a small picture: a bar an hour, and the same in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reseller_webhooks.store.health import Tally

STEP, WIDTH, HEIGHT = 4, 3, 24
"""A bar stands every STEP units and is WIDTH wide; the highest is HEIGHT."""
LEAST = 3
"""The height of anything that is not nothing, so that one failure in a thousand is seen."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """delivered, failed: SVG paths in a box of `width` by `height`. text: what they show."""

    delivered: str
    failed: str
    text: str
    width: int
    height: int = HEIGHT


def of(tally: Tally) -> Sparkline:
    """The picture of a tally."""
    hours = list(zip(tally.delivered, tally.failed, strict=True))
    most = max((sum(hour) for hour in hours), default=0)
    tops = [(_high(good, most), _high(bad, most)) for good, bad in hours]
    failed = [(max(0, HEIGHT - good - bad), bad) for good, bad in tops]
    delivered = [(min(HEIGHT, top + bad), HEIGHT - top - bad) for top, bad in failed]
    text = _text(sum(tally.delivered), sum(tally.failed), most)
    return Sparkline(_path(delivered), _path(failed), text, len(hours) * STEP - (STEP - WIDTH))


def _high(count: int, most: int) -> int:
    return max(LEAST, round(HEIGHT * count / most)) if count else 0


def _path(bars: Sequence[tuple[int, int]]) -> str:
    return "".join(_bars(bars))


def _bars(bars: Sequence[tuple[int, int]]) -> Iterator[str]:
    for hour, (top, high) in enumerate(bars):
        if high > 0:
            yield f"M{hour * STEP} {top}h{WIDTH}v{high}h-{WIDTH}z"


def _text(delivered: int, failed: int, most: int) -> str:
    if not most:
        return "Nothing was sent in the last 24 hours."
    return (
        f"In the last 24 hours {delivered:,} delivered and {failed:,} failed, "
        f"at most {most:,} in an hour."
    )
