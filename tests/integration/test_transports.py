"""Three transports, one log: what is on the screen does not depend on how it came (G1, G2)."""

import asyncio
from contextlib import AsyncExitStack

import httpx
import pytest

from groundwire.adapters.models.scripted import Step, WaitFor
from tests.support.http import Poll, stream
from tests.support.server import Served
from tests.support.socket import Folded, Frame, Frames

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIECES = ["Ground ", "线 ", "is 🔌", "👩‍🔧 ", "grün.", " End"]


def at(session: str, what: str) -> str:
    return f"/api/v1/conversations/{session}/{what}"


async def begin(browser: httpx.AsyncClient) -> str:
    made = await browser.post("/api/v1/conversations", json={})
    return made.json()["id"]


async def ask(browser: httpx.AsyncClient, session: str) -> Frame:
    body = {"type": "chat_message", "content": "hi"}
    return (await browser.post(at(session, "commands"), json=body)).json()


def gated() -> tuple[list[Step], list[asyncio.Event]]:
    """Return an answer that waits behind each of its pieces."""
    gates = [asyncio.Event() for _ in PIECES]
    steps: list[Step] = []
    for piece, gate in zip(PIECES, gates, strict=True):
        steps += [piece, WaitFor(gate)]
    return steps, gates


async def test_all_three_at_once_are_told_the_same_and_the_socket_is_asked_by_post(
    served: Served,
) -> None:
    steps, gates = gated()
    served.script(*steps)
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(served.browse())
        session = await begin(browser)
        socket = await stack.enter_async_context(served.connect(f"sessionId={session}&cursor=0"))
        path = at(session, "events?cursor=0")
        events = await stack.enter_async_context(stream(browser, path))
        poll = Poll(browser, at(session, "poll"), "0")
        readers: list[Frames] = [socket, events, poll]
        ack = await ask(browser, session)
        for piece, gate in zip(PIECES, gates, strict=True):
            for reader in readers:
                await reader.until(lambda frame, piece=piece: frame.get("content") == piece)
            gate.set()
        turns = [await reader.next("done") for reader in readers]

    assert [turn["turnId"] for turn in turns] == [ack["turnId"]] * 3
    assert socket.events == events.events == poll.events
    assert [event["seq"] for event in socket.events] == list(range(1, len(socket.events) + 1))
    for reader in readers:
        folded = Folded()
        for event in reader.events:
            folded.fold(event)
        (answer,) = folded.hashes
        assert folded.texts[answer] == "".join(PIECES)
        assert folded.is_proved(answer)


@pytest.mark.parametrize("first", range(3))
async def test_changed_over_in_the_middle_of_an_answer_the_text_is_the_same(
    served: Served, first: int
) -> None:
    """From one transport to the next at each piece, with nothing kept but the cursor."""
    steps, gates = gated()
    served.script(*steps)
    folded = Folded()
    async with served.browse() as browser:
        session = await begin(browser)
        await ask(browser, session)
        for n, (piece, gate) in enumerate(zip(PIECES, gates, strict=True), first):
            async with AsyncExitStack() as stack:
                reader = await open_reader(stack, served, browser, session, folded, n % 3)
                while not "".join(folded.texts.values()).endswith(piece):
                    folded.fold(await reader.receive())
            gate.set()
        async with AsyncExitStack() as stack:
            reader = await open_reader(stack, served, browser, session, folded, first)
            while not folded.hashes:
                folded.fold(await reader.receive())
    (answer,) = folded.hashes
    assert folded.texts[answer] == "".join(PIECES)
    assert folded.is_proved(answer)


async def open_reader(
    stack: AsyncExitStack,
    served: Served,
    browser: httpx.AsyncClient,
    session: str,
    folded: Folded,
    way: int,
) -> Frames:
    """Go on from where the screen is, by socket, stream or poll."""
    cursor = folded.cursor if folded.epoch else "0"
    if way == 0:
        opening = served.connect(f"sessionId={session}&cursor={cursor}")
        return await stack.enter_async_context(opening)
    if way == 1:
        path = at(session, f"events?cursor={cursor}")
        return await stack.enter_async_context(stream(browser, path))
    poll = Poll(browser, at(session, "poll"), cursor)
    if not folded.epoch:
        # A poll has no `ready`: the epoch is in the cursor that it answers with.
        folded.epoch = (await Poll(browser, at(session, "poll"), "0").ask())["cursor"].split(":")[0]
    return poll


async def test_a_snapshot_by_one_transport_goes_on_by_another(served: Served) -> None:
    go_on = asyncio.Event()
    served.script("half ", WaitFor(go_on), "whole")
    async with served.browse() as browser:
        session = await begin(browser)
        await ask(browser, session)
        async with stream(browser, at(session, "events?cursor=0")) as reader:
            await reader.next("token")
        snapshot = (await Poll(browser, at(session, "poll"), "").ask())["snapshot"]
        folded = Folded().fold(snapshot)
        assert list(folded.texts.values()) == ["half "]
        folded.epoch = str(snapshot["cursor"]).split(":")[0]
        go_on.set()
        async with stream(browser, at(session, f"events?cursor={folded.cursor}")) as reader:
            while not folded.hashes:
                folded.fold(await reader.receive())
    (answer,) = folded.hashes
    assert folded.texts[answer] == "half whole"
    assert folded.is_proved(answer)
