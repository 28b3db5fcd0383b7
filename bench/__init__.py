"""Speed and endurance, against the real program on loopback. Every load is bounded in count and time."""
