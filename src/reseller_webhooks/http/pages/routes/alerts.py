"""Alerts by e-mail: the user's choice, and the link that stops them."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.access.accounts import Membership
from reseller_webhooks.core.alerts import AlertPreference
from reseller_webhooks.core.errors import Invalid, NotFound
from reseller_webhooks.core.messages.access import ALERT_DELAY_UNKNOWN
from reseller_webhooks.http.pages import language, paths
from reseller_webhooks.http.pages.dependencies import AnyVisitor, PostedForm, SignedIn
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.labels import alert_labels
from reseller_webhooks.operations import alerts
from reseller_webhooks.operations.alert_links import membership_of

STOP = paths.STOP_ALERTS + "/{token}"
GONE = 410

routes = APIRouter()


@routes.post(paths.ALERTS)
def choose(page: SignedIn, form: PostedForm) -> Response:
    """Choose when to be told that a webhook fails."""
    preference = AlertPreference(_delay_s(form.text("delay")), language.current())
    alerts.choose(page.database, page.who.entered, preference)
    return page.go(paths.ACCOUNT, Flash("alerts_chosen"))


@routes.get(STOP)
def ask(page: AnyVisitor, token: str) -> Response:
    """Ask whether to stop. Mail scanners open links, so opening it changes nothing."""
    member = _member(page, token)
    if member is None:
        return page.html("stop_alerts.html", GONE, member=None)
    return page.form("stop_alerts.html", member=member, token=token, is_stopped=False)


@routes.post(STOP)
def stop(page: AnyVisitor, token: str) -> Response:
    """Stop the alerts of the user for whom the link was made."""
    member = _member(page, token)
    if member is None:
        return page.html("stop_alerts.html", GONE, member=None)
    alerts.choose(page.database, member, AlertPreference(None, language.current()))
    return page.html("stop_alerts.html", member=member, is_stopped=True)


def _member(page: AnyVisitor, token: str) -> Membership | None:
    try:
        return alerts.by_uuid(page.database, membership_of(page.box, token))
    except NotFound:
        return None


def _delay_s(chosen: str) -> int | None:
    try:
        return alert_labels.delay_of(chosen)
    except ValueError:
        raise Invalid.at("/delay", ALERT_DELAY_UNKNOWN()) from None
