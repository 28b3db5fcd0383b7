"""The tables, by room. A column or table of another room is imported from here.

record    current state of every resource          event   written once, never edited
delivery  only while unfinished: small and hot     attempt append-only; the one that `closes`
                                                           a delivery is its line in the log
"""

from reseller_webhooks.store.tables.access import (
    api_key,
    guess,
    idempotency,
    identity,
    invite,
    membership,
    person,
    session,
    sign_in_link,
)
from reseller_webhooks.store.tables.alerts import alert_preference, email, webhook_alert
from reseller_webhooks.store.tables.audit import audit
from reseller_webhooks.store.tables.backfills import backfill
from reseller_webhooks.store.tables.columns import metadata
from reseller_webhooks.store.tables.deliveries import any_attempts, attempt, delivery
from reseller_webhooks.store.tables.fan_out import pending_fan_out
from reseller_webhooks.store.tables.features import feature
from reseller_webhooks.store.tables.generation import generation
from reseller_webhooks.store.tables.jobs import job
from reseller_webhooks.store.tables.leases import lease, member
from reseller_webhooks.store.tables.maintenance import maintenance_clock, maintenance_job
from reseller_webhooks.store.tables.public_ids import public_id_key
from reseller_webhooks.store.tables.quotas import quota_bucket, reseller_quota, stored_bytes
from reseller_webhooks.store.tables.resources import digest, event, number, record, reseller
from reseller_webhooks.store.tables.webhooks import circuit_change, webhook

__all__ = [
    "alert_preference",
    "any_attempts",
    "api_key",
    "attempt",
    "audit",
    "backfill",
    "circuit_change",
    "delivery",
    "digest",
    "email",
    "event",
    "feature",
    "generation",
    "guess",
    "idempotency",
    "identity",
    "invite",
    "job",
    "lease",
    "maintenance_clock",
    "maintenance_job",
    "member",
    "membership",
    "metadata",
    "number",
    "pending_fan_out",
    "person",
    "public_id_key",
    "quota_bucket",
    "record",
    "reseller",
    "reseller_quota",
    "session",
    "sign_in_link",
    "stored_bytes",
    "webhook",
    "webhook_alert",
]
