"""An invoice, as AppDirect's billing API v1 shows it."""

from typing import ClassVar, Literal

from pydantic import Field

from reseller_webhooks.core.resources.shape import (
    Currency,
    Id,
    Json,
    Link,
    Millis,
    Number,
    Pointer,
    RecordShape,
    Shape,
)

InvoiceStatus = Literal["PAID", "UNPAID", "CARRIED", "VOIDED"]


class Vendor(Shape):
    """Who made the product."""

    uuid: str | None = None
    name: str | None = None


class Seller(Shape):
    """Who sold it: a company or one of its people."""

    uuid: str | None = None
    name: str | None = None
    is_reseller: bool | None = None
    is_sales_support: bool | None = None


class InvoiceLine(Shape):
    """One position of an invoice."""

    id: Id | None = None
    type: str | None = None
    item_id: Id | None = None
    description: str | None = None
    quantity: Number | None = None
    price: Number | None = None
    percentage: Number | None = None
    total: Number | None = None
    period_start: Millis | None = None
    period_end: Millis | None = None
    payment_plan_id: Id | None = None
    edition_id: Id | None = None
    product_id: Id | None = None
    pricing_unit: str | None = None
    vendor: Vendor | None = None
    sale_rep_company: Seller | None = None
    sale_rep_user: Seller | None = None


class Invoice(RecordShape):
    """What a company has to pay, and whether it has. Voiding one is a change, not a removal."""

    identity: ClassVar = ("invoiceId",)

    invoice_id: int
    reference_number: str | None = None
    creation_date: Millis | None = None
    due_date: Millis | None = None
    status: InvoiceStatus
    total: Number | None = None
    order_ids: list[str] | None = Field(default_factory=list)
    currency: Currency | None = None
    user: Pointer | None = None
    company: Pointer | None = None
    invoice_lines: list[InvoiceLine] | None = Field(default_factory=list)
    delegated_to_invoice: Json = None
    included_invoices: Json = None
    links: list[Link] | None = Field(default_factory=list)
