"""Sessions that tell where they are, invites, guesses by account and address, the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("api_key", sa.Column("name", sa.Text(), nullable=False, server_default=""))
    op.add_column("api_key", sa.Column("used_at", sa.BigInteger()))
    op.add_column("person", sa.Column("seen_at", sa.BigInteger()))
    op.add_column("person", sa.Column("locked_at", sa.BigInteger()))
    op.drop_column("person", "failures")
    op.drop_column("person", "locked_until")
    _sessions()
    _invites()
    _guesses()
    _audit()


def _sessions() -> None:
    # Everybody signs in again: of an old session nobody knows where it is.
    op.drop_table("session")
    op.create_table(
        "session",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=300), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_person_id"),
        sa.PrimaryKeyConstraint("fingerprint", name="pk_session"),
        sa.UniqueConstraint("uuid", name="uq_session_uuid"),
    )
    op.create_index("ix_session_expires_at", "session", ["expires_at"])
    op.create_index("ix_session_person_id", "session", ["person_id"])


def _invites() -> None:
    op.create_table(
        "invite",
        sa.Column("id", ID, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_invite_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("uuid", name="uq_invite_uuid"),
        sa.UniqueConstraint("fingerprint", name="uq_invite_fingerprint"),
        sa.UniqueConstraint("email", name="uq_invite_email"),
    )
    op.create_index("ix_invite_reseller_id", "invite", ["reseller_id"])


def _guesses() -> None:
    op.create_table(
        "guess",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_guess"),
    )
    op.create_index("ix_guess_at", "guess", ["at"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reseller_id", ID),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("subject", sa.String(length=16), nullable=False),
        sa.Column("subject_uuid", sa.String(length=36), nullable=False),
        sa.Column("subject_name", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["reseller_id"], ["reseller.id"], name="fk_audit_reseller_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    for column in ("reseller_id", "subject", "subject_uuid", "actor"):
        op.create_index(f"ix_audit_{column}_id", "audit", [column, "id"])
