"""deploy/'s alerts and dashboard, and docs/operate.md's table, against a live scrape."""

import json
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from reseller_webhooks.core.health.maintenance import MaintenanceJob
from reseller_webhooks.store.cluster import maintenance
from testkit.processes import needs
from tests.conftest import serving

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
OPERATE = (ROOT / "docs" / "operate.md").read_text()
NAME = re.compile(r"\b(?:reseller_webhooks|process)_[a-z_]+")
SUFFIX = re.compile(r"_(?:bucket|count|sum|created|total)$")
promtool = needs("promtool")


@pytest.fixture
async def scrape(tmp_path: Path, migrated: Path) -> AsyncIterator[str]:
    async with (
        serving(tmp_path, migrated) as one,
        httpx.AsyncClient(base_url=one.url) as client,
    ):
        with one.database.write() as tx:
            maintenance.note_success(tx, MaintenanceJob.EVENTS)
        yield (await client.get("/metrics")).text


def check(*words: str, stdin: str = "") -> str:
    """What promtool says against something; nothing when all is well."""
    done = subprocess.run(
        ["promtool", *words], input=stdin, capture_output=True, text=True, cwd=DEPLOY, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def families(text: str) -> set[str]:
    """The metrics of a scrape, without the suffixes of their series."""
    names = re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE)
    return {SUFFIX.sub("", name) for name in names}


def named(text: str) -> set[str]:
    """The metrics that a text names."""
    return {SUFFIX.sub("", name) for name in NAME.findall(text)}


def dashboard() -> list[str]:
    """The queries of every panel."""
    found: dict[str, Any] = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
    return [target["expr"] for panel in found["panels"] for target in panel["targets"]]


@promtool
async def test_the_scrape_keeps_to_the_conventions(scrape: str) -> None:
    assert check("check", "metrics", stdin=scrape) == ""


@promtool
@pytest.mark.parametrize(
    "words",
    [
        ("check", "rules", "prometheus-alerts.yml"),
        ("test", "rules", "prometheus-alerts.test.yml"),
        ("check", "config", "--syntax-only", "prometheus.yml"),
    ],
    ids=" ".join,
)
def test_prometheus_takes_the_files(words: tuple[str, ...]) -> None:
    assert check(*words) == ""


@promtool
def test_prometheus_takes_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    rules = [
        {"record": f"query:{number}", "expr": query} for number, query in enumerate(dashboard())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))

    assert check("check", "rules", "--lint=none", str(file)) == ""


async def test_alerts_and_dashboard_name_only_metrics_that_there_are(scrape: str) -> None:
    there = families(scrape)

    assert named("\n".join(dashboard())) - there == set()
    assert named((DEPLOY / "prometheus-alerts.yml").read_text()) - there == set()


async def test_the_table_of_metrics_and_the_dashboard_have_each_metric_of_ours(scrape: str) -> None:
    ours = {name for name in families(scrape) if name.startswith("reseller_webhooks_")}
    table = OPERATE.partition("## Metrics\n")[2].partition("\n## ")[0]
    listed = {
        SUFFIX.sub("", f"reseller_webhooks_{one}")
        for one in re.findall(r"^\| `([a-z_]+)", table, re.MULTILINE)
    }

    assert listed == ours
    assert {name for name in named("\n".join(dashboard())) if name.startswith("reseller")} == ours


def test_every_alert_is_fired_and_kept_quiet_by_a_test_and_explained_in_the_docs() -> None:
    (group,) = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text())["groups"]
    tests = (DEPLOY / "prometheus-alerts.test.yml").read_text()
    table = OPERATE.partition("## What to alert on\n")[2].partition("\n## ")[0]
    for rule in group["rules"]:
        assert tests.count(f'alertname="{rule["alert"]}"') == 2
        assert f"`{rule['alert'].removeprefix('ResellerWebhooks')}`" in table
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}
        path, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (ROOT / path).is_file()
        assert anchor == "what-to-alert-on"


def test_the_scrape_that_the_docs_print_is_the_one_in_deploy() -> None:
    (printed,) = re.findall(
        r"```yaml\n(.*?)```", OPERATE.partition("### Close the metrics to outsiders")[2], re.S
    )
    ours = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())

    assert yaml.safe_load(printed)["scrape_configs"] == ours["scrape_configs"]
