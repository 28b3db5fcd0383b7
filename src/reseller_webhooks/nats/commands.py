"""NATS commands. nats-py is imported late: it may not be installed."""

from pathlib import Path
from typing import Annotated

import typer

from reseller_webhooks import settings
from reseller_webhooks.core.errors import Refused

app = typer.Typer()
SCHEMES = ("nats://", "tls://")

Nats = Annotated[
    str,
    typer.Option(
        envvar="RESELLER_WEBHOOKS_NATS",
        help="URL of NATS, tls:// or nats://; several with commas between.",
    ),
]
Credentials = Annotated[
    Path | None, typer.Option(help="A NATS credentials file: the user's JWT and seed.")
]


@app.command()
def ingest(
    nats: Nats,
    stream: Annotated[str, typer.Option(help="The JetStream stream with changes.")] = "CHANGES",
    subject: Annotated[str | None, typer.Option(help="Only what matches; else all.")] = None,
    consumer: Annotated[str, typer.Option(help="Its durable consumer.")] = "reseller-webhooks",
    credentials: Credentials = None,
) -> None:
    """Take changes in from NATS JetStream, each acknowledged when it is committed."""
    _check(nats)
    from reseller_webhooks.nats import run
    from reseller_webhooks.nats.connection import NatsAddress
    from reseller_webhooks.nats.consumer import StreamSource

    ours = settings.load()
    address = NatsAddress(nats, credentials, ours.ca_file)
    run.ingest(ours, address, StreamSource(stream, consumer, subject))


@app.command()
def export(
    nats: Nats,
    stream: Annotated[str, typer.Option(help="The JetStream stream to publish to.")] = "EVENTS",
    subject: Annotated[str, typer.Option(help="How subjects begin.")] = "events",
    credentials: Credentials = None,
) -> None:
    """Publish every event to NATS JetStream, in sequence and without gaps."""
    _check(nats)
    from reseller_webhooks.nats import run
    from reseller_webhooks.nats.connection import NatsAddress

    ours = settings.load()
    run.export(ours, NatsAddress(nats, credentials, ours.ca_file), stream, subject)


def _check(url: str) -> None:
    if not all(one.startswith(SCHEMES) for one in url.split(",")):
        raise typer.BadParameter("a URL of NATS begins with nats:// or tls://")
    try:
        import nats  # noqa: F401
    except ImportError:
        raise Refused(
            "the client for NATS is not installed; install reseller-webhooks[nats], "
            "for example with: pip install 'reseller-webhooks[nats]'"
        ) from None
