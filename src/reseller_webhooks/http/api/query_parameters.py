"""Refuses query parameters that a route does not have: a misspelt filter must not select all."""

from collections.abc import Collection, Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from reseller_webhooks.core.errors import Invalid, Problem
from reseller_webhooks.core.messages import Message
from reseller_webhooks.core.messages.changes import PARAMETER_UNKNOWN, PATH_WITHOUT_PARAMETERS
from reseller_webhooks.core.records.problem_text import pointer_to
from reseller_webhooks.core.text import truncate


async def refuse_unknown(request: Request) -> None:
    """Raise Invalid for each query parameter that the route does not declare."""
    route = request.scope.get("route")
    if not request.url.query or not isinstance(route, APIRoute):
        return
    known = set(_query_parameters(route.dependant))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise Invalid(Problem(pointer_to((truncate(name),)), _message(known)) for name in unknown)


def _query_parameters(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for dependency in dependant.dependencies:
        yield from _query_parameters(dependency)


def _message(known: Collection[str]) -> Message:
    if not known:
        return PATH_WITHOUT_PARAMETERS()
    return PARAMETER_UNKNOWN(known=", ".join(sorted(known)))
