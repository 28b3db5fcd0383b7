"""Resellers, users, API keys, sessions, quotas and the audit log."""
