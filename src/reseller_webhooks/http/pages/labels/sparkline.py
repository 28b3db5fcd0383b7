"""The last day of a webhook as a small picture: a bar an hour, and the same in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reseller_webhooks.core.deliveries.delivery_stats import HourCount
from reseller_webhooks.http.pages.language import _, ngettext, number

STEP, WIDTH, HEIGHT = 4, 3, 24
"""A bar stands every STEP units and is WIDTH wide; the highest is HEIGHT."""
LEAST = 3
"""The height of anything that is not nothing, so that one failure in a thousand is seen."""


@dataclass(frozen=True, slots=True)
class Sparkline:
    """A chart in a box of `width` by `height`, and a line below it. text: its description.

    delivered, failed: SVG paths of bars. outages: of the line below hours with an open circuit.
    """

    delivered: str
    failed: str
    outages: str
    text: str
    width: int
    height: int = HEIGHT


def from_counts(tally: HourCount, failing: Sequence[bool]) -> Sparkline:
    """The picture of a tally; failing: for each hour, whether the circuit was open in it."""
    hours = list(zip(tally.delivered, tally.failed, strict=True))
    most = max((sum(hour) for hour in hours), default=0)
    tops = [(_high(good, most), _high(bad, most)) for good, bad in hours]
    failed = [(max(0, HEIGHT - good - bad), bad) for good, bad in tops]
    delivered = [(min(HEIGHT, top + bad), HEIGHT - top - bad) for top, bad in failed]
    return Sparkline(
        _path(delivered),
        _path(failed),
        _path([(HEIGHT - 1, 2 if one else 0) for one in failing]),
        _text(sum(tally.delivered), sum(tally.failed), most) + _text_of_outages(sum(failing)),
        len(hours) * STEP - (STEP - WIDTH),
    )


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
        return _("Nothing was sent in the last 24 hours.")
    said = _(
        "In the last 24 hours %(delivered)s delivered and %(failed)s failed, "
        "at most %(most)s in an hour."
    )
    counts = {"delivered": delivered, "failed": failed, "most": most}
    return said % {name: number(count) for name, count in counts.items()}


def _text_of_outages(hours: int) -> str:
    if not hours:
        return ""
    said = ngettext(
        "The receiver was failing in one of the hours.",
        "The receiver was failing in %(count)s of the hours.",
        hours,
    )
    return f" {said % {'count': hours}}"
