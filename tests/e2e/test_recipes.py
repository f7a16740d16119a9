"""The recipes of docs/howto/talk-from-anywhere.md, word for word, on connections that break."""

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import async_playwright

from tests.support.blocks import ROOT, Block, Reader, blocks_of, require_wscat
from tests.support.proxy import Proxy, chunk_of_stream, proxy, response
from tests.support.server import Served, serve
from tests.support.socket import eventually

PAGE = "docs/howto/talk-from-anywhere.md"
BLOCKS = list(blocks_of(PAGE, (ROOT / PAGE).read_text("utf-8")))
WORDS = [f"{n} 号 🔌 " for n in range(40)]
ANSWER = "".join(WORDS)

pytestmark = pytest.mark.slow


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    require_wscat()
    return Reader(tmp_path)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path / ".groundwire") as served:
        served.script(*WORDS)
        yield served


@pytest.fixture
async def between(served: Served) -> AsyncGenerator[Proxy]:
    async with proxy(served.port) as between:
        between.cuts = b"/api/v1/chat/stream"
        yield between


def section(heading: str) -> list[Block]:
    return [block for block in BLOCKS if block.heading == heading]


def after(*counts: int) -> Callable[[], int | None]:
    """Cut the first connections after so many units, and then no more."""
    left: Iterable[int] = iter(counts)
    return lambda: next(iter(left), None)


def events(printed: str) -> list[dict[str, Any]]:
    """Return what came of a log, from lines that hold a frame."""
    frames = [json.loads(line) for line in re.findall(r"^(?:data: )?(\{.*\})$", printed, re.M)]
    return [frame for frame in frames if "seq" in frame]


def text_of(found: list[dict[str, Any]]) -> str:
    return "".join(event["content"] for event in found if event["type"] == "token")


def test_every_block_of_the_page_is_run_here() -> None:
    assert [block.place for block in BLOCKS if block.why_not is not None] == []
    run = [line for line in Path(__file__).read_text("utf-8").splitlines() if "section(" in line]
    asked = set(re.findall(r'section\("([^"]+)"\)', "\n".join(run)))
    assert asked == {block.heading for block in BLOCKS}


async def test_a_key_is_made(reader: Reader) -> None:
    (block,) = section("A key")
    assert re.search(r"^gw_\S+$", await reader.run("sh", block.code), re.MULTILINE)


async def test_wscat_asks_and_comes_back(reader: Reader, served: Served) -> None:
    ask, come_back = section("wscat")
    code = ask.filled_in(port=served.port, key=served.key)
    printed = await reader.talk("sh", code, ask.typed)
    assert text_of(events(printed)) == ANSWER

    (epoch,) = re.findall(r'"epoch":"(\w+)"', printed)
    code = come_back.filled_in(port=served.port, key=served.key, epoch=epoch)
    again = await reader.talk("sh", code, [])
    assert '"resumed":true' in again
    assert events(again) == events(printed)[3:]


async def test_websocat_shows_the_text_alone(reader: Reader, served: Served) -> None:
    ask, come_back = section("websocat: the text alone")
    code = ask.filled_in(port=served.port, key=served.key)
    assert await reader.talk("sh", code, ask.typed, shows=ANSWER) == ANSWER

    code = come_back.filled_in(port=served.port, key=served.key)
    assert await reader.talk("sh", code, [], shows=ANSWER) == ANSWER


@pytest.mark.browser
async def test_the_lines_of_the_brief_in_a_browser(served: Served, chromium: str) -> None:
    (block,) = section("In a browser: what comes is shown")
    code = block.filled_in(port=served.port, key=served.key)
    assert await in_browser(chromium, served, code, ANSWER) == ["已连接到AI引擎"]


@pytest.mark.browser
async def test_a_browser_comes_back(served: Served, between: Proxy, chromium: str) -> None:
    (block,) = section("In a browser or Node.js: and comes back")
    between.cut_after = after(8, 12)
    # The browser's page is one of the server's own, so the proxy has to be its host.
    page = Served(served.groundwire, served.model, between.port, served.key)
    await in_browser(chromium, page, block.filled_in(port=between.port, key=served.key), ANSWER)
    assert between.cut == 2


async def test_node_comes_back(reader: Reader, served: Served, between: Proxy) -> None:
    (block,) = section("In a browser or Node.js: and comes back")
    between.cut_after = after(8, 12)
    assert await reader.run("js", block.filled_in(port=between.port, key=served.key)) == ANSWER
    assert between.cut == 2


async def test_python_comes_back(reader: Reader, served: Served, between: Proxy) -> None:
    (block,) = section("Python")
    between.cut_after = after(8, 12)
    code = block.filled_in(port=between.port, key=served.key)
    assert await reader.run("python", code) == ANSWER
    assert between.cut == 2


async def test_curl_reads_a_stream_that_breaks(
    reader: Reader, served: Served, between: Proxy
) -> None:
    (block,) = section("curl: server-sent events")
    between.part, between.cuts, between.cut_after = chunk_of_stream, b"/events", after(9)
    printed = await reader.run("sh", block.filled_in(port=between.port, key=served.key))

    found = events(printed)
    assert [event["seq"] for event in found] == list(range(1, len(found) + 1))
    assert (text_of(found), found[-1]["type"], between.cut) == (ANSWER, "done", 1)


async def test_curl_asks_for_what_comes_next(
    reader: Reader, served: Served, between: Proxy
) -> None:
    (block,) = section("curl: long-poll")
    between.part, between.cuts, between.cut_after = response, b"/poll", after(0)
    printed = await reader.run("sh", block.filled_in(port=between.port, key=served.key))

    pages = [json.loads(line) for line in printed.splitlines() if line.startswith('{"events')]
    found = [event for page in pages for event in page["events"]]
    last = 0
    for event in found:
        assert event.get("covers", [event["seq"]])[0] == last + 1
        last = event["seq"]
    assert (text_of(found), found[-1]["type"], between.cut) == (ANSWER, "done", 1)


async def test_the_client_libraries_come_back(
    reader: Reader, served: Served, between: Proxy
) -> None:
    python, node, electron = section("The client libraries")
    for block in (python, node, electron):
        served.model.forget()
        served.script(*WORDS)
        cut = between.cut
        between.cut_after = after(8, 12)
        code = block.filled_in(port=between.port, key=served.key)
        assert (await reader.run(block.language, code)).strip() == ANSWER.strip()
        assert between.cut == cut + 2


def test_the_examples_have_ten_lines() -> None:
    for name in ("python/examples/ask.py", "typescript/examples/ask.mjs"):
        lines = (ROOT / "sdk" / name).read_text("utf-8").splitlines()
        told = [
            line for line in lines if line and not line.startswith(("import", "from", '"', "//"))
        ]
        assert len(told) <= 12, name


async def in_browser(chromium: str, served: Served, code: str, shows: str) -> list[str]:
    """Paste ``code`` into the console of a page of the server; return what the console says."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        await page.goto(f"http://127.0.0.1:{served.port}/healthz")
        await page.evaluate("document.body.replaceChildren()")
        # An expression whose value is a function is called: this one has none.
        await page.evaluate(code + "\nundefined;")
        await page.wait_for_function("text => document.body.textContent === text", arg=shows)
        await browser.close()
    await eventually(lambda: not served.groundwire.hub.members)
    return said
