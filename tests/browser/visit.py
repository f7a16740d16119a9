"""What the fixtures and the tests of the page share."""

from dataclasses import dataclass

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, StorageState, WebError

NAME, PASSWORD = "Owner", "correct horse battery"
WAIT_MS = 15_000

complaints: list[str] = []
"""What browsers wrote to their consoles as errors since the test began."""


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
    context.on("console", _note)
    context.on("weberror", _note_uncaught)
    return context


def _note(message: ConsoleMessage) -> None:
    if message.type == "error":
        complaints.append(message.text)


def _note_uncaught(error: WebError) -> None:
    complaints.append(str(error.error))
