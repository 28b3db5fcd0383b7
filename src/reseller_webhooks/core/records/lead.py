"""A sales lead, as AppDirect's lead API v2 shows it: what does not apply is left out."""

from typing import Literal, Required

from pydantic import with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import SHAPE, Millis, RecordShape

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


class LeadCompany(TypedDict, total=False):
    """The company that might buy."""

    name: str | None
    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None
    size: CompanySize | None
    companyExists: bool | None
    linked: bool | None


class LeadContact(TypedDict, total=False):
    """The person to talk to."""

    firstName: str | None
    lastName: str | None
    email: str | None
    phone: str | None
    phoneExtension: str | None


class Customer(TypedDict, total=False):
    """A potential buyer."""

    company: LeadCompany | None
    contact: LeadContact | None


class Member(TypedDict, total=False):
    """A person, as a member of a company."""

    id: str | None
    companyId: str | None
    companyName: str | None
    role: str | None


class Named(TypedDict, total=False):
    """A company, product or edition, with the name to show."""

    id: str | None
    name: str | None
    provider: str | None


class Participant(TypedDict, total=False):
    """The sender or the recipient of the lead."""

    participantType: Literal["CUSTOMER", "COMPANY", "CHANNEL"] | None
    partner: str | None
    companyId: str | None
    companyName: str | None


@with_config(SHAPE)
class Lead(TypedDict, total=False):
    """A company that might become a customer. `result` says how a converted one came out."""

    id: str
    partner: str | None
    leadType: Literal["MANUAL", "PRODUCT", "COMPANY"] | None
    status: Required[LeadStatus]
    customer: Customer | None
    reseller: Member | None
    notes: str | None
    createdOn: Millis | None
    lastModified: Millis | None
    creator: Member | None
    convertedCompany: Named | None
    convertedUser: Member | None
    customAttributes: dict[str, list[str]] | None
    result: Literal["OPEN", "LOST", "WON"] | None
    referrer: Participant | None
    recipient: Participant | None
    profileCompany: Named | None
    profileProduct: Named | None
    profileProductEdition: Named | None


LEAD = RecordShape(Lead, identity=("id",), left_out=Lead.__optional_keys__)
