"""Names of the choices of OAuth2 client authentication."""

from reseller_webhooks.core.webhooks.webhook import ClientAuth
from reseller_webhooks.http.pages.language import N_

CLIENT_AUTH_LABELS = {
    ClientAuth.AUTO: N_("Automatic"),
    ClientAuth.BASIC: N_("Basic"),
    ClientAuth.BODY: N_("In the request body"),
    ClientAuth.NONE: N_("None, a public client"),
    ClientAuth.PRIVATE_KEY_JWT: N_("Signed with a private key"),
}
"""In the order of the form."""
