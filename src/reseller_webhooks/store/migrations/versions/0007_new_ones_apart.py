"""In the index of deliveries by resource, those that were never attempted are apart.

The index before is not kept for a version that goes on beside this one: 0.1.0 is stopped first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_index(
        "ix_delivery_resource",
        "delivery",
        ["webhook_id", sa.text("(attempts > 0)"), "resource_uuid", "version"],
    )
    op.drop_index("ix_delivery_webhook_id_resource_uuid_version", "delivery")
