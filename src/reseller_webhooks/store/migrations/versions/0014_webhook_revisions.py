"""Webhooks carry a revision: another, higher number after each change of their settings.

Triggers draw it, so that what the version before writes, or anybody by hand, has one too. On
PostgreSQL it comes from a sequence; on SQLite from a counter, as a deleted row must not give its
number back. Changes of a circuit leave changed_at alone, and so the revision.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# Runs as its owner, so that a role which may not use new sequences can go on changing webhooks.
POSTGRESQL = (
    "CREATE SEQUENCE webhook_revision",
    "CREATE FUNCTION draw_webhook_revision() RETURNS trigger LANGUAGE plpgsql"
    " SECURITY DEFINER SET search_path FROM CURRENT AS $$"
    " BEGIN NEW.revision := nextval('webhook_revision'); RETURN NEW; END $$",
    "CREATE TRIGGER webhook_revision BEFORE INSERT OR UPDATE OF changed_at ON webhook"
    " FOR EACH ROW EXECUTE FUNCTION draw_webhook_revision()",
)
NEXT = (
    " ON webhook BEGIN"
    " UPDATE number SET last = last + 1 WHERE name = 'webhook_revision';"
    " UPDATE webhook SET revision = (SELECT last FROM number WHERE name = 'webhook_revision')"
    " WHERE id = NEW.id; END"
)
SQLITE = (
    "INSERT INTO number (name, last) VALUES ('webhook_revision', 0)",
    f"CREATE TRIGGER webhook_revision_added AFTER INSERT{NEXT}",
    f"CREATE TRIGGER webhook_revision_changed AFTER UPDATE OF changed_at{NEXT}",
)


def upgrade() -> None:
    column = sa.Column("revision", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("webhook", column)
    op.create_index("ix_webhook_revision", "webhook", ["revision"])
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        op.execute(sa.text(statement))
