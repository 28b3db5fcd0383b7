"""Resellers: the tenants that own everything."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reseller:
    """A tenant. id is the store's number, uuid what users see."""

    id: int
    uuid: str
    name: str
    created_at: int
