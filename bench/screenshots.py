"""make screenshots: the pictures of the README and docs, taken from a running demo."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

PICTURES = Path(__file__).parent.parent / "docs" / "pictures"
PORT = 47_610
CHROMIUM: dict[str, Any] = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
}
LABELS = 5


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        demo = subprocess.Popen(
            [sys.executable, "-m", "reseller_webhooks", "demo", f"--port={PORT}", f"--data={data}"],
            stdout=subprocess.PIPE,
            env=os.environ | {"RESELLER_WEBHOOKS_RETRY_SCHEDULE": "300,600,1200"},
            text=True,
        )
        assert demo.stdout
        lines = [demo.stdout.readline() for _ in range(LABELS)]
        printed = {label: value.strip() for label, _, value in (s.partition(":") for s in lines)}
        try:
            _take(printed)
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait()


def _take(printed: dict[str, str]) -> None:
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(**CHROMIUM)
        page = browser.new_page(viewport={"width": 1200, "height": 760})
        receiver = browser.new_page(viewport={"width": 1000, "height": 760})
        page.goto(printed["Sign in"])
        page.get_by_role("button", name="Sign in", exact=True).click()
        for resource, url in (("Company", "hook"), ("Invoice", "billing"), ("Lead", "crm")):
            _add(page, resource, printed["Receiver URL"].replace("hook", url))
        receiver.goto(printed["Receiver page"])
        _change(receiver, ["Company", "Invoice", "Lead", "Invoice"])
        receiver.get_by_role("button", name="Answers 503").click()
        _change(receiver, ["Lead"])
        receiver.get_by_role("button", name="Works").click()
        _change(receiver, ["Company"])
        page.goto(page.url)
        _keep(page, "webhooks")
        page.emulate_media(color_scheme="dark")
        _keep(page, "webhooks-dark")
        page.emulate_media(color_scheme="light")
        _open(page, "Event log", "event-log")
        _keep_delivery(page)
        _open(page, "Records")
        page.locator("table a").first.click()
        _keep(page, "record")
        _open(page, "Webhooks")
        _keep_form(page)
        receiver.reload()
        _keep(receiver, "receiver")
        browser.close()


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=PICTURES / f"{name}.png")


def _open(page: Page, link: str, name: str = "") -> None:
    page.get_by_role("link", name=link, exact=True).first.click()
    page.wait_for_load_state()
    if name:
        _keep(page, name)


def _keep_delivery(page: Page) -> None:
    """One that tells of a change, with what has changed."""
    page.get_by_role("link", name="changed").first.click()
    page.locator("#changed").evaluate("one => one.scrollIntoView()")
    _keep(page, "delivery")
    _open(page, "Webhooks")


def _keep_form(page: Page) -> None:
    """As it is filled in, with OAuth2 chosen."""
    page.get_by_role("link", name="Add Webhook").first.click()
    page.get_by_label("URL", exact=True).fill("https://crm.example.com/notifications")
    page.get_by_label("Resource").select_option(label="Subscription")
    page.get_by_label("Changed", exact=True).check()
    page.get_by_label("OAuth2", exact=True).check()
    page.screenshot(path=PICTURES / "add-webhook.png", full_page=True)


def _add(page: Page, resource: str, url: str) -> None:
    page.get_by_role("link", name="Add Webhook").first.click()
    page.get_by_label("URL", exact=True).fill(url)
    page.get_by_label("Resource").select_option(label=resource)
    for action in ("Added", "Deleted", "Changed"):
        page.get_by_label(action, exact=True).check()
    page.get_by_role("button", name="Save Webhook").click()


def _change(receiver: Page, resources: list[str]) -> None:
    for resource in resources:
        receiver.get_by_label("Resource").select_option(label=resource)
        receiver.get_by_role("button", name="Change something").click()
        time.sleep(0.5)  # so that the log has times that differ


if __name__ == "__main__":
    main()
