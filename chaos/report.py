"""Prints the verdict on each promise after a run."""

from chaos.evidence import Evidence
from chaos.promises import Verdict, verdicts

BREACHES_SHOWN = 3


def report_promises(evidence: Evidence) -> list[Verdict]:
    """Ask every promise and print a line for each; the verdicts."""
    found = verdicts(evidence)
    for verdict in found:
        _print(verdict)
    asked = [verdict for verdict in found if not verdict.not_asked]
    held = sum(verdict.holds for verdict in asked)
    print(f"{held} of {len(asked)} promises hold, {len(found) - len(asked)} not asked", flush=True)
    return found


def _print(verdict: Verdict) -> None:
    word = "not asked" if verdict.not_asked else "holds" if verdict.holds else "BROKEN"
    reason = f" ({verdict.not_asked})" if verdict.not_asked else ""
    print(f"{word:9} {verdict.words}{reason}")
    for breach in verdict.breaches[:BREACHES_SHOWN]:
        print(f"          {breach}")
