"""The brief's own artefacts, changed in nothing but their URL."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.support.server import Served, serve
from tests.support.socket import eventually

FRAME = (
    '{ "type": "chat_message", "content": "你好，请介绍一下你自己", '
    '"sessionId": "test_123", "model": "llama3" }'
)
WSCAT = "wscat@6"

# As the brief prints it; its URL gains `?token=…&format=text`.
CLIENT = """
const socket = new WebSocket("ws://localhost:3001/api/v1/chat/stream");
socket.onopen = () => {
  console.log("已连接到AI引擎");
  // 发起提问
  socket.send(JSON.stringify({
    type: "chat_message",
    content: "请总结我上传的年度报告摘要",
    sessionId: "user_abc"
  }));
};
socket.onmessage = (event) => {
  const text = event.data;
  const output = document.getElementById("response");
  output.textContent += text; // 逐段追加
};
socket.onerror = (err) => { console.error("连接异常:", err); };
socket.onclose = () => { console.log("连接已关闭"); };
"""


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path, model_aliases={"llama3": "scripted"}) as served:
        yield served


async def wscat(*arguments: str, shows: str) -> str:
    """Return what `npx wscat` prints, once ``shows`` is in it.

    Its standard input is held open: at the end of it wscat leaves without a word.
    """
    npx = shutil.which("npx")
    if npx is None:
        pytest.skip("There is no npx here.")
    child = await asyncio.create_subprocess_exec(
        *(npx, "--yes", WSCAT, "--no-color", *arguments),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert child.stdout is not None
    printed = ""
    try:
        async with asyncio.timeout(90):
            while shows not in printed and (part := await child.stdout.read(4096)):
                printed += part.decode(errors="replace")
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    if "npm error network" in printed or "npm error code E" in printed:
        pytest.skip("npx cannot fetch wscat here.")
    return printed


@pytest.mark.slow
async def test_wscat_talks_to_us_with_the_frame_of_the_brief(served: Served) -> None:
    served.script("我是", " Groundwire")
    url = f"ws://localhost:{served.port}/api/v1/chat/stream?token={served.key}"
    printed = await wscat("-c", url, "-x", FRAME, "-w", "5", shows='"type":"done"')
    assert '"type":"ack"' in printed
    assert '"content":"我是"' in printed
    assert '"type":"done"' in printed


@pytest.mark.slow
async def test_wscat_without_a_token_is_told_401(served: Served) -> None:
    url = f"ws://localhost:{served.port}/api/v1/chat/stream"
    assert "401" in await wscat("-c", url, shows="401")


@pytest.mark.browser
async def test_the_eight_lines_in_a_browser_show_the_answer(served: Served, chromium: str) -> None:
    served.script("年度", "报告", "：一切安好 😀")
    query = f"token={served.key}&format=text"
    client = CLIENT.replace("localhost:3001", f"localhost:{served.port}").replace(
        "/chat/stream", f"/chat/stream?{query}"
    )
    async with async_playwright() as play:
        browser = await play.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        page = await browser.new_page()
        shown: list[str] = []
        page.on("console", lambda message: shown.append(message.text))
        await page.goto(f"http://localhost:{served.port}/healthz")
        await page.evaluate("document.body.innerHTML = '<p id=response></p>'")
        # An expression whose value is a function is called: this one has none.
        await page.evaluate(client + "undefined;")
        response = page.locator("#response")
        await response.filter(has_text="一切安好 😀").wait_for(timeout=15_000)
        assert await response.text_content() == "年度报告：一切安好 😀"
        assert shown == ["已连接到AI引擎"]
        await browser.close()
    await eventually(lambda: not served.groundwire.hub.members)
