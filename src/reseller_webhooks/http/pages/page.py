"""A page request: visitor, reseller, and responses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from reseller_webhooks.clock import Micros
from reseller_webhooks.core.access.audit import Actor, ActorKind
from reseller_webhooks.core.access.quotas import Quota
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import NotFound, QuotaExceeded
from reseller_webhooks.core.webhooks.webhook_row import WebhookRow
from reseller_webhooks.crypto import Box
from reseller_webhooks.http.pages import flash
from reseller_webhooks.http.pages.cookies import Cookies
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.labels import quota_labels
from reseller_webhooks.http.pages.rendering import templates
from reseller_webhooks.http.pages.sign_in.password_hashing import PasswordHashing
from reseller_webhooks.operations import known_devices, webhooks
from reseller_webhooks.operations.authentication import Device
from reseller_webhooks.operations.concurrency import ConcurrencyLimit
from reseller_webhooks.operations.context import AppContext, Database
from reseller_webhooks.operations.known_devices import KnownDevice
from reseller_webhooks.operations.public_ids import PublicIds
from reseller_webhooks.operations.visitors import Visitor
from reseller_webhooks.operations.webhook_secrets import open_secrets

if TYPE_CHECKING:
    from reseller_webhooks.http.pages.sign_in.openid import OpenId

SEE_OTHER = 303
ADDRESS_MAX = 45
"""Characters of an IPv6 address (RFC 4291, 2.2), and of the store's column."""
DETAIL_MAX = 1_000
"""A cookie holds 4 KB."""


FAILING_SHOWN = 3
"""Failing webhooks that the line on every page of a reseller names."""
VIEWS_MAX = 20
"""Live views of the event log of one reseller at once; each asks the store once a second."""


@dataclass(frozen=True, slots=True)
class SiteContext:
    """The context that all pages share.

    views: limits how many people of a reseller watch its event log live.
    openid: the identity provider, if there is one.
    hashing: where every password is hashed.
    error_pages: those that say nothing but their status, rendered once for each language.
    """

    context: AppContext
    cookies: Cookies
    views: ConcurrencyLimit = field(default_factory=lambda: ConcurrencyLimit(VIEWS_MAX))
    openid: "OpenId | None" = None
    hashing: PasswordHashing = field(default_factory=PasswordHashing)
    error_pages: dict[tuple[int, str], str] = field(default_factory=dict)

    def render(self, template: str, **given: Any) -> str:
        """Render a template."""
        platform = self.context.settings.platform_name
        return (
            templates()
            .get_template(template)
            .render(platform=platform, ids=self.context.ids, **given)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One request's page. form_token: what every form on it has to repeat."""

    site: SiteContext
    request: Request
    form_token: str = ""
    visitor: Visitor | None = None
    reseller: Reseller | None = None

    @property
    def database(self) -> Database:
        """The store. Writes are in the visitor's name, and count towards the quotas of the
        visitor's reseller."""
        charge = self.site.context.quotas.charge_to(
            self.visitor.belongs_to if self.visitor else None
        )
        return self.site.context.database.acting(self._actor, charge)

    def now(self) -> Micros:
        """The store's time, which every process shares."""
        return self.site.context.database.clock.now()

    @property
    def ids(self) -> PublicIds:
        """Encrypts numbers that others see."""
        return self.site.context.ids

    @property
    def box(self) -> Box:
        """Seals secrets."""
        return self.site.context.box

    def limit(self, quota: Quota) -> int:
        """A limit of the reseller."""
        return self.site.context.quotas.limit(quota, self.tenant)

    def refusal(self, error: QuotaExceeded) -> str:
        """A refusal by a quota, as this visitor reads it."""
        return quota_labels.describe(error, to_operator=self.who.is_operator)

    def failing(self) -> Sequence[WebhookRow]:
        """Failing webhooks of the reseller: FAILING_SHOWN, and another if there are more."""
        if self.reseller is None:
            return ()
        return webhooks.failing(self.database, self.tenant, limit=FAILING_SHOWN + 1)

    @property
    def tenant(self) -> int:
        """The store's number of the reseller that the page is about."""
        assert self.reseller is not None, "a route asks for AtReseller to have one"  # noqa: S101
        return self.reseller.id

    @property
    def who(self) -> Visitor:
        """The visitor, who is signed in."""
        assert self.visitor is not None, "a route asks for SignedIn to have one"  # noqa: S101
        return self.visitor

    def html(self, template: str, status: int = 200, **given: Any) -> HTMLResponse:
        """The page."""
        notice = self._notice()
        body = self.site.render(
            template,
            page=self,
            visitor=self.visitor,
            reseller=self.reseller,
            notice=notice,
            failing_shown=FAILING_SHOWN,
            secret=self._secret(notice) if notice and notice.reveals else "",
            **given,
        )
        response = HTMLResponse(body, status)
        if notice:
            self.site.cookies.drop_notice(response)
        return response

    def form(self, template: str, status: int = 200, **given: Any) -> HTMLResponse:
        """A page with a form that also visitors who are not signed in may send."""
        response = self.html(template, status, **given)
        if self.visitor is None:
            self.site.cookies.keep_form_token(response, self.form_token)
        return response

    def go(self, path: str, notice: Flash | None = None) -> Response:
        """Redirect to another page, which shows the notice."""
        response = RedirectResponse(path, SEE_OTHER)
        if notice and self.visitor:
            short = replace(notice, detail=notice.detail[:DETAIL_MAX])
            session = self.visitor.session.fingerprint
            sealed = flash.seal(self.box, short, session, self.now())
            self.site.cookies.keep_notice(response, sealed)
        return response

    @property
    def here(self) -> str:
        """The page's address, to come back to; nothing when a form has led to it."""
        url = self.request.url
        if self.request.method not in ("GET", "HEAD"):
            return ""
        return f"{url.path}?{url.query}" if url.query else url.path

    @property
    def device(self) -> Device:
        """The visitor's device."""
        return device_of(self.request)

    @property
    def known_device(self) -> KnownDevice | None:
        """The visitor's device, if a user has signed in on it before."""
        cookie = self.site.cookies.device(self.request)
        return known_devices.read(self.box, cookie, self.now()) if cookie else None

    @property
    def _actor(self) -> Actor:
        address = self.device.address
        if self.visitor is None:
            return Actor(ActorKind.NOBODY, "", address)
        return Actor(ActorKind.PERSON, self.visitor.person.email, address)

    def _notice(self) -> Flash | None:
        sealed = self.site.cookies.notice(self.request)
        if not sealed or self.visitor is None:
            return None
        return flash.open_flash(self.box, sealed, self.visitor.session.fingerprint, self.now())

    def _secret(self, notice: Flash) -> str:
        """The signing secret of the webhook that was just made; nothing if it is gone already."""
        if self.reseller is None or self.visitor is None or not self.visitor.may_write:
            return ""
        try:
            row = webhooks.get(self.database, self.reseller.id, notice.webhook)
        except NotFound:
            return ""
        return open_secrets(self.box, row, self.now()).signing


def device_of(request: Request) -> Device:
    """The device of a request."""
    # From a proxy it may be any text.
    address = request.client.host[:ADDRESS_MAX] if request.client else ""
    return Device(address, request.headers.get("user-agent", ""))
