"""Synchronisation: digests, backfills and the sync status of a record."""
