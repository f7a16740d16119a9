"""The brief's own artefacts, changed in nothing but their URL. `test_recipes` runs the client."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.support.blocks import ROOT, Reader, require_wscat
from tests.support.server import Served, serve

FRAME = (
    '{ "type": "chat_message", "content": "你好，请介绍一下你自己", '
    '"sessionId": "test_123", "model": "llama3" }'
)
RECIPES = ROOT / "docs" / "howto" / "talk-from-anywhere.md"

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
def reader(tmp_path: Path) -> Reader:
    require_wscat()
    return Reader(tmp_path)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncGenerator[Served]:
    async with serve(tmp_path / ".groundwire", model_aliases={"llama3": "scripted"}) as served:
        yield served


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/api/v1/chat/stream", "/ws/chat", "/ws/conversation", "/socket"])
async def test_wscat_talks_to_us_with_the_frame_of_the_brief(
    reader: Reader, served: Served, path: str
) -> None:
    served.script("我是", " Groundwire")
    url = f"ws://localhost:{served.port}{path}?token={served.key}"
    printed = await reader.talk("sh", f"npx wscat -c '{url}'", [FRAME])
    assert '"type":"ack"' in printed
    assert '"content":"我是"' in printed


@pytest.mark.slow
async def test_wscat_without_a_token_is_told_401(reader: Reader, served: Served) -> None:
    url = f"ws://localhost:{served.port}/api/v1/chat/stream"
    await reader.talk("sh", f"npx wscat -c {url} || echo refused", [], shows="401")


def test_the_recipes_have_the_client_of_the_brief() -> None:
    address = "localhost:3001/api/v1/chat/stream"
    client = CLIENT.replace(address, f"{address}?token=gw_…&format=text")
    assert client in RECIPES.read_text("utf-8")
