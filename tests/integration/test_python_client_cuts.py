"""Cut wherever one likes, what the Python client has folded is what the server has (G2)."""

import asyncio
import json
from collections.abc import AsyncGenerator

import msgspec
import pytest
import pytest_asyncio

from groundwire_client import Answer, Conversation, Reset, TransportName, connect
from tests.support.proxy import Proxy, event_of_stream, proxy, response, websocket_frame
from tests.support.server import Served

pytestmark = pytest.mark.asyncio(loop_scope="module")

DELTAS = ["The ", "grass ", "is ", "绿色的 ", "😀", "👩‍🔧", " and ", "so ", "on", "."]
PATIENCE_S = 60.0

KINDS: dict[TransportName, tuple[bytes, object]] = {
    "websocket": (b"Upgrade: websocket", websocket_frame),
    "sse": (b"/events", event_of_stream),
    "poll": (b"/poll", response),
}


@pytest_asyncio.fixture(loop_scope="module")
async def between(served: Served) -> AsyncGenerator[Proxy]:
    async with proxy(served.port) as between:
        yield between


async def read(answer: Answer) -> str:
    """Return what is on the screen of somebody who obeys each reset."""
    screen = ""
    async for piece in answer:
        screen = screen[: piece.to_offset] if isinstance(piece, Reset) else screen + piece
    return screen


async def assert_the_same(served: Served, conversation: Conversation) -> None:
    """Assert that the state is the server's snapshot, field by field, and its answers proved."""
    async with served.browse() as browser:
        snapshot = (await browser.get(f"/api/v1/conversations/{conversation.id}")).json()
    state = await conversation.loaded()
    shown = {
        "messages": state.messages,
        "turns": state.turns,
        "turn": state.turn,
        "approvals": state.approvals,
    }
    assert json.loads(msgspec.json.encode(shown)) == {name: snapshot[name] for name in shown}
    assert all(each.is_proved for each in state.messages if each.role == "assistant")


async def ask_through(served: Served, between: Proxy, transport: TransportName) -> None:
    served.script(*DELTAS)
    async with (
        asyncio.timeout(PATIENCE_S),
        connect(
            between.http, token=served.key, transports=(transport,), timeout_s=PATIENCE_S
        ) as groundwire,
    ):
        conversation = groundwire.conversation(served.new_session())
        answer = await conversation.ask("What colour is it?")
        assert await read(answer) == "".join(DELTAS)
        await assert_the_same(served, conversation)


async def test_cut_once_at_every_frame_the_state_is_the_servers(
    served: Served, between: Proxy
) -> None:
    for units in range(24):
        budgets = iter([units])
        between.cut_after = lambda budgets=budgets: next(budgets, None)
        await ask_through(served, between, "websocket")
    assert between.cut >= 20


@pytest.mark.parametrize("units", [4, 5, 7, 11])
async def test_cut_again_and_again_the_state_is_the_servers(
    served: Served, between: Proxy, units: int
) -> None:
    """Four frames: the answer to the handshake, ``welcome``, ``ready`` and one more."""
    between.cut_after = lambda: units

    await ask_through(served, between, "websocket")

    assert between.cut >= 2
