"""Whatever breaks on the way, the mirror ends equal: make converge, but smaller."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_mirror_converges_through_faults_kills_and_an_old_database() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.converge", "--changes", "1500"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost 0" in done.stdout
