"""Serves a WSGI receiver from the docs: `python serve.py flask_receiver|urls`, in its folder."""

import os
import sys
from importlib import import_module
from wsgiref.simple_server import make_server

sys.path.insert(0, ".")
name = sys.argv[1]
if name == "urls":
    from django.conf import settings
    from django.core.wsgi import get_wsgi_application

    settings.configure(ROOT_URLCONF=name, ALLOWED_HOSTS=["*"], SECRET_KEY="for tests only")
    app = get_wsgi_application()
else:
    app = import_module(name).app
make_server("127.0.0.1", int(os.environ["PORT"]), app).serve_forever()
