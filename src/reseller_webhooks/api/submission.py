"""Hands changes in, and counts what they come to."""

from collections import Counter

from reseller_webhooks.core.changes import Change
from reseller_webhooks.core.errors import Invalid, Problem, QuotaExceeded
from reseller_webhooks.observability import changes_total
from reseller_webhooks.operations.changes import Answer, Request, Result
from reseller_webhooks.operations.house import House


async def submit(house: House, request: Request) -> Answer:
    """Apply a request of changes; durable when this returns."""
    answer = await house.submit(request)
    if not answer.replayed:
        for action, count in Counter(result.action for result in answer.results).items():
            changes_total.labels(action).inc(count)
    return answer


async def submit_one(house: House, change: Change, size: int = 0) -> Result:
    """Apply one change, of a body of that size.

    Pointers of what is wrong begin at its content; a quota has none.
    """
    try:
        answer = await submit(house, Request((change,), size=size))
    except Invalid as error:
        raise Invalid(_within(one) for one in error.problems) from None
    except QuotaExceeded as error:
        error.places = ()
        raise
    return answer.results[0]


def _within(problem: Problem) -> Problem:
    pointer = problem.pointer.removeprefix("/changes/0").removeprefix("/content")
    return Problem(pointer, problem.detail)
