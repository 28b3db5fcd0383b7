"""The promises of docs/engine.md, each as a query of its own over what a run left behind.

A query answers with the breaches that it found, each as a line; none means that the promise held.
It raises NotAsked where the run had nothing to show about it. It is registered under the promise's
own words: those in bold in docs/engine.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from chaos.evidence import Evidence

Query = Callable[[Evidence], Iterator[str]]
PROMISES: dict[str, Query] = {}


def promise(words: str) -> Callable[[Query], Query]:
    """Register a query under the words of its promise."""

    def register(query: Query) -> Query:
        PROMISES[words] = query
        return query

    return register


class NotAsked(Exception):
    """The run did not do what the promise is about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one query. not_asked: why, if the run had nothing to show."""

    words: str
    breaches: tuple[str, ...] = ()
    not_asked: str = ""

    @property
    def holds(self) -> bool:
        return not self.breaches and not self.not_asked


def verdicts(evidence: Evidence) -> list[Verdict]:
    """The verdict on each promise."""
    return [_verdict(words, query, evidence) for words, query in PROMISES.items()]


def _verdict(words: str, query: Query, evidence: Evidence) -> Verdict:
    try:
        return Verdict(words, breaches=tuple(query(evidence)))
    except NotAsked as reason:
        return Verdict(words, not_asked=str(reason))
