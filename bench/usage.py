"""What processes have used, as Linux counts it: CPU by process and thread, context switches."""

import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

TICKS = os.sysconf("SC_CLK_TCK")
_UTIME, _CUTIME = 11, 13
"""Places of the fields behind a process's name in /proc/PID/stat."""


@dataclass(frozen=True)
class Usage:
    """cpu_s: with children that have ended. threads: CPU seconds by thread, its name and id."""

    cpu_s: float
    threads: dict[str, float]
    voluntary: int
    involuntary: int

    def since(self, before: "Usage") -> "Usage":
        """What was used since."""
        return Usage(
            self.cpu_s - before.cpu_s,
            {name: used - before.threads.get(name, 0.0) for name, used in self.threads.items()},
            self.voluntary - before.voluntary,
            self.involuntary - before.involuntary,
        )


def of(processes: Iterable[psutil.Process]) -> Usage:
    """What these processes and all of their descendants have used so far."""
    cpu_s, threads = 0.0, defaultdict[str, float](float)
    voluntary = involuntary = 0
    for process in processes:
        for one in [process, *process.children(recursive=True)]:
            place = Path(f"/proc/{one.pid}")
            cpu_s += sum(_seconds(place / "stat")[:4])
            for task in (place / "task").iterdir():
                threads[_name(task)] += sum(_seconds(task / "stat")[:2])
                switches = _switches(task)
                voluntary, involuntary = voluntary + switches[0], involuntary + switches[1]
    return Usage(cpu_s, threads, voluntary, involuntary)


def _seconds(stat: Path) -> list[float]:
    fields = stat.read_text().rpartition(")")[2].split()
    return [int(ticks) / TICKS for ticks in fields[_UTIME : _CUTIME + 2]]


def _name(task: Path) -> str:
    return f"{(task / 'comm').read_text().strip()} {task.name}"


def _switches(task: Path) -> tuple[int, int]:
    lines = (task / "status").read_text().splitlines()
    found = dict(line.split(":\t") for line in lines if "ctxt_switches" in line)
    return int(found["voluntary_ctxt_switches"]), int(found["nonvoluntary_ctxt_switches"])
