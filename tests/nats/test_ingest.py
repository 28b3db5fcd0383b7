"""Changes from JetStream: what is applied, acknowledged, refused and repeated."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo
from sqlalchemy import text

from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.nats.batch_apply import BatchApply
from reseller_webhooks.nats.connection import NatsConnection
from reseller_webhooks.nats.consumer import Consumer
from reseller_webhooks.operations import fan_out
from reseller_webhooks.store.db.database import Database
from tests.nats.feeding import (
    SOURCE,
    SUBJECT,
    history,
    ingesting,
    named,
    prepared,
    settled,
)
from tests.nats.jetstream import Nats, eventually, make_stream, messages
from tests.store import factories


async def test_one_change_or_many_in_a_message_are_applied_in_sequence(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await make_stream(js, SOURCE.stream, "changes.>")
    await js.publish(SUBJECT, named(reseller, "c1", "One"))
    await js.publish(SUBJECT, named(reseller, "c1", "Two", "Three"))
    async with ingesting(server, database):
        await eventually(lambda: has(database, reseller, "Three"))
        await settled(js)
        await js.publish(SUBJECT, named(reseller, "c1", "Four"))
        await eventually(lambda: has(database, reseller, "Four"))

    assert history(database, reseller, "c1") == ["One", "Two", "Three", "Four"]


async def test_a_message_is_acknowledged_only_after_its_commit(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    other = Database(database.url)
    async with ingesting(server, database):
        with other.write():  # so that nobody else can commit
            await js.publish(SUBJECT, named(reseller, "c1", "One"))
            await eventually(lambda: is_out(js, 1))
            before = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
        after = await settled(js)
    other.close()

    assert before.ack_floor.stream_seq == 0
    assert after.ack_floor
    assert after.ack_floor.stream_seq == 1


async def test_what_was_committed_and_not_acknowledged_comes_again_and_changes_nothing(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    await js.publish(SUBJECT, named(reseller, "c1", "One"), headers={"Nats-Msg-Id": "m-1"})
    await js.publish(SUBJECT, named(reseller, "c1", "Two"))
    await js.publish(SUBJECT, named(reseller, "c1", "One"))
    async with taking(server) as consumer:
        applying(database).apply(await consumer.take())
    async with ingesting(server, database):
        await settled(js)

    assert history(database, reseller, "c1") == ["One", "Two", "One"]


async def test_newer_messages_wait_for_older_ones_that_somebody_took_and_dropped(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    await js.publish(SUBJECT, named(reseller, "c1", "Old"))
    async with taking(server) as consumer:
        await consumer.take()
    await js.publish(SUBJECT, named(reseller, "c1", "New"))
    async with ingesting(server, database):
        await settled(js)

    assert history(database, reseller, "c1") == ["Old", "New"]


async def test_two_that_take_in_at_once_keep_the_sequence(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    names = [f"Name {n}" for n in range(300)]
    other = Database(database.url)
    async with ingesting(server, database), ingesting(server, other):
        for name in names:
            await js.publish(SUBJECT, named(reseller, "c1", name))
        await settled(js)
    other.close()

    assert history(database, reseller, "c1") == names


async def test_a_message_that_cannot_be_applied_is_kept_with_its_reason_and_holds_up_nobody(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    nobody = orjson.dumps(
        {"changes": [{"reseller": "nobody", "type": "LEAD", "uuid": "l1", "removed": True}]}
    )
    large = b"x" * 1024 * 1024  # as much as NATS takes, and no room for a reason
    for body in (b"{", b"[]", nobody, named(reseller, "c1", "One", ""), b"", large):
        await js.publish(SUBJECT, body)
    await js.publish(SUBJECT, named(reseller, "c1", "Two"))
    async with ingesting(server, database):
        await settled(js)
        kept = await messages(js, "CHANGES_REFUSED")

    assert history(database, reseller, "c1") == ["Two"]
    assert [one.data for one in kept[:3]] == [b"{", b"[]", nobody]
    assert {one.subject for one in kept} == {f"refused.CHANGES.{SUBJECT}"}
    reasons = [(one.headers or {})["Refused-Reason"] for one in kept]
    assert reasons[0].startswith("/: the message is not JSON")
    assert reasons[2] == "/changes/0/reseller: there is no reseller with id 'nobody'"
    assert reasons[3].startswith("/changes/1/content/name: ")
    assert (kept[5].headers or {})["Refused-Bytes"] == str(len(large))


async def test_an_id_that_comes_again_with_another_body_is_refused(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await js.add_stream(name=SOURCE.stream, subjects=["changes.>"], duplicate_window=0.1)

    async def published(name: str) -> bool:
        headers = {"Nats-Msg-Id": "ü 1"}
        ack = await js.publish(SUBJECT, named(reseller, "c1", name), headers=headers)
        return not ack.duplicate

    await published("One")
    await eventually(lambda: published("Two"))  # as soon as NATS has forgotten the id
    async with ingesting(server, database):
        kept = await eventually(lambda: messages(js, "CHANGES_REFUSED"))

    assert history(database, reseller, "c1") == ["One"]
    assert "was used before with another body" in str((kept[0].headers or {})["Refused-Reason"])


async def test_more_changes_than_fit_in_a_transaction_take_several(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    names = [f"Name {n}" for n in range(2100)]
    for start in range(0, 2100, 700):
        await js.publish(SUBJECT, named(reseller, "c1", *names[start : start + 700]))
    async with ingesting(server, database):
        await settled(js)

    assert history(database, reseller, "c1") == names


async def test_a_message_that_makes_the_program_fail_holds_up_nobody(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    poison(database, "c2")
    for uuid, name in (("c1", "One"), ("c2", "Bad"), ("c1", "Two")):
        await js.publish(SUBJECT, named(reseller, uuid, name))
    async with ingesting(server, database):
        await settled(js)
        (kept,) = await messages(js, "CHANGES_REFUSED")

    assert history(database, reseller, "c1") == ["One", "Two"]
    assert kept.data == named(reseller, "c2", "Bad")
    assert (kept.headers or {})["Refused-Reason"].startswith("the program failed with DataError")


async def test_when_nothing_can_be_applied_nothing_is_refused(
    server: Nats, js: JetStreamContext, database: Database, reseller: Reseller
) -> None:
    await prepared(js)
    poison(database, "c1")
    await js.publish(SUBJECT, named(reseller, "c1", "One", "Two"))
    async with ingesting(server, database):
        await eventually(lambda: is_out(js, 1))
        with database.write() as tx:
            tx.connection.execute(text("DROP TRIGGER poison"))
        await settled(js)
        kept = await messages(js, "CHANGES_REFUSED")

    assert history(database, reseller, "c1") == ["One", "Two"]
    assert kept == []


def poison(database: Database, uuid: str) -> None:
    """Writing this record fails in a way that nobody has thought of."""
    with database.write() as tx:
        trigger = (
            "CREATE TRIGGER poison BEFORE INSERT ON record WHEN NEW.uuid = '%s'"
            " BEGIN SELECT length(zeroblob(3000000000)); END"
        )
        tx.connection.execute(text(trigger % uuid))


def applying(database: Database) -> BatchApply:
    return BatchApply(database, SOURCE.stream, "http://platform.example")


@asynccontextmanager
async def taking(server: Nats) -> AsyncIterator[Consumer]:
    """A process that takes messages and then is gone, without a word."""
    async with server.client() as client:
        yield await Consumer.bound(
            NatsConnection(client, client.jetstream(), asyncio.Event(), lambda: None), SOURCE
        )


async def is_out(js: JetStreamContext, count: int) -> bool:
    """Whether so many messages are given out and not acknowledged."""
    info: ConsumerInfo = await js.consumer_info(SOURCE.stream, SOURCE.consumer)
    return info.num_ack_pending == count


async def has(database: Database, reseller: Reseller, name: str) -> bool:
    return history(database, reseller, "c1")[-1:] == [name]


async def test_messages_of_a_reseller_with_too_many_fan_outs_wait_and_no_others(
    server: Nats,
    js: JetStreamContext,
    database: Database,
    northwind: Reseller,
    contoso: Reseller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.PENDING_MAX", 1)
    monkeypatch.setattr("reseller_webhooks.core.deliveries.fan_out_rules.DELIVERIES_MAX", 1)
    with database.write() as tx:
        for number in range(2):
            factories.webhook(tx, reseller_id=northwind.id, url=f"https://r.example/{number}")
    await prepared(js, ack_wait_s=30)
    for name in ("One", "Two", "Three"):
        await js.publish(SUBJECT, named(northwind, "c1", name))
    await js.publish(SUBJECT, named(contoso, "c1", "Other"))
    async with ingesting(server, database):
        await eventually(lambda: has(database, contoso, "Other"))
        before = history(database, northwind, "c1")
        await eventually(lambda: has_after_steps(database, northwind, "Three"))
        await settled(js)

    assert before == ["One"]
    assert history(database, northwind, "c1") == ["One", "Two", "Three"]


async def has_after_steps(database: Database, reseller: Reseller, name: str) -> bool:
    fan_out.step(database, 0, 10)
    return await has(database, reseller, name)
