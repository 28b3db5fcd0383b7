"""A client of the API for commands: problems become one line."""

from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import httpx

from reseller_webhooks.core.errors import Refused

TIMEOUT_S = 15.0
LASTING = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.GONE,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""Statuses that the same request would get again."""


class Unanswered(Exception):
    """The server did not answer, or cannot answer just now. The same request may be sent again."""


class ApiClient:
    """One server, and an API key."""

    def __init__(self, url: str, key: str) -> None:
        try:
            self._client = httpx.Client(
                base_url=url.rstrip("/"), headers={"authorization": f"Bearer {key}"}
            )
        except (httpx.InvalidURL, ValueError):
            raise Refused(f"{url!r} is no URL; give one such as https://reseller.example") from None
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._client.close()

    def get(self, path: str, query: dict[str, str], *, more_s: float = 0) -> Any:
        """The JSON of an answer. Refused with its problem, Unanswered.

        more_s: how long the server may wait by itself.
        """
        try:
            answer = self._client.get(path, params=query, timeout=TIMEOUT_S + more_s)
        except (httpx.TransportError, httpx.UnsupportedProtocol) as error:
            raise Unanswered(f"{self.url} does not answer: {error}") from None
        if answer.is_success:
            return answer.json()
        why = _problem(answer)
        if answer.status_code in LASTING:
            raise Refused(why)
        raise Unanswered(why)


def _problem(answer: httpx.Response) -> str:
    try:
        return f"the server answers {answer.status_code}: {answer.json()['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"the server answers {answer.status_code}; is this the URL of Reseller Webhooks?"
