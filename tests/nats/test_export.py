"""Events to JetStream: all of them, in sequence, once."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, RetentionPolicy, StreamConfig

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.operations import generations
from reseller_webhooks.store.db import backup
from reseller_webhooks.store.db.database import Database
from reseller_webhooks.store.records import events
from tests.nats.conftest import Start
from tests.nats.jetstream import Nats, eventually, messages
from tests.nats.publishing import change, exporting, held, holds, numbers, published, version
from tests.store.factories import event


async def test_every_event_is_published_as_it_is_sent_to_webhooks(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, "One", "Two")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 2))
        change(database, reseller, "Three")
        await eventually(lambda: holds(js, 3))
    first, *_, last = await messages(js, "EVENTS")
    recorded = held(database)

    assert first.subject == f"events.{reseller.uuid}.COMPANY.ADDED"
    assert last.subject == f"events.{reseller.uuid}.COMPANY.CHANGED"
    assert last.data == recorded[-1].body.encode()
    assert (last.headers or {})["Nats-Msg-Id"] == recorded[-1].uuid


async def test_the_exporter_is_killed_and_goes_on_where_it_was(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, start: Start
) -> None:
    change(database, reseller, *(f"Name {n}" for n in range(1000)))
    one = start("export", "--nats", server.url)
    await eventually(lambda: holds(js, 1))
    one.kill()
    async with exporting(server, database):
        await eventually(lambda: holds(js, 1000))

    assert await published(js) == numbers(database)


async def test_nats_is_killed_and_the_export_goes_on_where_it_was(
    server: Nats, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, *(f"Name {n}" for n in range(1000)))
    async with exporting(server, database):
        for count in (1, 500):
            async with server.js() as js:
                await eventually(lambda count=count, js=js: holds(js, count))
                server.kill()
            server.start()
        async with server.js() as js:
            await eventually(lambda: holds(js, 1000))
            found = await published(js)

    assert found == numbers(database)


async def test_two_exporters_do_not_mix(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, *(f"Name {n}" for n in range(600)))
    async with exporting(server, database), exporting(server, database):
        await eventually(lambda: holds(js, 600))
        change(database, reseller, *(f"Other {n}" for n in range(600)))
        await eventually(lambda: holds(js, 1200))

    assert await published(js) == numbers(database)


async def test_nothing_is_published_past_an_event_that_nats_did_not_take(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    config = StreamConfig(
        "EVENTS", subjects=["events.>"], max_bytes=16 * 1024, discard=DiscardPolicy.NEW
    )
    await js.add_stream(config)
    change(database, reseller, "One", "x" * 32 * 1024, "Three")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 1))
        await js.update_stream(config, max_bytes=-1)
        await eventually(lambda: holds(js, 3))

    assert await published(js) == numbers(database)


@pytest.mark.parametrize("retention", [RetentionPolicy.LIMITS, RetentionPolicy.WORK_QUEUE])
async def test_a_stream_that_has_dropped_its_messages_is_not_filled_again(
    server: Nats,
    js: JetStreamContext,
    database: Database,
    reseller: Reseller,
    retention: RetentionPolicy,
) -> None:
    await js.add_stream(
        name="EVENTS", subjects=["events.>"], retention=retention, duplicate_window=0.1
    )
    change(database, reseller, "One", "Two")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 2))
    await js.purge_stream("EVENTS")
    change(database, reseller, "Three")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 3))

    assert await published(js) == numbers(database)[2:]


async def test_what_the_stream_has_had_and_nobody_has_noted_is_not_doubled(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, "One", "Two", "Three")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 3))
    await js.purge_stream("EVENTS")
    notes = await js.key_value("reseller_webhooks")
    await notes.put("export.EVENTS", b'{"number":1,"sequence":1}')
    change(database, reseller, "Four")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 4))

    assert await published(js) == numbers(database)[3:]


async def test_after_a_restore_it_goes_on_behind_the_last_event_that_the_store_holds(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller, tmp_path: Path
) -> None:
    change(database, reseller, "One", "Two", "Three")
    backup.copy(database, tmp_path / "copy.db")
    change(database, reseller, *(f"Lost {n}" for n in range(20)))
    async with exporting(server, database):
        await eventually(lambda: holds(js, 23))
    put_in_place(tmp_path / "copy.db", database)
    generations.notice(database)
    change(database, reseller, *(f"New {n}" for n in range(30)))
    async with exporting(server, database):
        await eventually(lambda: holds(js, 53))

    assert (await published(js))[23:] == numbers(database)[3:]
    floor = generations.current(database).floor
    assert [version(one) for one in await messages(js, "EVENTS")][23:] == [
        floor + n for n in range(1, 31)
    ]


def put_in_place(copy: Path, database: Database) -> None:
    file = Database.file_of(database.url)
    assert file
    database.close()
    Path(f"{file}-wal").unlink(missing_ok=True)
    copy.replace(file)


async def test_what_a_backfill_repeats_is_for_its_webhook_alone(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, "One")
    with database.write() as tx:
        events.add(tx, [event(reseller_id=reseller.id, ticked=frozenset())])
    change(database, reseller, "Two")
    async with exporting(server, database):
        await eventually(lambda: holds(js, 2))

    assert [version(one) for one in await messages(js, "EVENTS")] == [1, 2]


@pytest.fixture
def taking_little(tmp_path: Path) -> Iterator[Nats]:
    (tmp_path / "little.conf").write_text("max_payload: 16KB")
    one = Nats(tmp_path / "little", "-c", str(tmp_path / "little.conf"))
    yield one
    one.kill()


async def test_an_event_that_nats_does_not_take_goes_without_its_content(
    taking_little: Nats, database: Database, reseller: Reseller
) -> None:
    change(database, reseller, "One", "x" * 16 * 1024, "Three")
    async with taking_little.js() as js, exporting(taking_little, database):
        await eventually(lambda: holds(js, 3))
        _, large, _ = await messages(js, "EVENTS")

    assert version(large) == 2
    assert set(orjson.loads(large.data or b"")["resource"]) == {"type", "uuid", "url"}
