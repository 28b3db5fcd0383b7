"""Password hashing in threads of its own: two at once, a short queue, a limit for each caller.

One argon2 hash takes 64 MiB and a core for a tenth of a second or more. Without limits a few dozen
sign-ins would take all memory, and all threads that the pages and the API need.
"""

import os
import sys
from asyncio import get_running_loop
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import get_native_id

from reseller_webhooks import crypto
from reseller_webhooks.core.access.permissions import PASSWORD_MAX
from reseller_webhooks.core.errors import ResellerWebhooksError
from reseller_webhooks.core.messages.access import PASSWORDS_IN_ALL, PASSWORDS_OF_CALLER
from reseller_webhooks.http.edge.exchange import queue_left

AT_ONCE = 2
"""Hashes under way in one process, so that they take 128 MiB at most."""
PLACES = 18
"""Hashes under way or waiting: the last in the queue waits for eight others, about a second."""
PLACES_OF_STRANGERS = 14
"""Of callers whose device is not known: the rest is for those whose device is."""
PLACES_OF_CALLER = 4
"""Of one caller, so that it takes four or more to fill the queue."""
RETRY_AFTER_S = 1
NICENESS = 5
"""Hashing yields the processor to requests and deliveries (nice(2)); threads have their own."""


class TooManyPasswords(ResellerWebhooksError):
    """The program checks as many passwords as it may at once. Nothing was tried.

    limit: how many that is. of_caller: those of this caller, rather than of everybody.
    """

    retry_after_s = RETRY_AFTER_S

    def __init__(self, limit: int, *, of_caller: bool) -> None:
        self.limit, self.of_caller = limit, of_caller
        code = PASSWORDS_OF_CALLER if of_caller else PASSWORDS_IN_ALL
        super().__init__(code(limit=limit))


class PasswordHashing:
    """The hashing threads of a process, and their queue. For one event loop."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(AT_ONCE, "password-hashing", _lower_priority)
        self._places: Counter[str] = Counter()

    @contextmanager
    def place(self, caller: str, *, is_known: bool = False) -> Iterator["HashingPlace"]:
        """A place in the queue, to be had before any work is done for a password.

        caller: whom the limit counts, such as a network. is_known: whether they have been signed
        in before. TooManyPasswords when there is none.
        """
        limit = PLACES if is_known else PLACES_OF_STRANGERS
        if self._places[caller] >= PLACES_OF_CALLER:
            raise TooManyPasswords(PLACES_OF_CALLER, of_caller=True)
        if self._places.total() >= limit:
            raise TooManyPasswords(limit, of_caller=False)
        self._places[caller] += 1
        try:
            yield HashingPlace(self._threads)
        finally:
            self._places[caller] -= 1
            self._places += Counter()  # forgets callers that have no place any more


class HashingPlace:
    """The right to hash passwords, one after the other."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def hash(self, password: str, like: str | None = None) -> str:
        """The hash to store. like: a stored one of the same e-mail address, if there is any."""
        async with queue_left():
            return await get_running_loop().run_in_executor(
                self._threads, crypto.hash_password, password, like
            )

    async def fitting(self, stored: Iterable[str], password: str) -> frozenset[str]:
        """The hashes that the password fits; takes as long when there is none to compare with."""
        async with queue_left():
            return await get_running_loop().run_in_executor(
                self._threads, crypto.fitting_hashes, stored, password[:PASSWORD_MAX]
            )


def _lower_priority() -> None:
    """Lower the priority of this thread, and of argon2's threads; only Linux has it for threads."""
    if sys.platform != "linux":
        return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, get_native_id(), NICENESS)
