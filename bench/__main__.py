"""make bench: everything, or only what is named: python -m bench speed latency."""

import sys
from importlib import import_module

NAMES = (
    "speed",
    "singles",
    "engine",
    "latency",
    "flat",
    "workers",
    "log",
    "pages",
    "calls",
    "outage",
    "day",
    "neighbours",
    "size",
)


def main(names: list[str]) -> int:
    if unknown := set(names) - set(NAMES):
        print(f"{', '.join(sorted(unknown))}: there is only {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in names or NAMES:
        print(f"== {name}", flush=True)
        import_module(f"bench.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main([one for one in sys.argv[1:] if not one.startswith("--")]))
