"""The choice of a language, in the footer of every page."""

from fastapi import APIRouter
from starlette.responses import Response

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.messages.webhooks import CHOOSE_LANGUAGE
from reseller_webhooks.http.pages import language, paths
from reseller_webhooks.http.pages.dependencies import AnyVisitor, PostedForm

routes = APIRouter()


@routes.post(paths.LANGUAGE)
def choose(page: AnyVisitor, form: PostedForm) -> Response:
    """Speak a language to this browser from now on, and go back to where it was chosen."""
    wanted = form.text("language")
    if wanted not in language.LANGUAGES:
        raise Invalid.at("/language", CHOOSE_LANGUAGE())
    answer = page.go(paths.after_sign_in(form.text("next")))
    page.site.cookies.keep_language(answer, wanted)
    return answer
