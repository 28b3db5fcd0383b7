"""OpenID Connect, and password hashing with limits."""
