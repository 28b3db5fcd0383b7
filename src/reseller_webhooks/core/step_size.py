"""Step sizes: how much of long work goes into one transaction, by the time that steps take."""

STEP_S, STEP_BESIDE_OTHERS_S = 0.025, 0.05
"""Target duration of a step: where all other transactions wait for it (SQLite), and where they run
beside it (PostgreSQL)."""


def target_s(*, has_one_writer: bool) -> float:
    """Target duration of a step."""
    return STEP_S if has_one_writer else STEP_BESIDE_OTHERS_S


def next_size(size: int, took_s: float, target_s: float, *, least: int, most: int) -> int:
    """The size of the next step, after one of this size took so long; at most twice this one."""
    wanted = size * target_s / max(took_s, 1e-6)
    return int(max(least, min(wanted, 2 * size, most)))
