"""What every answer brings: strict headers, pages that are not kept, files that are."""

import re

import pytest

from reseller_webhooks.core.access.permissions import Role
from reseller_webhooks.core.access.resellers import Reseller
from reseller_webhooks.core.errors import Refused, Unavailable
from reseller_webhooks.core.messages import plain
from reseller_webhooks.core.messages.requests import STORE_AWAY
from reseller_webhooks.http.edge.response_headers import OF_PAGES
from reseller_webhooks.http.pages import paths
from reseller_webhooks.http.pages.messages import sentence
from reseller_webhooks.http.pages.rendering import breakable, duration, iso, utc
from reseller_webhooks.operations.context import AppContext
from reseller_webhooks.store.db.database import Database
from tests.delivery_ids import shown_id
from tests.pages.browser_client import TOKEN, Outside, Person, a_webhook, house_of, tell, words

INLINE = re.compile(
    r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", re.IGNORECASE
)
NOON = 1_795_435_200_123_456
PAGE_BYTES_MAX = 100 * 1024


async def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(nobody: Person) -> None:
    policy = (await nobody.client.get(paths.SIGN_IN)).headers["content-security-policy"]

    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    "path", ["/", paths.SIGN_IN, paths.WEBHOOKS, "/nowhere", f"{paths.SIGN_IN}/x", "/static/x/x.js"]
)
async def test_every_answer_has_the_strict_headers(nobody: Person, path: str) -> None:
    answer = await nobody.client.get(path)

    assert OF_PAGES.items() <= dict(answer.headers).items()
    assert answer.headers["cache-control"] == "no-store"


async def test_no_page_has_anything_inline(
    context: AppContext, northwind: Reseller, admin: Person
) -> None:
    row = a_webhook(context, northwind, auth=TOKEN)
    (number,) = tell(context, row)
    for path in (
        paths.WEBHOOKS,
        paths.ADD,
        paths.LOG,
        paths.ACCOUNT,
        paths.webhook(row.uuid),
        paths.webhook(row.uuid, "edit"),
        paths.webhook(row.uuid, "delete"),
        paths.delivery(shown_id(number)),
    ):
        html = await admin.see(path)

        assert not INLINE.search(html), path
        assert len(html.encode()) < PAGE_BYTES_MAX


async def test_files_are_kept_for_ever_under_a_name_that_changes_with_them(
    nobody: Person,
) -> None:
    html = await nobody.see(paths.SIGN_IN)
    named = re.findall(r'"(/static/[^"#]+)"', html)
    answers = [await nobody.client.get(path) for path in named]
    older = await nobody.client.get("/static/0123456789abcdef/app.css")

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["content-type"].partition(";")[0] for answer in answers} >= {
        "text/css",
        "text/javascript",
        "image/svg+xml",
    }
    assert all("immutable" in answer.headers["cache-control"] for answer in answers)
    assert older.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "name", ["../app.py", "..%2f..%2fapp.py", "js/../../app.py", "/etc/passwd", "nothing.css"]
)
async def test_no_other_file_can_be_asked_for(nobody: Person, name: str) -> None:
    answer = await nobody.client.get(f"/static/x/{name}", follow_redirects=True)

    assert answer.status_code == 404


async def test_an_address_that_is_not_there_says_so_and_shows_the_way(nobody: Person) -> None:
    answer = await nobody.client.get("/nowhere")

    assert answer.status_code == 404
    assert "Page not found" in words(answer.text)
    assert f'href="{paths.WEBHOOKS}"' in answer.text


async def test_a_forms_address_says_that_it_is_one(admin: Person) -> None:
    answer = await admin.client.get(paths.SIGN_OUT)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert "This address is not used in this way" in words(answer.text)


class Broken(Outside):
    """A receiver's side that goes wrong."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def send_test(self, _: object) -> object:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (Unavailable(STORE_AWAY(), 7, internal="locked"), 503, "Not available right now"),
        (Refused("a stored secret opens with none of the keys"), 500, "Something went wrong"),
        (ZeroDivisionError("a secret: t0ken"), 500, "Something went wrong"),
    ],
)
async def test_what_goes_wrong_inside_is_a_page_that_gives_nothing_away(
    database: Database, northwind: Reseller, error: Exception, status: int, told: str
) -> None:
    context = house_of(database, Broken(error))
    admin = await Person(context).enters(Role.ADMIN, northwind)
    row = a_webhook(context, northwind)
    answer = await admin.send(paths.webhook(row.uuid, "test"))

    assert answer.status_code == status
    assert told in words(answer.text)
    assert "t0ken" not in answer.text
    assert "keys" not in answer.text
    assert OF_PAGES.items() <= dict(answer.headers).items()
    assert answer.headers.get("retry-after") == ("7" if status == 503 else None)


def test_times_are_exact_in_utc() -> None:
    assert iso(NOON) == "2026-11-23T12:00:00.123Z"
    assert utc(NOON) == "23 Nov 2026, 12:00:00 UTC"


@pytest.mark.parametrize(("ms", "text"), [(0, "0 ms"), (999, "999 ms"), (1204, "1.2 s")])
def test_durations_are_short(ms: int, text: str) -> None:
    assert duration(ms) == text


def test_messages_become_sentences() -> None:
    assert sentence(None) == ""
    assert sentence(plain("answered 503.")) == "Answered 503."


def test_a_url_breaks_where_its_parts_end_and_stays_text() -> None:
    assert breakable("https://a.example/x/y?z=<") == (
        "https://a<wbr>.example/<wbr>x/<wbr>y?<wbr>z=<wbr>&lt;"
    )
