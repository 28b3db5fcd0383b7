"""A company, as AppDirect's account API v1 shows it."""

from typing import Annotated, ClassVar

from pydantic import Field

from reseller_webhooks.core.resources.shape import Json, Millis, Name, RecordShape, Shape

CompanyStatus = Annotated[
    str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$", examples=["ACTIVE", "PENDING"])
]
"""Not an enum: AppDirect does not publish the words it uses beside ACTIVE."""


class Address(Shape):
    """Where a company is."""

    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    country: str | None = None


class Contact(Shape):
    """How to reach a company."""

    phone_number: str | None = None
    ims: Json = None
    home_phone: str | None = None
    mobile_phone: str | None = None
    address: Address | None = None


class Company(RecordShape):
    """A customer of the reseller. A company is switched off by `enabled`, not by its status."""

    identity: ClassVar = ("id", "uuid")

    id: str
    name: Name
    enabled: bool | None = True
    contact: Contact | None = None
    size: str | None = None
    status: CompanyStatus = "ACTIVE"
    attributes: Json = None
    creation_date: Millis | None = None
    industry: str | None = None
    sales_agent: Json = None
    website: str | None = None
    email_address: str | None = None
    dealer: Json = None
    uuid: str
    external_id: str | None = None
    country_code: str | None = None
    permissions: list[Json] | None = Field(default_factory=list)
    default_idp_uuid: str | None = None
    domains: Json = None
