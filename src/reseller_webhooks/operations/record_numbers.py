"""Numbers for records that come without an id."""

from reseller_webhooks import crypto
from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.errors import Unavailable
from reseller_webhooks.core.messages.requests import STORE_WENT_BACK
from reseller_webhooks.operations import generations
from reseller_webhooks.operations.generations import StoreMoved
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import records
from reseller_webhooks.store.records.generations import is_moved


def next_uuid(database: Database, resource: Resource) -> str:
    """A fresh id for a record that comes without one: orders and invoices are numbered."""
    if resource not in (Resource.ORDER, Resource.INVOICE):
        return crypto.new_id()
    try:
        return _next_number(database, resource)
    except StoreMoved:
        generations.notice(database)
    try:
        return _next_number(database, resource)
    except StoreMoved:
        raise Unavailable(STORE_WENT_BACK()) from None


def _next_number(database: Database, resource: Resource) -> str:
    step = 1
    with database.write() as tx:
        if is_moved(tx):  # numbers that were lost would be given again
            raise StoreMoved
        while True:
            uuid = str(records.next_number(tx, resource.value, step))
            if not records.find(tx, resource, uuid, reseller_id=None, limit=1):
                return uuid
            step *= 2  # the platform numbers its own, perhaps a million of them
