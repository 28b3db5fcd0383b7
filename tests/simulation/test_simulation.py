"""Some seeds on every change; thousands by `make simulate`."""

from enum import StrEnum

import pytest

from reseller_webhooks.core.rules import Rule
from tests.simulation.mutations import REMOVALS, removed
from tests.simulation.plan import Profile
from tests.simulation.run import simulate
from tests.simulation.store_rules import StoreRule

FOUND_WITHIN = 80
"""Seeds; which of them shows it changes with every change of the engine."""


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_every_invariant_holds(first: int) -> None:
    for seed in range(first, first + 20):
        outcome = simulate(seed)

        assert outcome.violations == [], f"python -m tests.simulation {seed}"


@pytest.mark.parametrize(
    "profile",
    [
        Profile.TOKENS,
        Profile.RETRIES,
        Profile.CLOCKS,
        Profile.DEAD,
        Profile.LATE,
        Profile.FANOUT,
        Profile.RESELLERS,
    ],
)
def test_every_invariant_holds_in_trouble_that_is_not_drawn(profile: Profile) -> None:
    for seed in range(20):
        outcome = simulate(seed, profile)

        assert outcome.violations == [], f"python -m tests.simulation {seed} {profile.name}"


def test_the_same_seed_gives_the_same_run_to_the_last_line() -> None:
    assert simulate(15).trace.text() == simulate(15).trace.text()


@pytest.mark.parametrize(
    "rule",
    [
        Rule.RELEASE_IDLE,
        Rule.DEADLINE,
        Rule.REPEAT_WRITES,
        Rule.RESCAN_LATE,
        Rule.HORIZON,
        Rule.IGNORE_WRITTEN_NEW,
        Rule.IGNORE_WRITTEN_HANDED,
        Rule.PULL_BACK,
        StoreRule.LEASE_TIMES,
        Rule.SHIFT_CIRCUITS,
        Rule.READABLE_SECRETS,
        Rule.FAN_OUT_ORDER,
        Rule.FAIR_SHARES,
        Rule.RESELLERS_FIRST,
        Rule.GIVE_UP,
        Rule.GIVE_UP_DEAD_ONLY,
        StoreRule.KEEP_LATEST_STATE,
        Rule.LATEST_STATE_WAITS,
    ],
)
def test_the_invariants_notice_a_missing_rule(rule: StrEnum) -> None:
    with removed(rule):
        for seed in range(FOUND_WITHIN):
            outcome = simulate(seed, REMOVALS[rule].profile)

            assert outcome.crashes == [], f"the removal itself is wrong, seed {seed}"
            if outcome.violations:
                return
    pytest.fail(f"no seed below {FOUND_WITHIN} noticed")
