"""What the demo's receiver says of what came."""

from typing import Any

import pytest

from reseller_webhooks.demo.receiver import Arrival

NOTIFICATION = {"resource": {"type": "INVOICE", "uuid": "i1"}, "resourceAction": "ADDED"}


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        (NOTIFICATION, "INVOICE ADDED"),
        ({"specversion": "1.0", "data": NOTIFICATION}, "INVOICE ADDED"),
        ({}, "Not a notification"),
        ({"resource": "INVOICE"}, "Not a notification"),
        ({"data": None}, "Not a notification"),
        ({"unreadable": "<html>"}, "Not a notification"),
    ],
)
def test_an_arrival_is_named_by_what_it_is_about_if_by_anything(
    body: dict[str, Any], summary: str
) -> None:
    arrival = Arrival(0, "/", "1", "", is_signed=True, accepted=True, body=body)

    assert arrival.summary == summary
