"""Records, their events and digests."""
