"""Sample companies, leads and app assignments, in AppDirect's shape."""

from reseller_webhooks.demo.sample.context import DAY_MS, Fields, SampleContext
from reseller_webhooks.demo.sample.data import RESELLER, SELLER, SELLER_USER
from reseller_webhooks.demo.sample.models import Assignee, Firm, SampleProspect, uuid_of


def company(scene: SampleContext, firm: Firm) -> Fields:
    """A customer company."""
    address = {
        "street1": firm.street,
        "street2": None,
        "city": firm.city,
        "state": firm.state or None,
        "zip": firm.zip,
        "country": firm.country,
    }
    return {
        "name": firm.name,
        "contact": {
            "phoneNumber": firm.phone,
            "ims": None,
            "homePhone": None,
            "mobilePhone": None,
            "address": address,
        },
        "size": firm.size,
        "creationDate": scene.ago(firm.age_days),
        "industry": firm.industry,
        "website": f"www.{firm.domain}",
        "emailAddress": f"office@{firm.domain}",
        "countryCode": firm.country,
    }


def lead(scene: SampleContext, prospect: SampleProspect, age_days: int) -> Fields:
    """A company that might become a customer."""
    created = scene.ago(age_days)
    return {
        "partner": "APPDIRECT",
        "leadType": "MANUAL",
        "status": prospect.status,
        "customer": _customer(prospect),
        "reseller": {"id": SELLER_USER, "companyId": SELLER},
        "notes": "Asked for a call about moving to the cloud.",
        "createdOn": created,
        "lastModified": created + DAY_MS // 3,
        "creator": {
            "id": SELLER_USER,
            "companyId": SELLER,
            "companyName": RESELLER,
            "role": "RESELLER",
        },
        **(converted(prospect.name) if prospect.status == "CONVERTED" else {}),
        "customAttributes": {},
        "referrer": {"participantType": "CHANNEL", "partner": "APPDIRECT"},
        "recipient": {
            "participantType": "COMPANY",
            "companyId": SELLER,
            "companyName": RESELLER,
        },
    }


def converted(name: str) -> Fields:
    """Further fields of a lead once it is converted."""
    uuid = uuid_of("company", name)
    return {
        "convertedCompany": {"id": uuid, "name": name},
        "convertedUser": {"id": uuid_of("user", name), "companyId": uuid},
        "result": "OPEN",
    }


def app_assignment(scene: SampleContext, assignee: Assignee, age_days: int) -> Fields:
    """An application given to a person."""
    person = {
        "uuid": assignee.user,
        "email": assignee.email,
        "userName": assignee.email.split("@")[0],
        "firstName": assignee.first,
        "lastName": assignee.last,
        "activated": assignee.status != "PENDING_USER_ACTIVATION",
        "allowLogin": True,
        "roles": ["ROLE_USER"],
        "links": [scene.account_link("self", "users", assignee.user)],
    }
    return {
        "membership": {
            "user": person,
            "company": _employer(scene, assignee.purchase.firm),
            "enabled": True,
            "lastUsed": False,
            "roles": ["ROLE_USER"],
            "position": None,
        },
        "createdOn": scene.ago(age_days),
        "status": assignee.status,
        "user": person,
        "links": [
            scene.assignment_link(assignee.purchase.subscription, assignee.user),
            scene.account_link("user", "users", assignee.user),
        ],
    }


def _customer(prospect: SampleProspect) -> Fields:
    name = prospect.name.lower().replace(" ", "")
    return {
        "company": {
            "name": prospect.name,
            "city": prospect.city,
            "country": prospect.country,
            "size": prospect.size,
            "companyExists": prospect.status == "CONVERTED",
            "linked": prospect.status == "CONVERTED",
        },
        "contact": {
            "firstName": prospect.first,
            "lastName": prospect.last,
            "email": f"{prospect.first}@{name}.example".lower(),
            "phone": "+15555550100",
        },
    }


def _employer(scene: SampleContext, firm: Firm) -> Fields:
    return {
        "uuid": firm.uuid,
        "name": firm.name,
        "vendor": False,
        "phoneNumber": firm.phone,
        "defaultRole": "USER",
        "enabled": True,
        "links": [scene.account_link("self", "companies", firm.uuid)],
    }
