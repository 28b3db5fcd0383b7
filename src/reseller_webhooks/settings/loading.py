"""Loads the settings, and says in one line what is wrong with them."""

import os
import re
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.settings.definitions import CONFIG, FORWARDED_ALLOW_IPS, PREFIX, Settings

OTHERS = {PREFIX + "NATS"}
"""Variables that options of commands may come from."""
HIDDEN = ("secret", "token", "database", "smtp_url")
"""Settings whose values may hold a password or key, so that they are not repeated."""
USERINFO = re.compile(r"(?P<before>^|//|[\s,;=])[^\s/?#]*@")
"""User name and password in a URL: text before the last @ of its authority, whatever the scheme."""


def load(**given: Any) -> Settings:
    """The settings in force. Refused, with the setting's name and remedy, when one is wrong."""
    config = os.environ.get(CONFIG)
    if config and not Path(config).is_file():
        raise Refused(f"{CONFIG} names {config!r}, and there is no such file")
    try:
        return Settings(**given)
    except ValidationError as error:
        raise Refused(_sentence(error.errors()[0])) from None
    except (ValueError, RecursionError) as error:  # more than TOMLDecodeError
        raise Refused(f"{CONFIG} names {config!r}, which cannot be read as TOML: {error}") from None


def trusted_proxies() -> list[str]:
    """The proxies whose X-Forwarded-For is trusted: addresses, networks, or `*` alone.

    The variable is uvicorn's and has no prefix. Refused when an entry is neither.
    """
    given = os.environ.get(FORWARDED_ALLOW_IPS, "127.0.0.1,::1")
    entries = [entry.strip() for entry in given.split(",") if entry.strip()]
    for entry in entries if entries != ["*"] else []:
        try:
            ip_network(entry)
        except ValueError as error:
            raise Refused(
                f"{FORWARDED_ALLOW_IPS} holds {entry!r}, which is no address or network of a proxy "
                f"({error}); give for example 10.0.0.5,10.1.0.0/16"
            ) from None
    return entries


def unknown_names() -> list[str]:
    """Variables of the environment that look like settings and are none."""
    known = {PREFIX + name.upper() for name in Settings.model_fields} | {CONFIG} | OTHERS
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _sentence(error: Any) -> str:
    name = PREFIX + ".".join(str(part) for part in error["loc"]).upper()
    if error["type"] == "extra_forbidden":
        # Its value is not repeated: what is misspelt may be a password.
        return f"{name}: nobody knows this setting; {_nearest(str(error['loc'][0]))}"
    problem = error.get("ctx", {}).get("error", error["msg"])
    return f"{name}: {problem} (given: {_masked(error)})"


def _nearest(name: str) -> str:
    near = get_close_matches(name.lower(), Settings.model_fields)
    return f"did you mean {near[0]}?" if near else "take it out"


def _masked(error: Any) -> str:
    hidden = any(word in str(error["loc"]) for word in HIDDEN)
    return "a hidden value" if hidden else repr(without_userinfo(str(error["input"])))


def without_userinfo(text: str) -> str:
    """A value without the user name and password of a URL in it, whether or not it is a URL."""
    return USERINFO.sub(r"\g<before>********@", text)
