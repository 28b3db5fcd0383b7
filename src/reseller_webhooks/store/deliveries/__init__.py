"""Deliveries, attempts and the log."""
