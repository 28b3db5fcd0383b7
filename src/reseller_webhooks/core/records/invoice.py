"""An invoice, as AppDirect's billing API v1 shows it."""

from typing import Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import (
    SHAPE,
    Currency,
    Id,
    Json,
    Link,
    Millis,
    Number,
    Pointer,
    RecordShape,
)

InvoiceStatus = Literal["PAID", "UNPAID", "CARRIED", "VOIDED"]


class Vendor(TypedDict, total=False):
    """The maker of the product."""

    uuid: str | None
    name: str | None


class Seller(TypedDict, total=False):
    """The seller: a company or one of its people."""

    uuid: str | None
    name: str | None
    isReseller: bool | None
    isSalesSupport: bool | None


class InvoiceLine(TypedDict, total=False):
    """One position of an invoice."""

    id: Id | None
    type: str | None
    itemId: Id | None
    description: str | None
    quantity: Number | None
    price: Number | None
    percentage: Number | None
    total: Number | None
    periodStart: Millis | None
    periodEnd: Millis | None
    paymentPlanId: Id | None
    editionId: Id | None
    productId: Id | None
    pricingUnit: str | None
    vendor: Vendor | None
    saleRepCompany: Seller | None
    saleRepUser: Seller | None


@with_config(SHAPE)
class Invoice(TypedDict, total=False):
    """An invoice of a company. Voiding it is a change, not a removal."""

    invoiceId: int | str
    referenceNumber: str | None
    creationDate: Millis | None
    dueDate: Millis | None
    status: Required[InvoiceStatus]
    total: Number | None
    orderIds: list[str] | None
    currency: Currency | None
    user: Pointer | None
    company: Pointer | None
    invoiceLines: list[InvoiceLine] | None
    delegatedToInvoice: Json
    includedInvoices: Json
    links: list[Link] | None


INVOICE = RecordShape(
    Invoice,
    identity=("invoiceId",),
    defaults={"orderIds": [], "invoiceLines": [], "links": []},
)
