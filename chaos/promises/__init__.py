"""Every promise of docs/engine.md, and the query that checks it."""

from chaos.promises import delivery, faults, isolation
from chaos.promises.registry import PROMISES, NotAsked, Verdict, verdicts

__all__ = ["PROMISES", "NotAsked", "Verdict", "delivery", "faults", "isolation", "verdicts"]
