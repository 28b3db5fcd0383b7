"""Rights that the database's role needs, and a check for missing rights (PostgreSQL).

The role that serves need not own the tables: docs/operate.md prints what is granted to it.
"""

from collections.abc import Iterator

from sqlalchemy import text

from reseller_webhooks.core.errors import Refused
from reseller_webhooks.store.db.database import Database, Tx
from reseller_webhooks.store.tables import metadata

REMEDY = "grant it as docs/operate.md, Separate roles for migration and service, prints"
OWNER_REMEDY = (
    "run reseller-webhooks migrate as the role that owns the tables; other roles get the rights "
    "that docs/operate.md, Separate roles for migration and service, prints"
)
"""For the migrations, which need more than rights to tables."""
FUNCTIONS = (
    "reseller_webhooks_add_day(text, bigint)",
    "reseller_webhooks_drop_day(text, text)",
)
TURNED = ("event_id_seq", "attempt_id_seq")
"""Sequences that maintenance reads and sets."""


def missing_for_service(tx: Tx) -> list[str]:
    """Rights without which changes or deliveries fail, as "INSERT on delivery"."""
    if tx.dialect.name != "postgresql":
        return []
    tables = sorted(metadata.tables)
    return [*_ask(tx, _TABLES, names=tables), *_ask(tx, _SEQUENCES, names=tables)]


def missing_for_maintenance(tx: Tx) -> list[str]:
    """Rights without which partitions are neither created nor dropped."""
    if tx.dialect.name != "postgresql":
        return []
    sequences = _ask(tx, _TURNED, names=list(TURNED))
    return [*_ask(tx, _FUNCTIONS, names=list(FUNCTIONS)), *sequences]


def check(database: Database) -> list[str]:
    """Check the role's rights: Refused if it cannot serve, else what maintenance lacks."""
    with database.read() as tx:
        if lacking := missing_for_service(tx):
            raise Refused(f"{sentence(lacking)}; {REMEDY}")
        return missing_for_maintenance(tx)


def refusal(denied: str, remedy: str = REMEDY) -> Refused:
    """The refusal for a right that is missing. denied: the server's words."""
    return Refused(f"the database's role lacks a right: {denied}; {remedy}")


def sentence(lacking: list[str]) -> str:
    """A sentence that names the missing rights."""
    more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
    return f"the database's role lacks {', '.join(lacking[:3])}{more}"


def _ask(tx: Tx, statement: str, **given: object) -> Iterator[str]:
    for right, name in tx.connection.execute(text(statement), given):
        yield f"{right} on {name}"


_TABLES = (
    "SELECT p, t FROM unnest(CAST(:names AS text[])) t,"
    " unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p"
    " WHERE NOT has_table_privilege(t, p) ORDER BY t, p"
)
_SEQUENCES = (
    "SELECT 'USAGE', c.relname FROM pg_class c"
    " WHERE c.relnamespace = CAST(current_schema() AS regnamespace)"
    " AND c.relname IN (SELECT t || '_id_seq' FROM unnest(CAST(:names AS text[])) t)"
    " AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END ORDER BY 2"
)
_TURNED = (
    "SELECT p, s FROM unnest(CAST(:names AS text[])) s, unnest(ARRAY['SELECT', 'UPDATE']) p"
    " WHERE NOT has_sequence_privilege(s, p) ORDER BY s, p"
)
_FUNCTIONS = (
    "SELECT 'EXECUTE', f FROM unnest(CAST(:names AS text[])) f"
    " WHERE NOT has_function_privilege(f, 'EXECUTE') ORDER BY f"
)
