"""Rules of delivery, and the function that implements each.

The simulation (tests/simulation) takes out one rule at a time, by its name, and its invariants must
notice. docs/simulation.md has the results.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar


class Rule(StrEnum):
    """A rule that keeps a promise of docs/engine.md."""

    # Which worker sends
    RELEASE_IDLE = "give back only idle partitions"
    DRAIN = "start nothing for a partition that is being given back"
    DEADLINE = "start only before the deadline of the lease"
    SEND_CHECK = "check the lease again once the access token has come"
    FORMER_OWNER = "wait for a former owner's requests"
    LAPSED_LEASES = "take no lapsed lease right after an outage"
    RESUME = "start deliveries again after a time without leases"
    EGRESS_HEALTH = "suspect the worker's own network"

    # Which deliveries are read
    IGNORE_WRITTEN_SCANNED = "ignore scanned deliveries whose results were written meanwhile"
    SKIP_HELD = "do not scan deliveries that are held"
    IGNORE_WRITTEN_NEW = "ignore new deliveries whose results were written meanwhile"
    IGNORE_WRITTEN_HANDED = "ignore handed deliveries whose results were written meanwhile"
    SCAN_AFTER_HANDOVER = "scan if results since the transaction are not known"
    CLOSED_QUEUE = "enqueue nothing in a closed queue"
    CHANGES_DURING_SCAN = "scan again after a change during a scan"
    RESTART_SCAN = "scan from the start after a change"
    DROP_SUPERSEDED = "scan ready deliveries again when newer ones come"
    RESCAN_LATE = "look for late commits"
    HORIZON = "wait for transactions that are still writing"
    EARLIER_VISIT = "let an earlier visit of a queue replace a later one"
    RETRY_NOW = "try pending deliveries at once on request"

    # Which delivery starts
    SERIAL = "send one request of a resource at a time"
    FAN_OUT_ORDER = "let a later change wait for the steps of an earlier one"
    CURRENT_SETTINGS = "send a request only under the current settings"
    PAUSED = "send nothing to a paused webhook"
    READABLE_SECRETS = "send nothing while secrets are unreadable"
    VALID_KEYS = "sign only with a valid key"
    CAP = "keep the webhook's cap"
    RATE = "keep the webhook's rate per second"
    PROBES = "send single probes while the circuit is open"
    RAMP = "raise concurrency step by step after an outage"
    FAIR_SHARES = "keep slots free for other resellers"
    RESELLERS_FIRST = "share slots among resellers before webhooks"

    # What becomes of it
    REPEAT_WRITES = "write results until the store has them"
    GIVE_UP = "give up deliveries older than the schedule of a dead receiver"
    GIVE_UP_DEAD_ONLY = "give up only deliveries of a dead receiver"
    LATEST_STATE_WAITS = "let the latest state wait beyond its schedule"

    # Steps of the clock
    PULL_BACK = "clocks: pull deliveries back to their own wait"
    WRITE_WAIT = "clocks: write a result with its wait"
    LEASES_AFTER_STEP = "clocks: take no lapsed lease after a step ahead"
    SHIFT_CIRCUITS = "clocks: shift circuits with the clock"


IMPLEMENTATIONS: dict[StrEnum, Callable[..., Any]] = {}
"""The function of each rule whose module was imported."""

Function = TypeVar("Function", bound=Callable[..., Any])


def implements(*rules: StrEnum) -> Callable[[Function], Function]:
    """Register the function that implements these rules; the function itself is unchanged."""

    def register(function: Function) -> Function:
        for rule in rules:
            if rule in IMPLEMENTATIONS:
                raise ValueError(f"{rule!r} is implemented twice; mark one function for each rule")
            IMPLEMENTATIONS[rule] = function
        return function

    return register
