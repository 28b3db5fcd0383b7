"""Intake of changes: parsing and group commit, for the API and NATS alike."""
