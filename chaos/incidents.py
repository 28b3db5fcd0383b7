"""Incidents on PostgreSQL: each does something to a real part and leaves it as it was."""

import signal
import time
from collections.abc import Callable

import psycopg

from chaos.feeder import now
from chaos.rig import KEY, LEASE_S, OTHER_KEY, Rig
from testkit.haproxy import HAProxy
from testkit.packets import dropping
from testkit.pgbouncer import PgBouncer
from testkit.postgres import Pair, Postgres


def read_only(rig: Rig, server: Postgres) -> None:
    """The database takes no writes for 10 s, as during a switch-over or a full disk."""
    with rig.incident("the database is read-only for 10 s"):
        server.set("default_transaction_read_only", "on")
        time.sleep(10)
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            connection.execute("ALTER SYSTEM RESET default_transaction_read_only")
            connection.execute("SELECT pg_reload_conf()")


def locked(rig: Rig, server: Postgres) -> None:
    """Somebody holds a lock on the table of deliveries for 20 s."""
    with (
        rig.incident("a lock on delivery for 20 s"),
        psycopg.connect(server.url) as connection,
    ):
        connection.execute("LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE")
        time.sleep(20)


def crashed(rig: Rig, server: Postgres) -> None:
    """kill -9 of PostgreSQL, which is back after 3 s."""
    with rig.incident("kill -9 of PostgreSQL"):
        server.kill()
        time.sleep(3)
        server.start()


def worker_killed(rig: Rig, _: Postgres) -> None:
    """kill -9 of a worker, which is back after its lease."""
    with rig.incident("kill -9 of a worker", killed_worker=True) as incident:
        rig.workers[0].kill()
        incident.healed = now() + int((LEASE_S + 2) * 1e6)
        time.sleep(LEASE_S + 4)
    rig.workers[0].start()


def worker_stopped(rig: Rig, _: Postgres) -> None:
    """A worker stands still for longer than its lease, then goes on."""
    with rig.incident("SIGSTOP of a worker", killed_worker=True):
        rig.workers[1].signal(signal.SIGSTOP)
        time.sleep(LEASE_S + 4)
        rig.workers[1].signal(signal.SIGCONT)


def no_worker(rig: Rig, _: Postgres) -> None:
    """No worker lives for 8 s; changes are taken all the same."""
    with rig.incident("no worker for 8 s", killed_worker=True, no_successor=True):
        for worker in rig.workers:
            worker.kill()
        time.sleep(8)
        for worker in rig.workers:
            worker.start()


def recovering(rig: Rig, _: Postgres) -> None:
    """A receiver answers 503 for 12 s, then works again; a secret is rotated meanwhile."""
    with rig.incident("a receiver answers 503 for 12 s"):
        rig.receiver.answer("/recovering", 503)
        rig.call("POST", f"/api/v1/webhooks/{rig.webhook_ids['plain0']}/rotate-secret", "plain0")
        rig.evidence.rotated["/plain0"] = now()
        time.sleep(12)
        rig.receiver.answer("/recovering", 200)
        rig.evidence.recovered["/recovering"] = now()


def late_commit(rig: Rig, server: Postgres) -> None:
    """A webhook's new URL is stamped, and committed 13 s later."""
    with rig.incident("a webhook's new URL commits 13 s late"), psycopg.connect(server.url) as late:
        late.execute(
            "UPDATE webhook SET url = replace(url, '?old', '?new'), changed_at ="
            " CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT) WHERE uuid = %s",
            [rig.webhook_ids["moving"]],
        )
        time.sleep(13)
        late.commit()
        rig.evidence.moved["/moving"] = now()
        time.sleep(2)


def network_cut(rig: Rig, _: Postgres) -> None:
    """Nothing reaches any receiver for 20 s: packets vanish on the way."""
    receivers = f"-d 127.0.0.0/24 --dport {rig.receiver.port}"
    with (
        rig.incident("no receiver can be reached for 20 s", cut_network=True),
        dropping(receivers) as drop,
    ):
        drop()
        time.sleep(20)


def key_taken(rig: Rig, _: Postgres) -> None:
    """The workers lose the key of one webhook's secrets, and get it back."""
    rig.seal_under_other_key("plain1")
    with rig.incident("a key is taken out too early") as incident:
        rig.restart(rig.workers, RESELLER_WEBHOOKS_SECRET_KEYS=KEY)
        since = now()
        time.sleep(8)
        rig.evidence.unreadable["/plain1"] = (since, now())
        rig.restart(rig.workers, RESELLER_WEBHOOKS_SECRET_KEYS=f"{KEY},{OTHER_KEY}")
        incident.healed = now()


def hung_and_back(rig: Rig, server: Postgres) -> None:
    """The server hangs for 25 s, and nobody takes over."""
    with rig.incident("the primary hangs for 25 s"):
        server.pause()
        time.sleep(25)
        server.resume()


def hung(rig: Rig, pair: Pair) -> None:
    """The primary hangs for good; the standby is promoted after 5 s."""
    with rig.incident("the primary hangs, the standby is promoted") as incident:
        pair.primary.pause()
        time.sleep(5)
        pair.fail_over()
        incident.healed = now()


def unreachable(rig: Rig, pair: Pair, drop: Callable[[], None]) -> None:
    """Packets from and to the primary vanish for good; the standby is promoted after 5 s."""
    with rig.incident("packets vanish, the standby is promoted") as incident:
        drop()
        time.sleep(5)
        pair.fail_over()
        incident.healed = now()


def failed_over_by_proxy(rig: Rig, pair: Pair, proxy: HAProxy) -> None:
    """The primary hangs for good; a proxy leads new connections to the promoted standby."""
    with rig.incident("a proxy leads to the promoted standby") as incident:
        pair.primary.pause()
        time.sleep(5)
        pair.fail_over()
        proxy.switch(1, cut=False)
        incident.healed = now()


def led_to_standby(rig: Rig, proxy: HAProxy) -> None:
    """A proxy leads to the standby, which only reads, for 5 s."""
    with rig.incident("a proxy leads to the standby for 5 s"):
        proxy.switch(1)
        time.sleep(5)
        proxy.switch(0)


def vanished(rig: Rig, proxy: HAProxy) -> None:
    """The way to the database carries nothing for 15 s, and nobody is told."""
    with rig.incident("packets to the database vanish for 15 s"):
        proxy.pause()
        time.sleep(15)
        proxy.resume()


def pooler_restarted(rig: Rig, pooler: PgBouncer) -> None:
    """kill -9 of PgBouncer, which is back after 2 s."""
    with rig.incident(f"kill -9 of PgBouncer ({_mode(pooler)} pooling)"):
        pooler.kill()
        time.sleep(2)
        pooler.start()


def pooled(rig: Rig, pooler: PgBouncer) -> None:
    """Nothing but PgBouncer in between, for a while."""
    with rig.incident(f"PgBouncer in between ({_mode(pooler)} pooling)"):
        time.sleep(5)


def _mode(pooler: PgBouncer) -> str:
    return "transaction" if "pool_mode = transaction" in pooler.ini.read_text() else "session"
