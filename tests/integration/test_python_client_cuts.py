"""Cut wherever one likes, what the Python client has folded is what the server has (G2)."""

import asyncio
import json
from collections.abc import AsyncGenerator
from itertools import accumulate, chain

import msgspec
import pytest
import pytest_asyncio

from groundwire.adapters.models.scripted import WaitFor
from groundwire_client import Answer, Conversation, Reset, TransportName, connect
from tests.support.proxy import Part, Proxy, chunk_of_stream, proxy, response, websocket_frame
from tests.support.server import Served

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]

DELTAS = ["The ", "grass ", "is ", "绿色的 ", "😀", "👩‍🔧", " and ", "so ", "on", "."]
PATIENCE_S = 60.0

KINDS: dict[TransportName, tuple[bytes, Part]] = {
    "websocket": (b"Upgrade: websocket", websocket_frame),
    "sse": (b"/events?", chunk_of_stream),
    "poll": (b"/poll?", response),
}
LEAST_CUTS: dict[TransportName, int] = {"websocket": 17, "sse": 8, "poll": 3}


@pytest_asyncio.fixture(loop_scope="module")
async def between(served: Served) -> AsyncGenerator[Proxy]:
    async with proxy(served.port) as between:
        yield between


async def read(answer: Answer, gates: list[asyncio.Event]) -> str:
    """Return what is on the screen of somebody who obeys each reset.

    Each delta waits for the one before it to be read, so that every one is an event by itself.
    """
    screen = ""
    gates[0].set()
    async for piece in answer:
        screen = screen[: piece.to_offset] if isinstance(piece, Reset) else screen + piece
        for gate, before in zip(gates[1:], accumulate(map(len, DELTAS)), strict=False):
            if before <= len(screen):
                gate.set()
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
    gates = [asyncio.Event() for _ in DELTAS]
    served.script(*chain.from_iterable(zip(map(WaitFor, gates), DELTAS, strict=True)))
    async with (
        asyncio.timeout(PATIENCE_S),
        connect(
            between.http, token=served.key, transports=(transport,), timeout_s=PATIENCE_S
        ) as groundwire,
    ):
        conversation = await groundwire.create_conversation()
        answer = await conversation.ask("What colour is it?")
        assert await read(answer, gates) == "".join(DELTAS)
        await assert_the_same(served, conversation)


@pytest.mark.parametrize("transport", KINDS)
async def test_cut_once_at_every_frame_the_state_is_the_servers(
    served: Served, between: Proxy, transport: TransportName
) -> None:
    between.cuts, between.part = KINDS[transport]
    cut = 0
    for units in range(24):
        budgets = iter([units])
        between.cut_after = lambda budgets=budgets: next(budgets, None)
        await ask_through(served, between, transport)
        if between.cut == cut:
            # Nothing was cut any more: that many units are the whole of it.
            break
        cut = between.cut
    assert cut >= LEAST_CUTS[transport]


@pytest.mark.parametrize(
    ("transport", "units"),
    [
        *(("websocket", units) for units in (4, 5, 7, 11)),
        *(("sse", units) for units in (4, 5, 7)),
        *(("poll", units) for units in (1, 2, 3)),
    ],
)
async def test_cut_again_and_again_the_state_is_the_servers(
    served: Served, between: Proxy, transport: TransportName, units: int
) -> None:
    """Four units of a socket are the answer to the handshake, ``welcome``, ``ready`` and one
    more; those of a stream begin with the head of the response and ``retry``.
    """
    between.cuts, between.part = KINDS[transport]
    between.cut_after = lambda: units

    await ask_through(served, between, transport)

    assert between.cut >= 2
