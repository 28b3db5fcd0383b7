"""Workers, leases, jobs and maintenance."""
