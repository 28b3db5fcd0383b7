"""Connections, transactions, bulk statements, errors and what differs between the databases."""
