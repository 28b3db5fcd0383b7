"""The one line in which a command says why it refused, and how to mend it."""

import errno

from reseller_webhooks import settings
from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.store.startup import refusal_of

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
DISK_REMEDY = "free space on its disk, or let this user write there"


def line_of(error: ResellerWebhooksError | OSError) -> str | None:
    """The line; None for what is a mistake of ours and needs its trace."""
    if isinstance(error, OSError):
        name = error.filename or "a file"
        return f"{name}: {error.strerror}; {DISK_REMEDY}" if error.errno in DISK_ERRORS else None
    if isinstance(error, Unavailable):
        return str(refusal_of(settings.load().database, error) or error)
    return str(error)
