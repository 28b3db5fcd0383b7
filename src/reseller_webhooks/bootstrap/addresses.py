"""Formats listening addresses as URLs."""


def authority(host: str, port: int) -> str:
    """Host and port: an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
