"""Prints why a command refused, and the remedy, in one line."""

import errno

from reseller_webhooks import settings
from reseller_webhooks.core.errors import ResellerWebhooksError, Unavailable
from reseller_webhooks.store.db.startup import refusal_of

DISK_REMEDY = "free space on its disk, or let this user write there"
PATH_REMEDY = "give the path of a file"
REMEDIES = (
    dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM), DISK_REMEDY)
    | dict.fromkeys((errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP), PATH_REMEDY)
    | {errno.EIO: "see to the disk; the system could not read or write it"}
)


def line_of(error: ResellerWebhooksError | OSError) -> str | None:
    """The line for the operator; None for a fault of this program, which needs its trace."""
    if isinstance(error, OSError):
        name, remedy = error.filename or "a file", REMEDIES.get(error.errno or 0)
        return f"{name}: {error.strerror}; {remedy}" if remedy else None
    if isinstance(error, Unavailable):
        return str(refusal_of(settings.load().database, error) or error)
    return str(error)
