"""The health of a webhook in plain words: a badge, and clauses that may end with a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.deliveries.delivery_stats import (
    WAITING_COUNTED,
    LastAttempt,
    WebhookStats,
)
from reseller_webhooks.core.webhooks.webhook import PauseReason, WebhookState
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow, is_held, pause_reason
from reseller_webhooks.http.pages import messages
from reseller_webhooks.http.pages.labels.delivery_labels import Badge
from reseller_webhooks.http.pages.language import N_, _, ngettext, number
from reseller_webhooks.operations.health import WebhookCourse


class Clause(NamedTuple):
    """Some words, and the time that follows them if any. ahead: something is due then."""

    text: str
    at: Micros | None = None
    ahead: bool = False


UNREADABLE = Badge("bad", N_("Secrets unreadable"))
PAUSED = Badge("quiet", N_("Paused"))
HELD = Badge("waiting", N_("On hold"))
FAILING = Badge("bad", N_("Failing"))
AGAIN = Badge("waiting", N_("Trying again"))
FAILED = Badge("bad", N_("Last delivery failed"))
WORKING = Badge("good", N_("Working"))
NEW = Badge("quiet", N_("No notification yet"))


@dataclass(frozen=True, slots=True)
class WebhookHealth:
    """The health on the page: 'Failing', 'answered 503; began', 14:02, 'next attempt', 14:20.

    blamed: the attempt whose fault is to be looked for, if any.
    """

    badge: Badge
    clauses: tuple[Clause, ...] = ()
    blamed: LastAttempt | None = None


def webhook_health(
    row: WebhookRow, course: WebhookCourse, *, unreadable: bool = False
) -> WebhookHealth:
    """The health of a webhook. unreadable: secrets of it do not open."""
    if unreadable:
        return WebhookHealth(UNREADABLE, tuple(_waiting(course.standing.waiting)))
    badge, clauses = _told(row, course.standing, course.now)
    return WebhookHealth(badge, tuple(clauses), _blamed(badge, course.standing))


def waiting_count(count: int) -> str:
    """The number of pending deliveries, as far as they were counted."""
    if count > WAITING_COUNTED:
        return _("more than %(count)s") % {"count": number(WAITING_COUNTED)}
    return number(count)


def _told(row: WebhookRow, standing: WebhookStats, now: Micros) -> tuple[Badge, Iterator[Clause]]:
    if row.state is WebhookState.PAUSED:
        return PAUSED, _paused(row, standing)
    if is_held(row, now):
        return HELD, _held(row, standing)
    if row.circuit == "OPEN":
        return FAILING, _failing(row, standing, now)
    return _told_of_closed(standing, now)


def _told_of_closed(standing: WebhookStats, now: Micros) -> tuple[Badge, Iterator[Clause]]:
    if standing.refused and not standing.is_back:
        return AGAIN, _again(standing.refused, standing, now)
    if standing.failed:
        return FAILED, _at(standing.failed)
    if standing.refused:
        return WORKING, _back(standing)
    if standing.delivered_at:
        return WORKING, _working(standing)
    return NEW, _under_way(standing.waiting)


def _blamed(badge: Badge, standing: WebhookStats) -> LastAttempt | None:
    if badge is FAILED:
        return standing.failed
    return standing.refused if badge in (FAILING, AGAIN) else None


def _paused(row: WebhookRow, standing: WebhookStats) -> Iterator[Clause]:
    if pause_reason(row) is PauseReason.GONE:
        yield Clause(_("the receiver answered 410: it wants no more notifications"))
    yield from _waiting(standing.waiting)


def _held(row: WebhookRow, standing: WebhookStats) -> Iterator[Clause]:
    yield Clause(_("the receiver asked to wait until"), row.held_until, ahead=True)
    yield from _waiting(standing.waiting)


def _failing(row: WebhookRow, standing: WebhookStats, now: Micros) -> Iterator[Clause]:
    cause = messages.cause(row.circuit_message)
    if row.circuit_at:
        yield Clause(_("%(cause)s; began") % {"cause": cause}, row.circuit_at)
    else:
        yield Clause(cause)
    if standing.waiting:
        yield from _next(_probed_at(row, standing), now)
        yield from _waiting(standing.waiting)
    else:
        yield Clause(_("the next notification will show whether it is back"))


def _probed_at(row: WebhookRow, standing: WebhookStats) -> Micros | None:
    # A probe is a delivery that is due, so there is none before the first of them is.
    return max(filter(None, (row.probe_at, standing.next_at)), default=None)


def _again(tried: LastAttempt, standing: WebhookStats, now: Micros) -> Iterator[Clause]:
    yield from _at(tried)
    yield from _next(standing.next_at, now)


def _back(standing: WebhookStats) -> Iterator[Clause]:
    words = ngettext(
        "works again; %(count)s notification goes out when it falls due",
        "works again; %(count)s notifications go out as they fall due",
        standing.waiting,
    )
    yield Clause(words % {"count": waiting_count(standing.waiting)})


def _working(standing: WebhookStats) -> Iterator[Clause]:
    yield Clause(_("last delivered"), standing.delivered_at)
    yield from _under_way(standing.waiting)


def _at(tried: LastAttempt) -> Iterator[Clause]:
    yield Clause(f"{messages.cause(tried.message) or _('not accepted')},", tried.at)


def _next(at: Micros | None, now: Micros) -> Iterator[Clause]:
    if at and at > now:
        yield Clause(_("next attempt"), at, ahead=True)
    else:
        yield Clause(_("next attempt now"))


def _waiting(count: int) -> Iterator[Clause]:
    if count:
        words = ngettext("%(count)s notification waits", "%(count)s notifications wait", count)
        yield Clause(words % {"count": waiting_count(count)})


def _under_way(count: int) -> Iterator[Clause]:
    if count:
        words = ngettext(
            "%(count)s notification is on its way",
            "%(count)s notifications are on their way",
            count,
        )
        yield Clause(words % {"count": waiting_count(count)})
