"""A browser in words, from its user agent."""

import re

from reseller_webhooks.http.pages.language import N_, _

_BROWSERS = (
    # The ones that pretend to be another come before it.
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("FxiOS", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", N_("an iPhone")),
    ("iPad", N_("an iPad")),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", N_("a Mac")),
    ("Linux", "Linux"),
)
_PROGRAM = re.compile(r"[A-Za-z][\w.-]{0,40}")


def describe_browser(agent: str) -> str:
    """`Firefox on Windows` for a User-Agent header (RFC 9110, 10.1.5); it may say anything."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": _(system)}
    program = _PROGRAM.match(agent)
    return browser or _(system) or (program[0] if program else _("An unknown device"))
