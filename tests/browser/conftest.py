"""One real server with a scripted model, and one browser, for all the tests of the page."""

import asyncio
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

from groundwire.adapters.models.scripted_server import Reply, ScriptedServer
from tests.browser.visit import NAME, PASSWORD, Served, complaints, new_context

START_TIMEOUT_S = 60
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
)

GUIDE = """# Earthing guide

## What it is for

The ground wire carries the fault current back to the source, so that the breaker trips.

## Colours

A protective conductor is green and yellow. No other conductor may have these colours.

## 测量

接地电阻不得超过四欧姆。测量应在断电之后进行。
"""


@pytest.fixture(scope="session")
def model() -> Iterator[ScriptedServer]:
    """A model server whose next answers a test writes by ``enqueue``."""
    server = ScriptedServer(models=("scribe",), default=Reply(deltas=("Noted", " [1].")))
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server:
            started.set()
            await ended.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    started.wait(START_TIMEOUT_S)
    yield server
    loop.call_soon_threadsafe(ended.set)
    thread.join(START_TIMEOUT_S)
    loop.close()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the server's machine that feeds may read."""
    return tmp_path_factory.mktemp("shared")


@pytest.fixture(scope="session")
def served(
    model: ScriptedServer, shared: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """``groundwire serve`` on a free port, with an empty data folder."""
    data = tmp_path_factory.mktemp("data")
    environment = {
        **os.environ,
        "GROUNDWIRE_OPENAI_BASE_URL": model.openai_url,
        "GROUNDWIRE_MODEL": "scribe",
        "GROUNDWIRE_LIMITS": "off",
        "GROUNDWIRE_FOLDERS": str(shared),
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "groundwire", "serve", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if link := re.search(r"(http://\S+?)/#/setup\?token=\S+", said):
                break
        else:
            pytest.fail(f"The server did not start:\n{said}")
        # What it says later must not fill the pipe.
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        yield Served(link[1], link[0])
        process.terminate()
        process.wait(START_TIMEOUT_S)
        drain.join(START_TIMEOUT_S)


@pytest.fixture(scope="session")
def browser(chromium: str, own_home: Path) -> Iterator[Browser]:
    del own_home  # Chromium writes into its home: it has to be the tests' own by now.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def owner(browser: Browser, served: Served) -> StorageState:
    """Follow the one-time link, make the owner's account; what a signed-in browser keeps."""
    context = new_context(browser)
    page = context.new_page()
    page.goto(served.setup_link)
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the owner’s account").click()
    page.get_by_label("Your question").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture(scope="session")
def library(browser: Browser, served: Served, owner: StorageState) -> None:
    """The default workspace holds one guide, found by its meaning."""
    context = new_context(browser, owner)
    page = context.new_page()
    page.goto(served.url)
    guide = {"name": "guide.md", "mimeType": "text/markdown", "buffer": GUIDE.encode()}
    page.get_by_test_id("file-input").set_input_files([guide])  # pyright: ignore[reportArgumentType]
    page.locator("[data-status=ready]").wait_for(timeout=60_000)
    context.close()


@pytest.fixture(autouse=True)
def quiet_console() -> Iterator[None]:
    """No test leaves an error in a console: one of the page's, or of its security policy."""
    complaints.clear()
    yield
    assert complaints == []


@pytest.fixture
def context(browser: Browser, owner: StorageState, library: None) -> Iterator[BrowserContext]:
    """A browser whose owner may ask about the guide: of anything else no model is asked."""
    del library
    context = new_context(browser, owner)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, served: Served) -> Page:
    """The page, signed in, with no conversation open."""
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Your question").wait_for()
    return page
