"""A small HTTP/1.1 client that only posts: little CPU, no surprises. The sender's own."""
