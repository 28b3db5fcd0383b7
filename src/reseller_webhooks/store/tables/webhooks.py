"""Webhooks; a deleted one keeps its row while the log names it. Actions are masks (core/enums)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

from reseller_webhooks.core.webhooks.settings import SETTINGS, Kind, Setting
from reseller_webhooks.store.tables.columns import (
    Id,
    instant,
    metadata,
    numbered,
    of_reseller,
    only,
)

CHOICE_LENGTH = 16
_TYPES: Mapping[Kind, type[TypeEngine[Any]] | TypeEngine[Any]] = {
    Kind.TEXT: Text,
    Kind.CHOICE: String(CHOICE_LENGTH),
    Kind.ACTIONS: SmallInteger,
    Kind.FLAG: Boolean,
    Kind.WHOLE_NUMBER: Integer,
    Kind.NUMBER: Float,
}


def _column(setting: Setting) -> Column[Any]:
    return Column(
        setting.name,
        _TYPES[setting.kind],
        nullable=setting.is_optional,
        server_default=_server_default(setting) if setting.has_column_default else None,
    )


def _server_default(setting: Setting) -> str:
    is_flag = setting.kind is Kind.FLAG  # which both databases read from 0 and 1
    return str(int(setting.default) if is_flag else setting.default)


webhook = Table(
    "webhook",
    metadata,
    numbered(),
    Column("uuid", String(36), nullable=False, unique=True),
    of_reseller(),
    Column("part", SmallInteger, nullable=False),
    *map(_column, SETTINGS.values()),
    Column("auth_type", String(32), nullable=False),
    Column("auth_sealed", Text, nullable=False),
    Column("secret_sealed", Text, nullable=False),
    Column("previous_secret_sealed", Text),
    instant("previous_secret_until", nullable=True),
    Column("state", String(8), nullable=False),
    Column("circuit", String(8), nullable=False),
    Column("circuit_reason", Text, nullable=False),
    # The same as a code with parameters; the version before changes the text alone.
    Column("circuit_message", Text),
    instant("circuit_at", nullable=True),
    instant("probe_at", nullable=True),
    instant("hurried_at", nullable=True),
    # Until when the receiver asked for no request; why the webhook is paused. None before 0027.
    instant("held_until", nullable=True),
    Column("pause_reason", String(16)),
    instant("created_at"),
    instant("changed_at"),
    instant("deleted_at", nullable=True),
    # Another, higher number after each change of the settings; triggers draw it (0014).
    Column("revision", BigInteger, nullable=False, server_default="0"),
    Index(
        "uq_webhook_target",
        "reseller_id",
        "url",
        "resource",
        unique=True,
        **only("deleted_at IS NULL"),
    ),
    Index(
        "ix_webhook_fanout",
        "reseller_id",
        "resource",
        **only("deleted_at IS NULL"),
    ),
    Index("ix_webhook_open", "reseller_id", "circuit_at", **only("circuit = 'OPEN'")),
    Index(None, "changed_at"),
    Index(None, "revision"),
)

circuit_change = Table(
    "circuit_change",
    metadata,
    numbered(),
    Column("webhook_id", Id, ForeignKey("webhook.id"), nullable=False),
    Column("is_open", Boolean, nullable=False),
    Column("reason", Text, nullable=False),
    Column("message", Text),
    instant("at"),
    Index(None, "webhook_id", "at"),
    Index(None, "at"),
)
