"""The words that everybody shares: resources and actions, as the wire and the page say them."""

from enum import StrEnum


class Resource(StrEnum):
    """Resources, in the order of the page's drop-down list.

    The value is `resource.type` on the wire, the label is what the page says.
    """

    COMPANY = "COMPANY"
    INVOICE = "INVOICE"
    LEAD = "LEAD"
    ORDER = "ORDER"
    SUBSCRIPTION = "SUBSCRIPTION"
    APP_ASSIGNMENT = "APP_ASSIGNMENT"

    @property
    def label(self) -> str:
        """The word of the page, for example App Assignment."""
        return self.value.replace("_", " ").title()


class Action(StrEnum):
    """Actions: the value is `resourceAction` on the wire, the label is the page's word."""

    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"

    @property
    def label(self) -> str:
        """The word beside the page's checkbox."""
        return "Deleted" if self is Action.REMOVED else self.value.title()

    @property
    def bit(self) -> int:
        """This action in a mask, as the store keeps sets of actions: 1, 2 or 4."""
        return 1 << list(Action).index(self)


def to_mask(actions: frozenset[Action]) -> int:
    """A set of actions as one number, so that the fan-out can compare sets in SQL."""
    return sum(action.bit for action in actions)


def from_mask(mask: int) -> frozenset[Action]:
    """The set that `to_mask` made a number of."""
    return frozenset(action for action in Action if mask & action.bit)


DELIVERY = "dlv_"
NUMBER_MAX = 2**63 - 1


def delivery_number(name: str) -> int | None:
    """The store's number of a delivery in an id of earlier versions; None for any other text."""
    return number_in(name.removeprefix(DELIVERY)) if name.startswith(DELIVERY) else None


def number_in(digits: str) -> int | None:
    """A number in a text that the store can hold; None for any other text."""
    fits = digits.isascii() and digits.isdecimal() and len(digits) <= len(str(NUMBER_MAX))
    return int(digits) if fits and int(digits) <= NUMBER_MAX else None
