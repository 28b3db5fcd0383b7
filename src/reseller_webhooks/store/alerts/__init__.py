"""Alerts by e-mail: who is told of which webhook, and the outbox."""
