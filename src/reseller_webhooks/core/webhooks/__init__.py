"""Webhooks: their settings, targets, secrets and signatures."""
