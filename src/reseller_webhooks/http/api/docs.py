"""The API's description as a page: rendered here from /openapi.json, without any script.

A page that others can reach beside the one where people sign in should not run anybody's code.
"""

import re
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from reseller_webhooks.http.edge.constant_answers import Constant
from reseller_webhooks.http.edge.problems import MEDIA_TYPE, PROBLEMS

_FOLDER = Path(__file__).parent / "templates"
_STYLE = (_FOLDER / "docs.css").read_text()
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page(openapi: Callable[[], dict[str, Any]]) -> Constant:
    """GET /docs."""
    headers = {"content-security-policy": _POLICY}
    return Constant(lambda: _rendered(openapi()).encode(), "text/html", headers)


def _rendered(document: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    curl = partial(_curl, document["servers"][0]["url"])
    environment.tests["problem"] = lambda response: MEDIA_TYPE in response.get("content", {})
    environment.filters.update(json=_json, marked=_marked, curl=curl)
    return environment.get_template("docs.html").render(
        document=document,
        style=_STYLE,
        groups=_groups(document),
        problems=[(kind, error.__doc__) for error, kind in PROBLEMS.items()],
    )


def _groups(document: dict[str, Any]) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The operations under their tags, in the document's sequence."""
    every = [
        operation | {"path": path, "method": method.upper()}
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]
    return [(tag, [one for one in every if tag["name"] in one["tags"]]) for tag in document["tags"]]


def _json(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _marked(text: str) -> Markup:
    """The two marks that descriptions have: `code` and **bold**."""
    escaped = re.sub(r"`(.+?)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped))  # noqa: S704 - escaped above


def _curl(base: str, operation: dict[str, Any]) -> str:
    """The request as a shell command."""
    parts = [f"curl -X {operation['method']} {base}{operation['path']}"]
    if operation["path"].startswith("/api/"):
        parts.append("-H 'authorization: Bearer rwk_...'")
    for media_type, media in list(operation.get("requestBody", {}).get("content", {}).items())[:1]:
        body = orjson.dumps(media.get("example", {})).decode().replace("'", "'\\''")
        parts += [f"-H 'content-type: {media_type}'", f"-d '{body}'"]
    return " \\\n  ".join(parts)
