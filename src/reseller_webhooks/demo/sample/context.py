"""Place and time of the sample."""

from dataclasses import dataclass
from typing import Any

from reseller_webhooks.core.enums import Resource
from reseller_webhooks.core.records import path
from reseller_webhooks.demo.sample.models import Firm

Fields = dict[str, Any]

DAY_MS = 86_400_000


@dataclass(frozen=True)
class SampleContext:
    """url: the base of the platform's addresses. today_ms: ages count back from it."""

    url: str
    today_ms: int

    def ago(self, days: int) -> int:
        """The instant so many days before today, in ms."""
        return self.today_ms - days * DAY_MS

    def pointer(self, kind: str, uuid: str) -> Fields:
        """To one of the users or companies."""
        return {"id": uuid, "href": f"{self.url}/api/account/v1/{kind}/{uuid}"}

    def buyer(self, firm: Firm) -> Fields:
        """Pointers to the company and to the person who buys for it."""
        return {
            "user": self.pointer("users", firm.user),
            "company": self.pointer("companies", firm.uuid),
        }

    def link(self, rel: str, resource: Resource, uuid: str) -> Fields:
        """To another record."""
        return {"rel": rel, "href": self.url + path(resource, uuid)}

    def assignment_link(self, subscription: str, user: str) -> Fields:
        """From an app assignment to itself."""
        return {
            "rel": "self",
            "href": self.url + path(Resource.APP_ASSIGNMENT, "", subscription, user),
        }

    def account_link(self, rel: str, kind: str, uuid: str) -> Fields:
        """To one of the users or companies, which links show by the account API v2."""
        return {"rel": rel, "href": f"{self.url}/api/account/v2/{kind}/{uuid}"}
