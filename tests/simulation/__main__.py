"""python -m tests.simulation

SEED [KIND] [WORD]    one run, written out; with WORD only the lines that have it
run [COUNT [FIRST [KIND]]]   many runs over all cores, and a summary
removals [COUNT]      the same with each rule taken out in turn

KIND is the trouble that a run has, such as CALM, instead of what its seed draws (plan.Profile).
"""

# ruff: noqa: T201 - this is a command

import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from enum import StrEnum
from multiprocessing import Pool

from tests.simulation.mutations import REMOVALS, removed
from tests.simulation.plan import Profile
from tests.simulation.run import simulate

COUNT = 2_000
REMOVALS_COUNT = 200


@dataclass(frozen=True, slots=True)
class Result:
    seed: int
    invariants: frozenset[str]
    crashes: tuple[str, ...]
    counted: Counter[str]


def one(given: tuple[int, StrEnum | None, Profile | None]) -> Result:
    seed, rule, profile = given
    with removed(rule) if rule else nullcontext():
        outcome = simulate(seed, profile)
    counted = Counter(
        deliveries=outcome.deliveries,
        requests=outcome.requests,
        duplicates=outcome.duplicates,
        faults=outcome.faults,
        refused=outcome.refused,
        store_failures=outcome.store_failures,
        virtual_s=int(outcome.virtual_s),
    )
    counted[outcome.profile.name] += 1
    broken = frozenset(violation.invariant for violation in outcome.violations)
    return Result(seed, broken, tuple(map(str, outcome.crashes)), counted)


def many(
    seeds: Iterable[int], rule: StrEnum | None = None, profile: Profile | None = None
) -> list[Result]:
    with Pool(os.cpu_count()) as pool:
        return pool.map(one, [(seed, rule, profile) for seed in seeds], chunksize=10)


def show(seed: int, *words: str) -> int:
    kinds = [Profile[one] for one in words if one in Profile.__members__]
    others = [one for one in words if one not in Profile.__members__]
    outcome = simulate(seed, *kinds)
    print(outcome.trace.text(*others))
    for violation in outcome.violations:
        print(violation)
    return bool(outcome.violations)


def run(count: int, first: int, profile: Profile | None = None) -> int:
    began = time.monotonic()
    results = many(range(first, first + count), profile=profile)
    took = time.monotonic() - began
    total = sum((result.counted for result in results), Counter[str]())
    print(f"{count} seeds from {first} in {took:.0f} s: {count / took:.1f} a second")
    for name, number in total.items():
        each = "runs" if name.isupper() else f"in all, {number / count:.1f} a run"
        print(f"  {name.lower().replace('_', ' '):16}{number:>10,} {each}")
    failed = by_invariant(results)
    for invariant, seeds in failed.items():
        print(f"FAILED in {len(seeds)}: {invariant}; python -m tests.simulation {seeds[0]}")
    print("every invariant held" if not failed else "an invariant was broken")
    return bool(failed)


def removals(count: int) -> int:
    print(f"| rule taken out | failed, of {count} | violation |\n|---|---|---|")
    crashed = False
    for rule, removal in REMOVALS.items():
        results = many(range(count), rule, removal.profile)
        crashed |= report_crashes(rule, results)
        failed = by_invariant(results)
        seeds = sum(bool(result.invariants) for result in results)
        ranked = sorted(failed.items(), key=lambda item: -len(item[1]))[:2]
        told = "; ".join(f"{name} ({len(some)}, seed {some[0]})" for name, some in ranked)
        print(f"| {label(rule)} | {seeds} | {told or 'nothing'} |", flush=True)
    return crashed


def label(rule: StrEnum) -> str:
    """The rule and its profile, as in docs/simulation.md."""
    profile = REMOVALS[rule].profile
    return f"{rule} ({profile.name.lower()})" if profile else str(rule)


def report_crashes(rule: StrEnum, results: Iterable[Result]) -> bool:
    """Print the first crash on stderr: the removal itself is wrong."""
    crashes = [(result.seed, result.crashes[0]) for result in results if result.crashes]
    if crashes:
        seed, crash = crashes[0]
        print(f"CRASHED in {len(crashes)}: {rule}, seed {seed}: {crash}", file=sys.stderr)
    return bool(crashes)


def by_invariant(results: Iterable[Result]) -> dict[str, list[int]]:
    failed = defaultdict(list)
    for result in results:
        for invariant in result.invariants:
            failed[invariant].append(result.seed)
    return failed


def main(arguments: list[str]) -> int:
    match arguments:
        case ["run", *rest]:
            count, first = [*map(int, rest[:2]), *(COUNT, 0)[len(rest) :]]
            return run(count, first, *(Profile[name] for name in rest[2:]))
        case ["removals", *rest]:
            return removals(int(rest[0]) if rest else REMOVALS_COUNT)
        case [seed, *words] if seed.isdigit():
            return show(int(seed), *words)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
