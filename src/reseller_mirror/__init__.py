"""The kit for those who receive: verify, drop what is stale, apply."""
