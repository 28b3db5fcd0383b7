"""A visitor: who looks at the pages, what their session opens, and what they may do there."""

from dataclasses import dataclass

from reseller_webhooks.core.access.accounts import Membership, User
from reseller_webhooks.core.access.permissions import Role, SignInWay
from reseller_webhooks.store.access.opened_memberships import Opens
from reseller_webhooks.store.access.sessions import Session


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of the pages: the person, the session, and the reseller if any.

    choices: the memberships that the session may enter, read anew for each request.
    membership: the one that it has entered, None while there are several to choose from.
    may_reset: whether this session may set a new password without the present one.
    """

    person: User
    session: Session
    choices: tuple[Membership, ...]
    may_reset: bool = False

    @property
    def membership(self) -> Membership | None:
        """The membership that the session has entered, or its only one."""
        chosen = [one for one in self.choices if one.id == self.session.membership_id]
        if chosen:
            return chosen[0]
        return self.choices[0] if len(self.choices) == 1 and not self.is_vouched else None

    @property
    def entered(self) -> Membership:
        """The entered membership, for pages that need one."""
        assert self.membership is not None, "a route asks for SignedIn to have one"  # noqa: S101
        return self.membership

    @property
    def reseller_id(self) -> int | None:
        """The reseller that the pages are about; an operator has turned to it."""
        if self.membership is None:
            return None
        return self.session.reseller_id if self.is_operator else self.membership.reseller_id

    @property
    def belongs_to(self) -> int | None:
        """The reseller whose quotas hold for the visitor; none for operators."""
        return self.membership.reseller_id if self.membership else None

    @property
    def opens(self) -> Opens:
        """The memberships that the session may enter."""
        return frozenset(one.id for one in self.choices)

    @property
    def is_vouched(self) -> bool:
        """True if an identity provider vouches for the e-mail address."""
        return self.session.way == SignInWay.SINGLE_SIGN_ON

    @property
    def shows_password(self) -> bool:
        """True if the current password is needed to set another."""
        return self.entered.password is not None and not self.may_reset

    @property
    def may_write(self) -> bool:
        """True if this person may change webhooks."""
        return self.membership is not None and self.membership.role != Role.VIEWER

    @property
    def is_operator(self) -> bool:
        """True if this person sees and manages every reseller."""
        return self.membership is not None and self.membership.role == Role.OPERATOR
