"""What a person does on the pages, again and again."""

from playwright.async_api import Page, expect


async def add(page: Page, url: str, resource: str = "Company") -> None:
    """Add a webhook with Added and Changed ticked and no authentication, up to the message."""
    await page.get_by_role("link", name="Add Webhook").click()
    await page.get_by_label("URL", exact=True).fill(url)
    await page.get_by_label("Resource").select_option(resource)
    await page.get_by_role("checkbox", name="Added").check()
    await page.get_by_role("checkbox", name="Changed").check()
    await page.get_by_role("button", name="Save Webhook").click()
    await expect(page.get_by_role("status")).to_contain_text("The webhook was created.")
