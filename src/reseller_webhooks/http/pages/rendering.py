"""Renders templates, and formats values for people."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from reseller_webhooks.clock import LAST, SECOND, Micros
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.health.condition_texts import TEXTS
from reseller_webhooks.core.health.conditions import Condition
from reseller_webhooks.core.webhooks.webhook import AUTH_LABELS
from reseller_webhooks.http.pages import language, messages, paths
from reseller_webhooks.http.pages.labels import (
    audit_labels,
    delivery_labels,
    job_labels,
    log_json,
    record_labels,
    sparkline,
    user_agent,
    webhook_health,
)
from reseller_webhooks.http.pages.labels.client_auth_labels import CLIENT_AUTH_LABELS
from reseller_webhooks.http.pages.static_files import Statics
from reseller_webhooks.operations.public_ids import PublicIds

HERE = Path(__file__).parent
_ENDS = re.compile(r"(?<=[?&=])|(?<=[^:/]/)|(?=[.@])")
"""Ends of a URL's parts, where it may break; not behind https://."""


STATICS = Statics(HERE / "static")
WORDS = {"audit_words": audit_labels, "job_words": job_labels, "record_words": record_labels}

LABELS = {"auth_labels": AUTH_LABELS, "client_auth_labels": CLIENT_AUTH_LABELS}


@pass_context
def _delivery_id(context: Context, number: int) -> str:
    ids: PublicIds = context["ids"]
    return ids.delivery(number)


@cache
def templates() -> Environment:
    """Jinja2 with everything that every template may use; it escapes all that it prints."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(language._, language.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        language=language,
        static=STATICS.url,
        paths=paths,
        words=delivery_labels,
        **WORDS,
        health_of=webhook_health.webhook_health,
        waiting_count=webhook_health.waiting_count,
        sparkline_of=sparkline.from_counts,
        resources=list(Resource),
        actions=list(Action),
        **LABELS,
    )
    made.filters.update(
        breakable=breakable,
        bytes=language.data_size,
        cause=messages.cause,
        condition=condition,
        delivery_id=_delivery_id,
        device=user_agent.describe_browser,
        duration=duration,
        iso=iso,
        pretty=log_json.highlight,
        sentence=messages.sentence,
        number=language.number,
        translated=language._,
        utc=utc,
    )
    return made


def iso(at: Micros) -> str:
    """RFC 3339 in UTC, for the attribute that browsers read."""
    return f"{moment(at):%Y-%m-%dT%H:%M:%S}.{at % SECOND // 1000:03d}Z"


def utc(at: Micros) -> str:
    """A time in UTC for people whose time zone is unknown."""
    instant = moment(at)
    return f"{language.day(instant)}, {instant:%H:%M:%S} UTC"


def condition(given: Condition) -> str:
    """A condition of the program in the visitor's language, as a sentence."""
    return language.as_sentence(language._(TEXTS[given.code]) % dict(given.params))


def duration(ms: int) -> str:
    """Milliseconds while they say something, else seconds."""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def breakable(url: str) -> Markup:
    """A URL that may be broken into lines where its parts end, rather than within a word."""
    return Markup("<wbr>").join(escape(part) for part in _ENDS.split(url))


def moment(at: Micros) -> datetime:
    """The instant in UTC, with whole seconds."""
    # The store holds such as were taken when a period could still end beyond what a date can say.
    return datetime.fromtimestamp(min(at, LAST) // SECOND, UTC)
