"""What is really delivered fits its published schema, in both formats, for every kind."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import orjson

from reseller_webhooks.core.access.permissions import Scope
from reseller_webhooks.core.deliveries.notification_schemas import kinds, schema_name
from reseller_webhooks.core.enums import Action, Resource
from reseller_webhooks.core.records import examples
from reseller_webhooks.core.webhooks.settings import Format
from reseller_webhooks.core.webhooks.webhook import Spec
from reseller_webhooks.operations import authentication, resellers, webhooks
from tests.conftest import Running, serving
from tests.receivers.authority import Authority
from tests.receivers.behaviours import answers
from tests.receivers.receiver import LOOPBACK, Receiver, Request

CHANGED = {
    Resource.COMPANY: {"name": "Another name"},
    Resource.INVOICE: {"status": "PAID"},
    Resource.LEAD: {"notes": "Called again"},
    Resource.ORDER: {"status": "CANCELLED"},
    Resource.SUBSCRIPTION: {"status": "SUSPENDED"},
    Resource.APP_ASSIGNMENT: {"status": "FAILED"},
}


def listen(running: Running, reseller: int, receiver: Receiver) -> None:
    """A webhook for each resource and format."""
    for resource in Resource:
        for form in Format:
            spec = Spec(
                url=receiver.url(f"/{form}", host=LOOPBACK),
                resource=resource,
                actions=frozenset(Action),
                format=form,
            )
            webhooks.add(running.database, running.program.box, reseller, spec)


async def change(running: Running, reseller: str) -> None:
    """Every resource is added, changed and removed."""
    key = authentication.add_key(running.database, Scope.PLATFORM, None).key
    headers = {"authorization": f"Bearer {key}"}
    named = [
        {"reseller": reseller, "type": resource, "uuid": uuid}
        for resource, (uuid, _) in examples.CONTENTS.items()
    ]
    contents = [content for _, content in examples.CONTENTS.values()]
    later = [content | CHANGED[resource] for resource, (_, content) in examples.CONTENTS.items()]
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=30) as api:
        for some in (
            [one | {"content": content} for one, content in zip(named, contents, strict=True)],
            [one | {"content": content} for one, content in zip(named, later, strict=True)],
            [one | {"removed": True} for one in named],
        ):
            answer = await api.post("/api/v1/changes", json={"changes": some})
            assert answer.is_success, answer.text


async def schemas(running: Running, names: Iterable[str]) -> dict[str, Any]:
    """As the program publishes them."""
    async with httpx.AsyncClient(base_url=running.url) as anybody:
        return {name: (await anybody.get(f"/schemas/{name}.json")).json() for name in names}


def fitting(request: Request, published: dict[str, Any]) -> list[str]:
    """The schemas that a delivered body fits."""
    told = orjson.loads(request.body)
    return [
        name
        for name, schema in published.items()
        if jsonschema_rs.Draft202012Validator(schema, validate_formats=True).is_valid(told)
    ]


async def test_every_kind_of_delivery_fits_its_published_schema_and_no_other(
    tmp_path: Path, migrated: Path
) -> None:
    authority = Authority()
    receiver = Receiver(answers(), tls=authority.serves(LOOPBACK))
    plain = [schema_name(*kind) for kind in kinds()]
    names = [*plain, *(f"{name}.cloudevent" for name in plain)]
    ca_file = authority.write(tmp_path)
    async with receiver, serving(tmp_path, migrated, ca_file=ca_file) as running:
        reseller = resellers.add(running.database, "Northwind")
        listen(running, reseller.id, receiver)
        await change(running, reseller.uuid)
        requests = await receiver.received(len(names))
        published = await schemas(running, names)

    found = [fitting(request, published) for request in requests]
    assert sorted(name for (name,) in found) == sorted(names)
