"""Step sizes: how much of long work goes into one transaction, by the time that steps take."""

STEP_S, STEP_BESIDE_OTHERS_S = 0.0125, 0.05
"""Target duration of a step's statements: where all other transactions wait for it (SQLite), and
where they run beside it (PostgreSQL). The commit is not counted: it takes about as long however
small the step is."""


def target_s(*, has_one_writer: bool) -> float:
    """Target duration of a step's statements."""
    return STEP_S if has_one_writer else STEP_BESIDE_OTHERS_S


def next_size(size: int, took_s: float, target_s: float, *, least: int, most: int) -> int:
    """The size of the next step, from the duration of one of this size.

    At most twice and at least half of this one: one slow disk write says little.
    """
    wanted = size * target_s / max(took_s, 1e-6)
    return int(max(least, min(max(wanted, size / 2), 2 * size, most)))
