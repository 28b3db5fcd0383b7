"""API keys, users, their memberships and invites."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of the API; start is its first characters, by which people know it again."""

    id: int
    uuid: str
    start: str
    name: str
    scope: str
    reseller_id: int | None
    created_at: int
    used_at: int | None
    revoked_at: int | None

    @property
    def known_as(self) -> str:
        """The name and start of a key, by which people recognise it."""
        return f"{self.name} {self.start}".strip()


@dataclass(frozen=True, slots=True)
class User:
    """A person who signs in: an e-mail address. Memberships say what they may do."""

    id: int
    uuid: str
    email: str


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's role at one reseller, or as an operator. uuid: by which admins name it.

    password: the argon2 hash that opens it, or None until one is set. reseller: its name.
    """

    id: int
    uuid: str
    person_id: int
    reseller_id: int | None
    role: str
    password: str | None = field(repr=False)
    created_at: int
    seen_at: int | None
    locked_at: int | None
    email: str
    reseller: str | None
    reseller_uuid: str | None


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite; an address has at most one of each reseller."""

    id: int
    uuid: str
    email: str
    role: str
    reseller_id: int | None
    invited_by: str
    created_at: int
    expires_at: int
