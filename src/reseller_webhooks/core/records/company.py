"""A company, as AppDirect's account API v1 shows it."""

from typing import Annotated, Required

from pydantic import Field, with_config
from typing_extensions import TypedDict

from reseller_webhooks.core.records.base_models import SHAPE, Json, Millis, Name, RecordShape

CompanyStatus = Annotated[
    str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$", examples=["ACTIVE", "PENDING"])
]
"""Not an enum: AppDirect does not publish the words it uses beside ACTIVE."""


class Address(TypedDict, total=False):
    """The address of a company."""

    street1: str | None
    street2: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None


class Contact(TypedDict, total=False):
    """Contact data of a company."""

    phoneNumber: str | None
    ims: Json
    homePhone: str | None
    mobilePhone: str | None
    address: Address | None


@with_config(SHAPE)
class Company(TypedDict, total=False):
    """A customer of the reseller. A company is switched off by `enabled`, not by its status."""

    id: str
    name: Required[Name]
    enabled: bool | None
    contact: Contact | None
    size: str | None
    status: CompanyStatus
    attributes: Json
    creationDate: Millis | None
    industry: str | None
    salesAgent: Json
    website: str | None
    emailAddress: str | None
    dealer: Json
    uuid: str
    externalId: str | None
    countryCode: str | None
    permissions: list[Json] | None
    defaultIdpUuid: str | None
    domains: Json


COMPANY = RecordShape(
    Company,
    identity=("id", "uuid"),
    defaults={"enabled": True, "status": "ACTIVE", "permissions": []},
)
