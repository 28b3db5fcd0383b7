"""Webhooks, their sealed secrets and backfills."""
