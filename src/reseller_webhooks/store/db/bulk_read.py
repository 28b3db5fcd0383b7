"""Many rows read at once, past SQLAlchemy's work on each row and each parameter.

SQLAlchemy still writes the statement, once for each of few sizes; then the driver has it prepared
and gives rows as they come. SQLite's driver moreover lets other threads in at each step of a
statement, and in a busy process gets back late: a thousand rows then take twenty times as long.
So there all rows come in one step, as one JSON text.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import orjson
from sqlalchemy import BindParameter, ClauseElement, Select, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

from reseller_webhooks.store.db.database import Tx
from reseller_webhooks.store.db.driver import Row

MARK = "__"
"""Suffix of parameters that each of many reads has for itself."""
SEPARATOR = "\x1e"
"""ASCII's record separator, which stands in no JSON text as it is (RFC 8259, 2 and 7)."""
NOBODY = 0
"""The store numbers rows from 1 on, so this one is never there."""

S = TypeVar("S", bound=ClauseElement)
Some = Sequence[BindParameter[Any]]
Rows = Callable[[], list[Row]]
"""Waits for the rows of a select."""
SelectByLists = Callable[..., Select[Any]]
"""A function that makes a select from lists of parameters. It is cached by identity, so it has to
be a function of a module."""


def rows(tx: Tx, select: Select[Any], given: dict[str, Any]) -> list[Row]:
    """The rows of a select, its parameters by their names."""
    return _ask(tx, *bind(tx, select, given), select)()


def ask_in(tx: Tx, named: SelectByLists, *given: Sequence[Any]) -> Rows:
    """As `select_in`, but the rows are waited for when they are called for.

    What is asked before an answer is called for shares its round trip.
    """
    select, values = bind_lists(named, *given)
    return _ask(tx, *bind(tx, select, values), select)


def select_in(tx: Tx, named: SelectByLists, *given: Sequence[Any]) -> list[Row]:
    """The rows of a select by lists; an empty list equals nothing."""
    return ask_in(tx, named, *given)()


def texts(tx: Tx, named: SelectByLists, *given: Sequence[Any]) -> list[bytes]:
    """As `select_in`, of a select of one text that holds no SEPARATOR.

    On SQLite it costs half of what rows do, as nothing is escaped there, nor decoded here.
    """
    select, values = bind_lists(named, *given)
    if tx.dialect.name != "sqlite":
        return [text.encode() for (text,) in rows(tx, select, values)]
    (text, values), (column,) = bind(tx, select, values), select.selected_columns.keys()
    joined = f"CAST(group_concat({column}, char({ord(SEPARATOR)})) AS BLOB)"
    in_one = f"SELECT {joined} FROM ({text})"  # noqa: S608 - our own
    ((found,),) = tx.driver.send(in_one, values).rows()
    return found.split(SEPARATOR.encode()) if found else []


def select_each(tx: Tx, one: Select[Any], asks: Sequence[dict[str, Any]]) -> list[Row]:
    """The rows of a select that is asked many times at once, each time with other parameters.

    The names of those parameters end in MARK, in the select and not in the asks. With NOBODY for
    each it must find nothing.
    """
    size = size_for(len(asks))
    padded = [*asks, *[dict.fromkeys(asks[0], NOBODY)] * (size - len(asks))]
    text, compiled = _asking(one, size, tx.dialect)
    same = {name: its for name, its in compiled.params.items() if not name.endswith(MARK)}
    given = [{f"{name}{MARK}": its for name, its in ask.items()} | same for ask in padded]
    if compiled.positiontup is not None:
        values = map(itemgetter(*compiled.positiontup), given)
        return _ask(tx, text, tuple(chain.from_iterable(values)), one)()
    by_name = {
        name if name in same else f"{name}{n}": its
        for n, ask in enumerate(given)
        for name, its in ask.items()
    }
    return _ask(tx, text, by_name, one)()


def bind_lists(named: Callable[..., S], *given: Sequence[Any]) -> tuple[S, dict[str, Any]]:
    """The statement of `named` for lists of these lengths, rounded up to few sizes, and its
    parameters."""
    padded = [some or (None,) for some in given]  # equal to nothing
    lists = [[*some, *[some[-1]] * (size_for(len(some)) - len(some))] for some in padded]
    values: dict[str, Any] = {}
    for which, some in enumerate(lists):
        values.update(zip(_names(which, len(some)), some, strict=True))
    return _naming(named, tuple(map(len, lists))), values


def bind(tx: Tx, statement: ClauseElement, given: dict[str, Any]) -> tuple[str, Any]:
    """A statement as text, and its parameters as the driver takes them, by name or position."""
    compiled = _compiled(statement, tx.dialect)
    every, names = compiled.params | given, compiled.positiontup
    return str(compiled), every if names is None else tuple(every[name] for name in names)


def size_for(count: int) -> int:
    """The least power of two that is not less."""
    return 1 << (count - 1).bit_length()


def _ask(tx: Tx, text: str, given: Any, select: Select[Any]) -> Rows:
    if tx.dialect.name != "sqlite":
        return tx.driver.send(text, given).rows
    columns = ", ".join(select.selected_columns.keys())
    in_one = f"SELECT json_group_array(json_array({columns})) FROM ({text})"  # noqa: S608 - our own
    answer = tx.driver.send(in_one, given)
    return lambda: orjson.loads(answer.rows()[0][0])


@lru_cache(maxsize=256)
def _compiled(statement: ClauseElement, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)  # noqa: S101 - what it may be else has no parameters
    return compiled


@lru_cache(maxsize=256)
def _naming(named: Callable[..., Any], sizes: tuple[int, ...]) -> Any:
    lists = (_names(which, size) for which, size in enumerate(sizes))
    return named(*(list(map(bindparam, names)) for names in lists))


@lru_cache(maxsize=64)
def _names(which: int, size: int) -> list[str]:
    return [f"list{which}_{place}" for place in range(size)]


@lru_cache(maxsize=64)
def _asking(one: Select[Any], size: int, dialect: Dialect) -> tuple[str, SQLCompiler]:
    """The select once for each ask, and as it is alone."""
    compiled = _compiled(one, dialect)
    # Each in a query of its own, as only those may have a limit.
    part = "SELECT * FROM ({}) AS ask{}"
    parts = (part.format(str(compiled).replace(MARK, f"{MARK}{n}"), n) for n in range(size))
    return " UNION ALL ".join(parts), compiled
