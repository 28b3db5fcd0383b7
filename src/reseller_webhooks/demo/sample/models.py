"""Models of the sample: firms, products, purchases, prospects, assignees."""

from dataclasses import dataclass
from unicodedata import normalize
from uuid import UUID, uuid5

_NAMESPACE = UUID("5f7c1a52-5d0e-4b55-9c1e-0d2f6f0c8a11")


def uuid_of(kind: str, key: object) -> str:
    """The id of a sample thing: the same on every machine."""
    return str(uuid5(_NAMESPACE, f"{kind}:{key}"))


@dataclass(frozen=True)
class Firm:
    """A customer company, with the person who buys for it."""

    key: str
    name: str
    size: str
    industry: str
    age_days: int
    first: str
    last: str
    phone: str
    street: str
    city: str
    state: str
    zip: str
    country: str

    @property
    def uuid(self) -> str:
        """The company's id."""
        return uuid_of("company", self.key)

    @property
    def domain(self) -> str:
        """The domain of a firm's mail, which does not exist (RFC 2606)."""
        return f"{self.key}.example"

    @property
    def user(self) -> str:
        """The id of the person who buys for it."""
        return uuid_of("user", self.email(self.first, self.last))

    def email(self, first: str, last: str) -> str:
        """The address of a person at a firm."""
        plain = normalize("NFKD", f"{first}.{last}").encode("ascii", "ignore").decode()
        return f"{plain.lower()}@{self.domain}"


@dataclass(frozen=True)
class Product:
    """An edition of an application. price: of one unit for a month, in USD."""

    app: str
    edition: str
    vendor: str
    unit: str
    price: int | float
    id: int

    @property
    def edition_id(self) -> int:
        """The edition's number in the marketplace."""
        return self.id * 3 + 17

    @property
    def plan_id(self) -> int:
        """The payment plan's number in the marketplace."""
        return self.id * 7 + 5

    @property
    def description(self) -> str:
        """As lines of orders and invoices have it."""
        return f"{self.app} - {self.edition} - Per {self.unit.title()} Fee"


@dataclass(frozen=True)
class Purchase:
    """A firm's purchase: one order, and its subscription.

    order: its number. status: of the order and of the subscription alike.
    """

    order: int
    firm: Firm
    product: Product
    quantity: int
    status: str
    age_days: int

    @property
    def subscription(self) -> str:
        """The subscription's id."""
        return uuid_of("subscription", self.order)

    @property
    def total(self) -> int | float:
        """The monthly price in USD."""
        total = self.product.price * self.quantity
        return int(total) if total == int(total) else total


@dataclass(frozen=True)
class SampleProspect:
    """A potential customer, and the stage of the talks."""

    name: str
    first: str
    last: str
    city: str
    country: str
    size: str
    status: str

    @property
    def uuid(self) -> str:
        """The lead's id."""
        return uuid_of("lead", self.name)


@dataclass(frozen=True)
class Assignee:
    """A person to whom an application of their firm is assigned."""

    purchase: Purchase
    first: str
    last: str
    status: str

    @property
    def email(self) -> str:
        """Their address."""
        return self.purchase.firm.email(self.first, self.last)

    @property
    def user(self) -> str:
        """Their own id."""
        return uuid_of("user", self.email)

    @property
    def uuid(self) -> str:
        """The app assignment's id."""
        return uuid_of("assignment", f"{self.purchase.order}:{self.email}")
