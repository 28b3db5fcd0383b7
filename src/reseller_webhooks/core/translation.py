"""Marks English texts that the pages translate by their catalogue."""


def N_(text: str) -> str:  # noqa: N802 - as gettext's users know it
    """Mark a text for the catalogue; it is translated where it is used."""
    return text
