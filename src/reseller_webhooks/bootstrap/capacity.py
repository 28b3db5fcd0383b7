"""The number of deliveries that a process may have in flight at once."""

import os
import resource
from pathlib import Path

import structlog

from reseller_webhooks.settings import Settings

AT_MOST, AT_LEAST = 4_000, 200
"""Unless LIMIT_DELIVERIES_AT_ONCE says otherwise."""
BYTES_EACH = 128 * 1024
"""56 KB were measured for a connection with TLS and its task, and a body may have 64 KB before it
counts as several requests."""
MEMORY_SHARE = 4
"""Requests under way take one part in this many of the memory at most."""
FILES_KEPT = 500
"""Open files for the store, logs and name look-ups."""
CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)

log = structlog.get_logger(__name__)


def deliveries_at_once(settings: Settings) -> int:
    """The setting, or as many as memory and the limit of open files allow."""
    files = _files() - FILES_KEPT - settings.limit_connections
    if settings.limit_deliveries_at_once:
        wanted = settings.limit_deliveries_at_once
        if wanted > files:
            log.warning(
                "LIMIT_DELIVERIES_AT_ONCE is above what open files allow",
                wanted=wanted,
                open_files=_files(),
                remedy="raise LimitNOFILE of the unit or nofile of the container",
            )
        return wanted
    allowed = min(AT_MOST, files, _memory_bytes() // MEMORY_SHARE // BYTES_EACH)
    return max(AT_LEAST, allowed)


def _files() -> int:
    """The hard limit, which serving.py makes the soft one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return hard if hard != resource.RLIM_INFINITY else 2**20


def _memory_bytes() -> int:
    """Of the machine, or of the control group if it has less."""
    limits = [_machine_bytes(), *(_limit(file) for file in CGROUP_LIMITS)]
    return min(limit for limit in limits if limit is not None)


def _machine_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _limit(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # there is none, or it says "max"
        return None
