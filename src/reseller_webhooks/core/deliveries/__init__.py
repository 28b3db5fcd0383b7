"""Deliveries: states, attempts, retries, circuits and the notification that goes out."""
