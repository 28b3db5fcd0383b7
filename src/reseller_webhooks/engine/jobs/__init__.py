"""Background work: jobs, backfills, stepped fan-outs and maintenance."""
