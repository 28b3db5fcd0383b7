"""A sales lead, as AppDirect's lead API v2 shows it: what does not apply is left out."""

from typing import ClassVar, Literal

from reseller_webhooks.core.resources.shape import LeftOut, Millis, RecordShape, Shape

LeadStatus = Literal[
    "PENDING_SUBMISSION",
    "SUBMITTED",
    "ASSIGNED",
    "PENDING_CONVERSION_APPROVAL",
    "CONVERSION_APPROVED",
    "CONVERTED",
    "DISQUALIFIED",
    "DELETED",
    "LEGACY",
]
CompanySize = Literal[
    "RANGE_1_9",
    "RANGE_10_24",
    "RANGE_25_49",
    "RANGE_50_249",
    "RANGE_250_499",
    "RANGE_500_999",
    "RANGE_1000_4999",
    "RANGE_5000_PLUS",
    "UNKNOWN",
]


class LeadCompany(Shape):
    """The company that might buy."""

    name: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None
    size: CompanySize | None = None
    company_exists: bool | None = None
    linked: bool | None = None


class LeadContact(Shape):
    """The person to talk to."""

    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone: str | None = None
    phone_extension: str | None = None


class Customer(Shape):
    """Who might buy."""

    company: LeadCompany | None = None
    contact: LeadContact | None = None


class Member(Shape):
    """A person, as a member of a company."""

    id: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    role: str | None = None


class Named(Shape):
    """A company, product or edition, with the name to show."""

    id: str | None = None
    name: str | None = None
    provider: str | None = None


class Participant(Shape):
    """Who sent the lead, or who received it."""

    participant_type: Literal["CUSTOMER", "COMPANY", "CHANNEL"] | None = None
    partner: str | None = None
    company_id: str | None = None
    company_name: str | None = None


class Lead(RecordShape):
    """A company that might become a customer. `result` says how a converted one came out."""

    identity: ClassVar = ("id",)

    id: str
    partner: LeftOut[str] = None
    lead_type: LeftOut[Literal["MANUAL", "PRODUCT", "COMPANY"]] = None
    status: LeadStatus
    customer: LeftOut[Customer] = None
    reseller: LeftOut[Member] = None
    notes: LeftOut[str] = None
    created_on: LeftOut[Millis] = None
    last_modified: LeftOut[Millis] = None
    creator: LeftOut[Member] = None
    converted_company: LeftOut[Named] = None
    converted_user: LeftOut[Member] = None
    custom_attributes: LeftOut[dict[str, list[str]]] = None
    result: LeftOut[Literal["OPEN", "LOST", "WON"]] = None
    referrer: LeftOut[Participant] = None
    recipient: LeftOut[Participant] = None
    profile_company: LeftOut[Named] = None
    profile_product: LeftOut[Named] = None
    profile_product_edition: LeftOut[Named] = None
