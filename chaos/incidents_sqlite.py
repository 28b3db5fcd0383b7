"""Incidents on one machine: the clock is set, and the store's file is an old copy."""

import shutil
import time
from pathlib import Path

from chaos.feeder import now
from chaos.rig import Rig
from testkit.faketime import WallClock

HOUR_S = 3600
LONGER_THAN_ANY_WAIT_S = 30


def clock_set(rig: Rig, clock: WallClock, ahead_s: int) -> None:
    """The machine's clock is set while a receiver fails, and stays so."""
    hours = ahead_s / HOUR_S
    name = f"the clock is set by {hours:+.0f} h while a receiver fails"
    with rig.incident(name, set_clock=True, apart=frozenset({"/recovering"})):
        rig.receiver.answer("/recovering", 503)
        time.sleep(2)
        clock.set(ahead_s)
        time.sleep(LONGER_THAN_ANY_WAIT_S)
        rig.receiver.answer("/recovering", 200)


def worker_killed(rig: Rig) -> None:
    """kill -9 of both workers, which are back at once."""
    with rig.incident("kill -9 of the workers"):
        for worker in rig.workers:
            worker.kill()
            worker.start()


def restored(rig: Rig, file: Path) -> None:
    """The store is an old copy again; what was acknowledged since is lost, and fed anew."""
    copy = file.with_name("copy.db")
    rig.command("backup", str(copy))
    with rig.incident("the store is restored from a backup") as incident:
        for process in [*rig.apis, *rig.workers]:
            process.kill()
        rig.evidence.database.close()
        for old in file.parent.glob(f"{file.name}-*"):
            old.unlink()
        shutil.copyfile(copy, file)
        rig.command("restored")
        incident.lost_until = now()
        for process in [*rig.apis, *rig.workers]:
            process.start()
        incident.healed = now()
        rig.evidence.restored.append(incident.healed)
