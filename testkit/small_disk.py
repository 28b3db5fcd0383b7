"""A file system so small that it can be filled."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from testkit.processes import directory, give, program

CHUNK = bytes(1 << 16)


class SmallDisk:
    """A mounted file system; `path` is its root."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rest = path / "rest"

    def fill(self) -> None:
        """Write until no byte is left."""
        with self._rest.open("wb", buffering=0) as rest, suppress(OSError):
            while rest.write(CHUNK):
                pass

    def free(self) -> None:
        """Give the space back."""
        self._rest.unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """Mount a file system in memory; needs root."""
    with directory("disk") as path:
        size = f"size={megabytes}m"
        subprocess.run([program("mount"), "-t", "tmpfs", "-o", size, "tmpfs", path], check=True)
        try:
            give(path)
            yield SmallDisk(path)
        finally:
            subprocess.run([program("umount"), path], check=True)
