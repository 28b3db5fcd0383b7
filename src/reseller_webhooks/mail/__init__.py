"""Sends the e-mails of the outbox."""
