"""Step sizes: how much of long work goes into one transaction, by the time that steps take."""

STEP_S, STEP_BESIDE_OTHERS_S = 0.025, 0.05
"""Target duration of a step: where all other transactions wait for it (SQLite), and where they run
beside it (PostgreSQL)."""


def target_s(*, has_one_writer: bool) -> float:
    """Target duration of a step."""
    return STEP_S if has_one_writer else STEP_BESIDE_OTHERS_S


COMMIT_SHARE = 0.5
"""Of a step's target duration, for its commit. A commit takes about as long however small the step
is, so steps are sized by the duration of their statements."""


def next_size(size: int, took_s: float, target_s: float, *, least: int, most: int) -> int:
    """The size of the next step, from the duration of one of this size.

    At most twice and at least half of this one: one slow disk write says little.
    """
    wanted = size * target_s / max(took_s, 1e-6)
    return int(max(least, min(max(wanted, size / 2), 2 * size, most)))
