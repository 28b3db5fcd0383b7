"""A clock that can be set while a process runs: libfaketime, told by a file how far to be off."""

from collections.abc import Mapping
from pathlib import Path

import pytest

LIBRARIES = [
    *Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"),
    *Path("/usr/lib").glob("faketime/libfaketimeMT.so.1"),
]
needs_faketime = pytest.mark.skipif(
    not LIBRARIES, reason="libfaketime is not installed; apt-get install faketime"
)


class WallClock:
    """The wall clock of processes that run in its `environment`. Monotonic clocks stay true."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "wall-clock"
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """Set it ahead of the true time, or back if negative; known within a moment."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}\n")
        new.chmod(0o644)
        new.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """What a process needs to have this clock."""
        return {
            "LD_PRELOAD": str(LIBRARIES[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
