"""Which status may follow which, as tables. Any status may be the first one seen.

The tables forbid only what cannot be, such as leaving a final status: the platform reports
what has become of a record, and may have passed several steps since it last did.
"""

from collections.abc import Mapping
from typing import get_args

from reseller_webhooks.core.errors import Invalid
from reseller_webhooks.core.names import Resource
from reseller_webhooks.core.resources.app_assignment import AppAssignmentStatus
from reseller_webhooks.core.resources.invoice import InvoiceStatus
from reseller_webhooks.core.resources.lead import LeadStatus
from reseller_webhooks.core.resources.order import OrderStatus
from reseller_webhooks.core.resources.subscription import SubscriptionStatus

# A company's words are not known in full, so those that are not here may follow and precede any.
COMPANY = {"PENDING": {"ACTIVE"}, "ACTIVE": {"PENDING"}}

INVOICE: dict[InvoiceStatus, set[InvoiceStatus]] = {
    "UNPAID": {"PAID", "CARRIED", "VOIDED"},
    "PAID": {"UNPAID", "VOIDED"},  # a payment that is reversed makes it unpaid again
    "CARRIED": {"UNPAID", "PAID", "VOIDED"},
    "VOIDED": set(),
}

LEAD: dict[LeadStatus, set[LeadStatus]] = {
    "PENDING_SUBMISSION": {
        "SUBMITTED",
        "ASSIGNED",
        "PENDING_CONVERSION_APPROVAL",
        "CONVERSION_APPROVED",
        "CONVERTED",
        "DISQUALIFIED",
        "DELETED",
        "LEGACY",
    },
    "SUBMITTED": {
        "ASSIGNED",
        "PENDING_CONVERSION_APPROVAL",
        "CONVERSION_APPROVED",
        "CONVERTED",
        "DISQUALIFIED",
        "DELETED",
        "LEGACY",
    },
    "ASSIGNED": {
        "SUBMITTED",  # taken back from the reseller
        "PENDING_CONVERSION_APPROVAL",
        "CONVERSION_APPROVED",
        "CONVERTED",
        "DISQUALIFIED",
        "DELETED",
        "LEGACY",
    },
    "PENDING_CONVERSION_APPROVAL": {
        "SUBMITTED",
        "ASSIGNED",  # the conversion was not approved
        "CONVERSION_APPROVED",
        "CONVERTED",
        "DISQUALIFIED",
        "DELETED",
        "LEGACY",
    },
    "CONVERSION_APPROVED": {
        "SUBMITTED",
        "ASSIGNED",
        "CONVERTED",
        "DISQUALIFIED",
        "DELETED",
        "LEGACY",
    },
    "CONVERTED": {"DELETED", "LEGACY"},
    "DISQUALIFIED": {"DELETED", "LEGACY"},
    "DELETED": set(),
    "LEGACY": {"DELETED"},
}

_ORDERS: frozenset[OrderStatus] = frozenset(get_args(OrderStatus))
# On its way: it can still come out anywhere.
_ORDERED: set[OrderStatus] = {
    "UPCOMING",
    "PENDING_USER_APPROVAL",
    "PENDING_REMOTE_CREATION",
    "PENDING_MANUAL_RECOVERY",
    "PENDING_ASYNCHRONOUS_CREATION",
    "PENDING_MIGRATION_ACTIVATION",
    "PENDING_DELAYED_PROVISIONING",
}
_ORDER_OVER: set[OrderStatus] = {"FINISHED", "CANCELLED", "FAILED", "DELETED"}

ORDER: dict[OrderStatus, set[OrderStatus]] = {
    "INITIALIZED": set(_ORDERS - {"INITIALIZED"}),
    **{status: set(_ORDERS - {"INITIALIZED", status}) for status in sorted(_ORDERED)},
    "FREE_TRIAL": {
        "ACTIVE",
        "SUSPENDED",
        "FREE_TRIAL_EXPIRED",
        "FREE_TRIAL_CANCELLED",
        *_ORDER_OVER,
    },
    "FREE_TRIAL_EXPIRED": {"FREE_TRIAL", "ACTIVE", "FREE_TRIAL_CANCELLED", *_ORDER_OVER},
    "ACTIVE": {"SUSPENDED", *_ORDER_OVER},
    "SUSPENDED": {
        "ACTIVE",
        "FREE_TRIAL",
        "FREE_TRIAL_EXPIRED",
        "FREE_TRIAL_CANCELLED",
        *_ORDER_OVER,
    },
    "FAILED": {"CANCELLED", "DELETED", "ACTIVE", "FREE_TRIAL", *_ORDERED},  # tried again
    "FREE_TRIAL_CANCELLED": {"DELETED"},
    "FINISHED": {"DELETED"},
    "CANCELLED": {"DELETED"},
    "ONE_TIME": {"DELETED"},
    "DELETED": set(),
}

SUBSCRIPTION: dict[SubscriptionStatus, set[SubscriptionStatus]] = {
    "INITIALIZED": {
        "FAILED",
        "FREE_TRIAL",
        "FREE_TRIAL_EXPIRED",
        "ACTIVE",
        "SUSPENDED",
        "CANCELLED",
    },
    "FAILED": {"INITIALIZED", "FREE_TRIAL", "ACTIVE", "CANCELLED"},  # tried again
    "FREE_TRIAL": {"ACTIVE", "SUSPENDED", "FREE_TRIAL_EXPIRED", "CANCELLED"},
    "FREE_TRIAL_EXPIRED": {"FREE_TRIAL", "ACTIVE", "SUSPENDED", "CANCELLED"},
    "ACTIVE": {"SUSPENDED", "CANCELLED"},
    "SUSPENDED": {"ACTIVE", "FREE_TRIAL", "FREE_TRIAL_EXPIRED", "CANCELLED"},
    "CANCELLED": set(),
}
