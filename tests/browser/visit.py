"""What the fixtures and the tests of the page share."""

from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, StorageState

NAME, PASSWORD = "Owner", "correct horse battery"
WAIT_MS = 15_000


@dataclass(frozen=True)
class Served:
    """A running server; ``setup_link`` is the one-time link that it printed."""

    url: str
    setup_link: str


def new_context(
    browser: Browser, state: StorageState | None = None, locale: str = "en-GB"
) -> BrowserContext:
    """Return a fresh browser profile; ``state`` is what a signed-in one keeps."""
    context = browser.new_context(storage_state=state, locale=locale)
    context.set_default_timeout(WAIT_MS)
    return context
