"""The visitor's account: password and sessions."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from reseller_webhooks.core.access.permissions import PASSWORD_MIN
from reseller_webhooks.core.errors import Invalid, NotSignedIn
from reseller_webhooks.http.edge.response_headers import with_retry_after
from reseller_webhooks.http.pages import passwords, paths
from reseller_webhooks.http.pages.dependencies import PostedForm, SignedIn
from reseller_webhooks.http.pages.flash import Flash
from reseller_webhooks.http.pages.forms.webhook_fields import wrong_of
from reseller_webhooks.http.pages.labels import alert_labels
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.sign_in.password_hashing import TooManyPasswords
from reseller_webhooks.http.pages.sign_in.password_limits import status_of
from reseller_webhooks.operations import alerts, authentication, users

INVALID, TOO_MANY = 422, 429

routes = APIRouter()


@routes.get(paths.ACCOUNT)
def account(page: SignedIn) -> Response:
    """The visitor's account: sessions, and the form for a new password."""
    return _form(page, 200, {})


@routes.post(paths.ACCOUNT)
async def set_password(page: SignedIn, form: PostedForm) -> Response:
    """Set or change the visitor's password."""
    try:
        await passwords.change(page, form.exact("old"), form.exact("new"))
    except Invalid as error:
        return await run_in_threadpool(_form, page, INVALID, wrong_of(error))
    except NotSignedIn as error:
        if not error.retry_after_s:
            raise
        field = "old" if page.who.shows_password else "new"
        status, wrong, wait_s = TOO_MANY, {field: sentence(error.message)}, error.retry_after_s
    except TooManyPasswords as error:
        status, wrong, wait_s = (
            status_of(error),
            {"new": sentence(error.message)},
            error.retry_after_s,
        )
    else:
        return await run_in_threadpool(_password_is_set, page)
    return with_retry_after(await run_in_threadpool(_form, page, status, wrong), wait_s)


def _password_is_set(page: SignedIn) -> Response:
    response = page.go(paths.ACCOUNT, Flash("password_set"))
    # With the password before, this browser would not be known any more.
    visitor = authentication.visitor(page.database, page.site.cookies.session(page.request))
    passwords.keep_device(page, response, visitor)
    return response


@routes.post(paths.SESSIONS + "/{uuid}/end")
def end_session(page: SignedIn, uuid: str) -> Response:
    """End another session of the visitor's."""
    users.end_session(page.database, page.who, uuid)
    return page.go(paths.ACCOUNT, Flash("session_ended"))


@routes.post(paths.SESSIONS + "/end-others")
def end_others(page: SignedIn) -> Response:
    """Sign out everywhere but here."""
    count = users.end_other_sessions(page.database, page.who)
    return page.go(paths.ACCOUNT, Flash("sessions_ended", detail=str(count)))


def _form(page: SignedIn, status: int, wrong: dict[str, str]) -> Response:
    return page.html(
        "account.html",
        status,
        wrong=wrong,
        shortest=PASSWORD_MIN,
        sessions=users.sessions_of(page.database, page.who),
        **_alerts(page),
    )


def _alerts(page: SignedIn) -> dict[str, object]:
    """Values of the form for alerts. Operators belong to no reseller and get none."""
    if page.who.is_operator:
        return {"alerts": False}
    delay_s = alerts.preference_of(page.database, page.who.entered).delay_s
    return {
        "alerts": True,
        "alert_choices": alert_labels.CHOICES,
        "alert_choice": alert_labels.value_of(delay_s),
        "is_mailing": bool(page.site.context.settings.smtp_url.get_secret_value()),
    }
