"""An OpenID Connect provider written by others, django-oauth-toolkit, with TLS and SQLite.

`python openid_server.py FOLDER PEM BACK` prints its port. BACK is the only address it sends anybody
back to. Whoever comes with a cookie `who` is signed in there by that e-mail address.
"""
# ruff: noqa: T201 - what it prints is what it is for

import ssl
import sys
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

CLIENT = ("web:hooks", "s3cr%t/ü+ &")
UNVERIFIED = "mallory@acme.example"


def configure(folder: Path, issuer: str) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings.configure(
        SECRET_KEY="for tests only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        LOGIN_URL="/login",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "openid.db"}
        },
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": pem,
            "OIDC_ISS_ENDPOINT": issuer,
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.validator",
            "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "sign in", "email": "e-mail address"},
        },
    )
    django.setup()
    call_command("migrate", verbosity=0)


def register(back: str) -> None:
    from oauth2_provider.models import Application

    Application.objects.create(
        client_id=CLIENT[0],
        client_secret=CLIENT[1],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=back,
        algorithm=Application.RS256_ALGORITHM,
        skip_authorization=True,
    )


def routes() -> list[object]:
    from django.contrib.auth import login
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponseRedirect
    from django.urls import include, path

    def enter(request: HttpRequest) -> HttpResponseRedirect:
        email = request.COOKIES["who"]
        user, _ = User.objects.get_or_create(username=email, defaults={"email": email})
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        return HttpResponseRedirect(request.GET["next"])

    return [path("o/", include("oauth2_provider.urls")), path("login", enter)]


def validator(*args: Any) -> Any:
    from oauth2_provider.oauth2_validators import OAuth2Validator

    class WithEmail(OAuth2Validator):  # type: ignore[misc]
        oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {
            "email": "email",
            "email_verified": "email",
        }

        def get_additional_claims(self, request: Any) -> dict[str, Any]:
            email = request.user.email
            return {"email": email, "email_verified": email != UNVERIFIED}

    return WithEmail(*args)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def main(folder: Path, pem: Path, back: str) -> None:
    server = Server(("127.0.0.1", 0), Quiet)
    configure(folder, f"https://127.0.0.1:{server.server_port}/o")
    register(back)
    urlpatterns.extend(routes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server.set_app(get_wsgi_application())
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


urlpatterns: list[object] = []

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
