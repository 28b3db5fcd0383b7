"""make attack: every attack, or only those named: python -m attack header_fields sign_in."""

import sys

from attack import bombs, connections, floods, pages
from attack.measuring import Attack, measured
from bench.program import Server, workshop

ATTACKS: dict[str, Attack] = {
    "header_fields": bombs.header_fields,
    "header_value": bombs.header_value,
    "request_line": bombs.request_line,
    "slow_headers": connections.slow_headers,
    "many_connections": connections.many,
    "pipelines": floods.pipelines,
    "unread_answers": floods.unread_answers,
    "sign_in": floods.sign_in,
    "pages": pages.rendered,
}


def main(names: list[str]) -> int:
    if unknown := set(names) - set(ATTACKS):
        print(f"{', '.join(sorted(unknown))}: there is only {', '.join(ATTACKS)}", file=sys.stderr)
        return 2
    with workshop() as directory:
        server = Server(directory)
        server.start()
        pages.make_once(server.port)
        try:
            for name in names or ATTACKS:
                print(f"{name:17} {measured(server, ATTACKS[name])}", flush=True)
        finally:
            server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
