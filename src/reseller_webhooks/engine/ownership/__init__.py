"""Ownership of partitions, and the health of this worker's network."""
