"""make bench: speed as ratios to a bare aiohttp loop that posts the same bodies in the same run."""

from bench import speed

speed.main()
