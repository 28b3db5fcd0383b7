"""Decides which delivery starts when: queues by webhook, fair shares, limits."""
