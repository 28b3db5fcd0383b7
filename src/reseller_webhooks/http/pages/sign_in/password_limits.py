"""The status with which a page refuses a password that is not checked, because too many are."""

from reseller_webhooks.http.pages.sign_in.password_hashing import TooManyPasswords

TOO_MANY, NOT_NOW = 429, 503


def status_of(error: TooManyPasswords) -> int:
    """429 when the caller can change it, 503 otherwise (RFC 6585, 4)."""
    return TOO_MANY if error.of_caller else NOT_NOW
