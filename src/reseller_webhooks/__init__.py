"""Reseller Webhooks: a reseller's own systems, kept in sync with the platform."""

__version__ = "0.2.0"
