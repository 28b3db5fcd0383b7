"""Speed and endurance against the real program on loopback; every load is bounded."""
