"""The settings of an installation. One frozen object, passed down.

Settings come from the environment (RESELLER_WEBHOOKS_...) or from the TOML file that
RESELLER_WEBHOOKS_CONFIG names; the environment wins.
"""

from reseller_webhooks.settings.definitions import (
    APPDIRECT_WAITS_S,
    CONFIG,
    FORWARDED_ALLOW_IPS,
    PREFIX,
    Settings,
)
from reseller_webhooks.settings.loading import (
    load,
    trusted_proxies,
    unknown_names,
    without_userinfo,
)

__all__ = [
    "APPDIRECT_WAITS_S",
    "CONFIG",
    "FORWARDED_ALLOW_IPS",
    "PREFIX",
    "Settings",
    "load",
    "trusted_proxies",
    "unknown_names",
    "without_userinfo",
]
