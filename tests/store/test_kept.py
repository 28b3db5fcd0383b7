"""operate.md says of each table what bounds it, and which job sees to that."""

import re
from pathlib import Path

from reseller_webhooks.core.health.maintenance import MaintenanceJob
from reseller_webhooks.store.tables import metadata

OPERATE = Path(__file__).parent.parent.parent / "docs" / "operate.md"
ROW = re.compile(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([\w-]+) \|$", re.MULTILINE)


def _section(name: str) -> str:
    return OPERATE.read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_every_table_says_what_bounds_it() -> None:
    rows = ROW.findall(_section("What is kept, and for how long"))

    assert sorted(table for table, *_ in rows) == sorted(metadata.tables)
    assert {job for *_, job in rows} - {"-"} <= set(MaintenanceJob)


def test_every_job_is_described() -> None:
    jobs = re.findall(r"^\| (\w+) \| ", _section("Maintenance"), re.MULTILINE)

    assert jobs == ["job", *MaintenanceJob]
