"""Rules that the database keeps in SQL; in a run the simulated store keeps them."""

from enum import StrEnum


class StoreRule(StrEnum):
    FENCE = "refuse results of a former owner"
    KEEP_LATEST_STATE = "keep the latest state of each record"
    LEASE_TIMES = "clocks: let no lease outlast its time"
