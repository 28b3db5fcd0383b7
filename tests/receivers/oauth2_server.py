"""An OAuth2 server written by others, django-oauth-toolkit, as a program with TLS and SQLite.

`python oauth2_server.py FOLDER PEM` prints its port, then a line of JSON for each request before it
is answered. A line `revoke` on its input takes back every token. Each line there is answered with
`done`, so that whoever writes one knows that everything before it has been told.
"""
# ruff: noqa: T201 - what it prints is what it is for

import json
import ssl
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

PASSWORD_CLIENT = ("importer:1", "s3cr%t/ü+ &")
CREDENTIALS_CLIENT = ("machine", "another s3cret")
USER = ("reseller@example.com", "pass:wörd &+%")
LIFE_S = 600


def configure(folder: Path) -> None:
    settings.configure(
        SECRET_KEY="for tests only",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],  # tests are in a hurry
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "oauth2.db"}
        },
        OAUTH2_PROVIDER={
            "ACCESS_TOKEN_EXPIRE_SECONDS": LIFE_S,
            "SCOPES": {"notify": "send notifications", "read": "read"},
            "DEFAULT_SCOPES": ["notify"],
        },
    )
    django.setup()
    call_command("migrate", verbosity=0)


def register() -> None:
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    User.objects.create_user(USER[0], password=USER[1])
    for (name, secret), grant in (
        (PASSWORD_CLIENT, Application.GRANT_PASSWORD),
        (CREDENTIALS_CLIENT, Application.GRANT_CLIENT_CREDENTIALS),
    ):
        Application.objects.create(
            client_id=name,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=grant,
        )


def routes() -> list[object]:
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt
    from oauth2_provider.decorators import protected_resource
    from oauth2_provider.views import TokenView

    @protected_resource(scopes=["notify"])
    def notified(request: HttpRequest) -> HttpResponse:
        return HttpResponse("taken", status=201)

    @csrf_exempt
    def answered(request: HttpRequest) -> HttpResponse:
        response: HttpResponse = notified(request)
        # The toolkit refuses every token with 403; RFC 6750, 3.1, has 401 for a revoked one.
        return HttpResponse(status=401) if response.status_code == 403 else response

    return [path("o/token/", TokenView.as_view()), path("in", answered)]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        return


def telling(app: WSGIApplication) -> WSGIApplication:
    """The application, with every answer told before it is given."""

    def tell(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        def start_telling(status: str, *args: Any) -> Any:
            told = {"path": environ["PATH_INFO"], "status": int(status[:3])}
            print(json.dumps(told), flush=True)
            return start(status, *args)

        return app(environ, start_telling)

    return tell


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def obey() -> None:
    from oauth2_provider.models import AccessToken

    for line in sys.stdin:
        if line.strip() == "revoke":
            AccessToken.objects.all().delete()
        print("done", flush=True)


def main(folder: Path, pem: Path) -> None:
    configure(folder)
    register()
    urlpatterns.extend(routes())
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(pem)
    server = make_server("127.0.0.1", 0, telling(get_wsgi_application()), Server, Quiet)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    obey()


urlpatterns: list[object] = []

if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
