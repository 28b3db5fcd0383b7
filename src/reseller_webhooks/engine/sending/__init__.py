"""One attempt: access token, request and its result."""
