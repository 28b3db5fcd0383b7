"""Runs a command under a unit's filter of system calls: python -m tests.sandboxed UNIT COMMAND...

systemd is not process 1 where tests run, so its library sets the filter that its own tool expands.
"""

import ctypes
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
LIBRARY = "libseccomp.so.2"


def sets() -> dict[str, set[str]]:
    """What systemd means by @system-service and the others: calls, and names of further sets."""
    words = ["systemd-analyze", "syscall-filter", "--no-pager"]
    told = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    found: dict[str, set[str]] = {}
    for line in told.splitlines():
        if re.fullmatch(r"@[\w-]+", line):
            members = found.setdefault(line, set())
        elif found and re.fullmatch(r"    @?\w[\w-]*", line):
            members.add(line.strip())
    return found


def allowed(lines: list[str], known: dict[str, set[str]]) -> set[str]:
    """The calls that lines of SystemCallFilter= leave, as systemd.exec(5) has it."""

    def calls(name: str) -> set[str]:
        return set().union(*map(calls, known[name])) if name in known else {name}

    left = calls("@default")
    for line in lines:
        named = set().union(*map(calls, line.removeprefix("~").split()))
        left = left - named if line.startswith("~") else left | named
    return left


def confine(unit: Path) -> None:
    """This process and all that it starts."""
    lines = re.findall(r"^SystemCallFilter=(.*)$", unit.read_text(), re.MULTILINE)
    library = ctypes.CDLL(LIBRARY)
    library.seccomp_init.restype = ctypes.c_void_p
    filtering = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(REFUSE)))
    for name in allowed(lines, sets()):
        number = library.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:
            library.seccomp_rule_add(filtering, ctypes.c_uint32(ALLOW), number, 0)
    # MemoryDenyWriteExecute=, where the kernel (6.3) has it.
    ctypes.CDLL(None).prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0)
    if library.seccomp_load(filtering):
        raise OSError("no filter of system calls can be set")


if __name__ == "__main__":
    confine(Path(sys.argv[1]))
    os.umask(0o077)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606
