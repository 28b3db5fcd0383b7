"""Maintenance jobs with their last success; partitions by functions, so that the role that serves
need not own the tables (PostgreSQL).

The functions run with the rights of whoever migrates. Nobody else may call them until the right
is granted (docs/operate.md), and they touch nothing but partitions of these two tables.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ADD = """
CREATE FUNCTION reseller_webhooks_add_day(parent text, day bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    child text := parent || '_' || day;
BEGIN
    IF parent NOT IN ('event', 'attempt') THEN
        RAISE EXCEPTION '% has no days', parent;
    END IF;
    -- Made apart and then attached it holds nobody up; PARTITION OF would lock the whole table.
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
        child, parent);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%s) TO (%s)',
        parent, child, day << 36, (day + 1) << 36);
END $$
"""
DROP = """
CREATE FUNCTION reseller_webhooks_drop_day(parent text, child text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
DECLARE
    low bigint;
    high bigint;
BEGIN
    IF parent NOT IN ('event', 'attempt') OR NOT EXISTS (
        SELECT FROM pg_inherits
        WHERE inhparent = to_regclass(parent) AND inhrelid = to_regclass(child)
    ) THEN
        RAISE EXCEPTION '% is no day of %', child, parent;
    END IF;
    -- Whoever sends an event again has read it, so this waits until its new delivery can be seen.
    -- The whole table first and then its part, as readers do: else each could wait for the other.
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', child);
    EXECUTE format('SELECT min(id), max(id) FROM %I', child) INTO low, high;
    IF parent = 'event' AND EXISTS (SELECT FROM delivery WHERE event_id BETWEEN low AND high) THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN true;
END $$
"""
FUNCTIONS = {
    "reseller_webhooks_add_day(text, bigint)": ADD,
    "reseller_webhooks_drop_day(text, text)": DROP,
}


def upgrade() -> None:
    op.create_table(
        "maintenance_job",
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("succeeded_at", sa.BigInteger()),
        sa.Column("failed_at", sa.BigInteger()),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job", name="pk_maintenance_job"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    named = "SELECT quote_ident(current_schema())"
    (schema,) = op.get_bind().exec_driver_sql(named).one()
    for signature, definition in FUNCTIONS.items():
        op.get_bind().exec_driver_sql(definition.replace("{schema}", schema).replace("%", "%%"))
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
