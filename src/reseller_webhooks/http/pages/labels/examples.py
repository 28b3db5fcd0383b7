"""Example notifications of each resource, for pages without real ones."""

from collections.abc import Mapping
from functools import cache

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import examples

EVENT = "00000000-0000-4000-8000-0000000000e1"
AT = 1_767_225_600_000_000
"""The beginning of 2026: an example is the same every time it is looked at."""


@cache
def examples_of(public_url: str) -> Mapping[Resource, str]:
    """The JSON of an example for each resource."""
    return {one: examples.notification(one, public_url, EVENT, AT) for one in Resource}
