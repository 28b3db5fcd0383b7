"""Prepared statements of a connection to PostgreSQL.

A statement is prepared when it comes for the second time: what comes once only is not worth it.
"""

from collections import OrderedDict
from collections.abc import Iterator

PREPARED_MAX = 100
"""Of one connection; the one that was used least recently goes first."""


class PreparedStatements:
    """The statements that a connection has met, by their texts."""

    def __init__(self) -> None:
        self._names: OrderedDict[bytes, bytes] = OrderedDict()
        self._drawn = 0

    def meet(self, text: bytes) -> bytes | None:
        """The statement's name; b"" when it comes for the second time, None for the first."""
        name = self._names.get(text)
        if name is None:
            self._names[text] = b""
        else:
            self._names.move_to_end(text)
        return name

    def draw_name(self, text: bytes) -> bytes:
        """A new name for a statement that is to be prepared."""
        self._drawn += 1
        self._names[text] = name = b"rw%d" % self._drawn
        return name

    def forget(self, text: bytes) -> None:
        """A statement was not prepared after all."""
        self._names.pop(text, None)

    def forget_all(self) -> None:
        """None is prepared any more, or fits: the tables changed, or psycopg gave them all up."""
        self._names.clear()

    def pop_surplus(self) -> Iterator[bytes]:
        """Names of prepared statements beyond PREPARED_MAX, to be deallocated."""
        while len(self._names) > PREPARED_MAX:
            _, name = self._names.popitem(last=False)
            if name:
                yield name
