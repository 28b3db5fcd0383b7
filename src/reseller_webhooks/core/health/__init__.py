"""Health: conditions of a process, clocks and maintenance jobs."""
