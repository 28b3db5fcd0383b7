"""Date ranges in forms: from and to, to the minute, in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reseller_webhooks.clock import SECOND, Micros
from reseller_webhooks.http.pages.form import Form
from reseller_webhooks.http.pages.language import N_, _

LABELS = {"from": N_("From"), "to": N_("To")}
ENTER = N_("Enter a date and a time, such as 2026-01-31T14:00.")
AFTER = N_("Enter a time after the one in From.")
MINUTE: Micros = 60 * SECOND
FIRST_YEAR = 1970


@dataclass(frozen=True, slots=True)
class DateRange:
    """The fields as the page shows them, and a sentence for each that has to be mended."""

    values: Mapping[str, str]
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, str]:
        """The label of each field."""
        return LABELS


def from_instants(since: Micros, until: Micros) -> DateRange:
    """The fields for a period; it begins and ends on a minute, and leaves nothing out."""
    return DateRange({"from": _text(since), "to": _text(until + MINUTE - 1)})


def typed(form: Form) -> DateRange:
    """The fields as typed, with their problems."""
    values = {name: form.text(name) for name in LABELS}
    wrong = {name: _(ENTER) for name, text in values.items() if instant(text) is None}
    if not wrong and values["to"] <= values["from"]:
        wrong = {"to": _(AFTER)}
    return DateRange(values, wrong)


def instants(period: DateRange) -> tuple[Micros, Micros]:
    """From and to, of a period that nothing is wrong with."""
    since, until = (instant(period.values[name]) for name in LABELS)
    if since is None or until is None:
        raise ValueError("a period that is wrong has no instants")
    return since, until


def _text(at: Micros) -> str:
    return f"{datetime.fromtimestamp(at // SECOND, UTC):%Y-%m-%dT%H:%M}"


def instant(text: str) -> Micros | None:
    """The instant that was typed; None for any other text."""
    try:
        at = datetime.strptime(text[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
        return int(at.timestamp()) * SECOND if at.year >= FIRST_YEAR else None
    except ValueError:
        return None
