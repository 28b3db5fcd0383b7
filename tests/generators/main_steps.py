"""The main steps of an integration, with the client of openapi-python-client."""

import json
import os

from reseller_webhooks_client import AuthenticatedClient, models
from reseller_webhooks_client.api.changes import apply_changes
from reseller_webhooks_client.api.deliveries import list_deliveries
from reseller_webhooks_client.api.events import get_event
from reseller_webhooks_client.api.sync import get_digest, get_snapshot
from reseller_webhooks_client.api.webhooks import add_webhook, change_webhook, get_webhook

reseller, platform = (
    AuthenticatedClient(base_url=os.environ["URL"], token=os.environ[name])
    for name in ("RESELLER_KEY", "PLATFORM_KEY")
)
company, added_action = models.Resource.COMPANY, models.Action.ADDED

webhook = models.WebhookRequest(
    url="https://127.0.0.1:9/in",
    resource=company,
    actions=[added_action],
    auth=models.TokenAuth(type_="TOKEN", token="t"),
)
added = add_webhook.sync(client=reseller, body=webhook)
patch = models.WebhookPatch(actions=[added_action, models.Action.CHANGED])
change_webhook.sync(added.id, client=reseller, body=patch)
changed = get_webhook.sync(added.id, client=reseller)

content = models.WrittenContent.from_dict({"name": "Acme"})
written = models.Written(
    reseller=os.environ["RESELLER"], type_=company, uuid="c-1", content=content
)
results = apply_changes.sync(client=platform, body=models.Changes(changes=[written]))
event = get_event.sync(results.results[0].event, client=reseller)
log = list_deliveries.sync(client=reseller, resource_uuid="c-1")
snapshot = get_snapshot.sync(company, client=reseller)
digest = get_digest.sync(company, client=reseller)
nowhere = models.WebhookRequest(url="ftp://nowhere", resource=company, actions=[added_action])
refused = add_webhook.sync(client=reseller, body=nowhere)

print(
    json.dumps(
        {
            "url": changed.url,
            "actions": changed.actions,
            "auth": changed.auth.type_,
            "version": event.version,
            "deliveries": len(log.items),
            "records": [record.uuid for record in snapshot.items],
            "count": digest.count,
            "pointer": refused.errors[0].pointer,
        }
    )
)
