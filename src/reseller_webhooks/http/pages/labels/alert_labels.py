"""The choices of when to be told that a webhook fails."""

from reseller_webhooks.core.alerts import DELAYS_S
from reseller_webhooks.http.pages.language import N_

NEVER = "never"
CHOICES = (
    *zip(
        map(str, DELAYS_S),
        (
            N_("as soon as a webhook begins to fail"),
            N_("when a webhook has failed for 10 minutes"),
            N_("when a webhook has failed for 1 hour"),
            N_("when a webhook has failed for 4 hours"),
        ),
        strict=True,
    ),
    (NEVER, N_("never")),
)
"""Values of the form, and their labels."""


def value_of(delay_s: int | None) -> str:
    """The value that stands for a delay."""
    return NEVER if delay_s is None else str(delay_s)


def delay_of(value: str) -> int | None:
    """The delay for which a value stands. ValueError for a value that is none of the choices."""
    if value not in dict(CHOICES):
        raise ValueError(value)
    return None if value == NEVER else int(value)
