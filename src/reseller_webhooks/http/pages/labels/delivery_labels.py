"""Results of webhooks, deliveries and attempts in words, with remedies."""

from dataclasses import dataclass

from reseller_webhooks.core.deliveries.attempts import Attempt, Outcome, Reason
from reseller_webhooks.core.deliveries.delivery import State
from reseller_webhooks.core.deliveries.log import AttemptRow, LogLine
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.webhooks.webhook import SecretPurpose
from reseller_webhooks.http.pages.language import N_, _

NAMES = (
    *(N_("Company"), N_("Invoice"), N_("Lead"), N_("Order"), N_("Subscription")),
    *(N_("company"), N_("invoice"), N_("lead"), N_("order"), N_("subscription")),
    *(N_("App Assignment"), N_("app assignment")),
    *(N_("Added"), N_("Deleted"), N_("Changed"), N_("added"), N_("deleted"), N_("changed")),
    *(N_("None"), N_("Token"), N_("OAuth2"), N_("OAuth2 (client credentials)")),
    *(N_("Admin"), N_("Viewer"), N_("Operator")),
)
"""Core's labels of resources, actions, authentication and roles, alone and within a sentence."""
SECRETS = {
    SecretPurpose.AUTHENTICATION: N_("Authentication"),
    SecretPurpose.SIGNING_SECRET: N_("Signing secret"),
    SecretPurpose.PREVIOUS_SIGNING_SECRET: N_("Previous signing secret"),
}
"""Names of a webhook's secrets."""
INITIATES_WHEN = {
    Resource.COMPANY: N_("Company is added, changed, or deleted."),
    Resource.INVOICE: N_("Invoice is added, changed, or deleted."),
    Resource.LEAD: N_("Sales lead is added, changed, or deleted."),
    Resource.ORDER: N_(
        "Order is added, changed, or deleted. An order is the selected product and "
        "edition included in a subscription."
    ),
    Resource.SUBSCRIPTION: N_("Subscription is added, changed, or deleted."),
    Resource.APP_ASSIGNMENT: N_(
        "Application is assigned or unassigned, or the status of its assignment changes."
    ),
}
"""Changes that initiate a notification, by resource."""


@dataclass(frozen=True, slots=True)
class Badge:
    """A state in a word. tone: good, waiting, bad or quiet, which also has a colour and a sign."""

    tone: str
    word: str


STATES = {
    State.DELIVERED: Badge("good", N_("Successful")),
    State.PENDING: Badge("waiting", N_("Pending")),
    State.FAILED: Badge("bad", N_("Failed")),
    State.CANCELLED: Badge("quiet", N_("Cancelled")),
    State.SUPERSEDED: Badge("quiet", N_("Replaced")),
}
ACCEPTED = Badge("good", N_("Accepted"))
NOT_ACCEPTED = Badge("bad", N_("Not accepted"))
NOT_SENT = Badge("bad", N_("Not sent"))
REMEDIES = {
    Reason.REDIRECT: N_("Edit the webhook and enter the URL that the redirect leads to."),
    Reason.TIMEOUT: N_(
        "Let the receiver respond first and do its work afterwards. If it answers no requests at "
        "all, check that it is running."
    ),
    Reason.DNS: N_("Check the spelling of the host in the URL, and its DNS entry."),
    Reason.CONNECT: N_(
        "Check that the receiver is running, and that firewalls allow connections from the "
        "internet to its port."
    ),
    Reason.TLS: N_(
        "Give the receiver a valid certificate for its host name, together with the "
        "intermediate certificates."
    ),
    Reason.CLOSED: N_(
        "Check the receiver's log at that time: it, or a proxy in front of it, closed the "
        "connection."
    ),
    Reason.PROTOCOL: N_(
        "Check that a web server listens on the URL's port; the response was not HTTP."
    ),
    Reason.FORBIDDEN_URL: N_(
        "Edit the webhook and enter an HTTPS URL that can be reached from the internet."
    ),
    Reason.FORBIDDEN_ADDRESS: N_(
        "Enter a URL whose host has a public address. If the receiver is internal on purpose, "
        "ask the operator of this service to allow its network."
    ),
    Reason.CLOCK: N_(
        "The clocks of the receiver and of this service differ by more than a minute, so the "
        "receiver may reject notifications as forged. Correct the receiver's clock. If other "
        "receivers have the same problem, tell the operator of this service."
    ),
    Reason.OAUTH2: N_("Edit the webhook and check the Access Token URI, the client and the user."),
    Reason.RECEIVER_DEAD: N_(
        "Fix the receiver or edit the URL. Then choose Send the current state on the webhook's "
        "page."
    ),
    Reason.EXPIRED: N_(
        "Resume the webhook or fix its receiver. Then choose Send the current state on its page."
    ),
}
"""The remedy for each reason but STATUS, whose number says more."""
_BY_STATUS = {
    400: N_("The receiver rejected the notification. Its answer may say why."),
    401: N_("Check the authentication of the webhook: the receiver did not recognise the sender."),
    403: N_(
        "Check the authentication of the webhook, and whether a firewall is in front of the "
        "receiver."
    ),
    404: N_("Check the path of the URL: the receiver has nothing there."),
    405: N_("Check the path of the URL: it does not accept POST requests."),
    410: N_("Check the URL: the receiver says that it was removed permanently."),
    413: N_("Let the receiver accept larger requests."),
    415: N_("Let the receiver accept requests of the type application/json."),
    429: N_("The receiver was overloaded. Set a limit under Delivery settings."),
}


def line_badge(line: LogLine) -> Badge:
    """The state of a delivery."""
    return STATES[line.state]


def remedy(reason: str | None, status: int | None) -> str:
    """The remedy for an attempt that was not accepted; empty for an accepted one."""
    if reason is None:
        return ""
    if reason != Reason.STATUS or status is None:
        return _(REMEDIES.get(Reason(reason), ""))
    if status in _BY_STATUS:
        return _(_BY_STATUS[status])
    if status >= 500:
        return _("Check the receiver's log at that time: something went wrong there.")
    return _("The receiver's answer may say why it rejected the notification.")


def was_sent(attempt: AttemptRow | Attempt) -> bool:
    """True if the attempt got as far as a request to the receiver."""
    return attempt.outcome != Outcome.REFUSED and attempt.reason != Reason.OAUTH2


def attempt_badge(line: AttemptRow) -> Badge:
    """The outcome of an attempt."""
    if line.outcome == Outcome.ACCEPTED:
        return ACCEPTED
    return NOT_ACCEPTED if was_sent(line) else NOT_SENT
