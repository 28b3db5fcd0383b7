"""The HTTP API: thin over operations. It reads requests, asks, and writes answers."""
