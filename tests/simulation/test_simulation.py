"""Some seeds on every change; thousands by `make simulate`."""

import re
from pathlib import Path

import pytest

from tests.simulation import clock_mutations
from tests.simulation.mutations import PROFILES, RULES, removed
from tests.simulation.plan import Profile
from tests.simulation.run import simulate

DOCS = Path(__file__).parents[2] / "docs" / "simulation.md"


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
        "what is older than its schedule is given up",
        "only what a dead receiver never took is given up",
        "the newest state of a record is kept",
        "the newest state waits beyond its schedule",
    ],
)
def test_a_rule_about_dead_receivers_that_is_taken_out_is_missed(rule: str) -> None:
    with removed(rule):
        assert any(simulate(seed, Profile.DEAD).violations for seed in range(FOUND_WITHIN))


FOUND_WITHIN = 80
"""Seeds; which of them shows it changes with every change of the engine."""


@pytest.mark.parametrize(
    "rule",
    [
        "rule 3: give back only what is idle",
        "rule 4: start only before the deadline",
        "rule 9: write results until the store answers",
        "ask a second time for late commits",
        "wait for who is still writing",
        "what was written since the store was asked",
        clock_mutations.PULL_BACK,
        clock_mutations.LEASES,
        clock_mutations.CIRCUITS,
        "nothing is sent while secrets do not open",
        "a later change waits for the steps of an earlier one",
        "the share of slots",
        "resellers first, then webhooks",
    ],
)
def test_a_rule_that_is_taken_out_is_missed(rule: str) -> None:
    with removed(rule):
        kind = PROFILES.get(rule)
        assert any(simulate(seed, kind).violations for seed in range(FOUND_WITHIN))


def test_the_docs_have_the_result_of_each_rule_taken_out() -> None:
    table = DOCS.read_text().partition("## Rules taken out\n")[2].partition("\n## ")[0]
    profiles = {rule: f" ({profile.name.lower()})" for rule, profile in PROFILES.items()}

    assert set(re.findall(r"^\| (.+?) \| \d", table, re.MULTILINE)) == {
        rule + profiles.get(rule, "") for rule in RULES
    }
