"""What the docs show of the program is what the program does."""

import re
from pathlib import Path

from reseller_webhooks.core.records.action_rules import table_markdown
from reseller_webhooks.http.edge import error_reference
from reseller_webhooks.settings import Settings

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_page_of_actions_is_the_table() -> None:
    assert (DOCS / "actions.md").read_text().endswith(table_markdown())


def test_every_setting_is_described_with_its_default() -> None:
    text = (DOCS / "operate.md").read_text()
    rows = dict(re.findall(r"^\| ([A-Z_]+) \| (\S[^|]*?) \|", text, re.MULTILINE))

    assert {name.upper() for name in Settings.model_fields} == rows.keys()
    assert rows["RETRY_SCHEDULE"] == ",".join(map(str, Settings().retry_schedule))


def test_the_page_of_errors_is_current() -> None:
    assert (DOCS / "errors.md").read_text() == error_reference.markdown(), "run make errors"
