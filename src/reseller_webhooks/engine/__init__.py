"""The delivery engine: partition ownership, dispatch, sending, results and background jobs."""
