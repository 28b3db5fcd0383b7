"""A person belongs to several resellers: memberships, identities, and what a session opens.

The version before knows one role and one reseller of a person, in columns of `person`. They stay
the mirror of a person's only membership, and triggers carry into `membership` what that version
writes there. It sees somebody with several memberships as a viewer of no reseller.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADD = (
    " INSERT INTO membership"
    " (uuid, person_id, reseller_id, role, password, created_at, seen_at, locked_at)"
    " SELECT uuid, id, reseller_id, role, password, created_at, seen_at, locked_at"
    " FROM person WHERE (role = 'operator' OR reseller_id IS NOT NULL)"
)
CHANGE = (
    " UPDATE membership SET password = NEW.password, locked_at = NEW.locked_at"
    " WHERE person_id = NEW.id AND role = NEW.role AND removed_at IS NULL AND reseller_id"
)
FUNCTION = " RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$"
POSTGRESQL = (
    f"CREATE FUNCTION person_added(){FUNCTION} BEGIN{ADD} AND id = NEW.id; RETURN NULL; END $$",
    f"CREATE FUNCTION person_changed(){FUNCTION}"
    f" BEGIN{CHANGE} IS NOT DISTINCT FROM NEW.reseller_id; RETURN NULL; END $$",
    "CREATE TRIGGER person_added AFTER INSERT ON person"
    " FOR EACH ROW EXECUTE FUNCTION person_added()",
    "CREATE TRIGGER person_changed AFTER UPDATE OF password, locked_at ON person"
    " FOR EACH ROW EXECUTE FUNCTION person_changed()",
)
SQLITE = (
    f"CREATE TRIGGER person_added AFTER INSERT ON person BEGIN{ADD} AND id = NEW.id; END",
    "CREATE TRIGGER person_changed AFTER UPDATE OF password, locked_at ON person"
    f" BEGIN{CHANGE} IS NEW.reseller_id; END",
)
ONLY = "(SELECT CAST(id AS VARCHAR(20)) FROM membership WHERE person_id = {table}.person_id)"


def upgrade() -> None:
    _memberships()
    _identities()
    for table in ("session", "sign_in_link"):
        op.add_column(table, sa.Column("opens", sa.Text()))
        op.add_column(table, sa.Column("way", sa.String(length=20)))
    op.add_column("session", sa.Column("membership_id", ID))
    op.execute(sa.text(f"UPDATE session SET opens = {ONLY.format(table='session')}"))  # noqa: S608 - our own
    _invites()


def _memberships() -> None:
    op.create_table(
        "membership",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("password", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.Column("locked_at", sa.BigInteger()),
        sa.Column("removed_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_membership_person_id"),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_membership_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_membership"),
        sa.UniqueConstraint("uuid", name="uq_membership_uuid"),
        sa.UniqueConstraint("person_id", "reseller_id", name="uq_membership_person_id_reseller_id"),
    )
    op.create_index("ix_membership_reseller_id_id", "membership", ["reseller_id", "id"])
    op.execute(sa.text(f"{ADD} ORDER BY id"))
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRESQL if is_postgresql else SQLITE:
        op.execute(sa.text(statement))


def _identities() -> None:
    op.create_table(
        "identity",
        sa.Column("id", ID, nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_identity_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_identity"),
        sa.UniqueConstraint("issuer", "subject", name="uq_identity_issuer_subject"),
        sa.UniqueConstraint("person_id", "issuer", name="uq_identity_person_id_issuer"),
    )


def _invites() -> None:
    """An address may be invited by several resellers."""
    with op.batch_alter_table("invite") as table:
        table.drop_constraint("uq_invite_email", type_="unique")
        table.create_unique_constraint("uq_invite_email_reseller_id", ["email", "reseller_id"])
