"""What every request passes before a route: limits, keys, headers, errors."""
