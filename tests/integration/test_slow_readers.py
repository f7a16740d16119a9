"""Who takes what it is sent too slowly harms nobody, itself least of all (G7)."""

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from groundwire.transport import wire
from groundwire.transport.client import Client
from tests.support.http import narrow_stream
from tests.support.server import Served, serve
from tests.support.socket import Folded, Talk, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUDGET = 32_768
NARROW = 4096
# Short pieces, and so many that they fit neither the budget nor what the kernel takes.
PIECES = [f"{n:04} 号 " + "·" * 600 for n in range(400)]
WHOLE = "".join(PIECES)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    """A server that waits for ever for a client that takes nothing."""
    data: Path = tmp_path_factory.mktemp("patient")
    async with serve(data, send_bytes=BUDGET, slow_reader_timeout=600) as served:
        yield served


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def strict(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Served]:
    data: Path = tmp_path_factory.mktemp("strict")
    async with serve(data, send_bytes=BUDGET, slow_reader_timeout=0.2) as served:
        yield served


async def only_member(served: Served) -> Client:
    hub = served.groundwire.hub
    await eventually(lambda: len(hub.members) == 1)
    (member,) = hub.members
    assert isinstance(member, Client)
    return member


async def stall(served: Served, client: Talk) -> Client:
    """Ask for a long answer and take nothing of it; return once it is written and waits."""
    ended = len(served.model.ended)
    served.script(*PIECES)
    member = await only_member(served)
    await client.ask(served.new_session())
    client.socket.transport.pause_reading()
    await served.model.until_ended(ended + 1)
    way = member.outlet.wire
    await eventually(lambda: not way.has_room or way.is_let_go)
    return member


async def fold_on(client: Talk, folded: Folded) -> Folded:
    while not folded.hashes:
        folded.fold(await client.receive())
    return folded


async def test_over_its_budget_a_client_waits_and_then_catches_up_in_few_events(
    patient: Served,
) -> None:
    async with patient.connect(receive_bytes=NARROW) as client:
        member = await stall(patient, client)
        largest = max(len(piece.encode()) for piece in PIECES) + 1000
        assert 0 < member.outlet.wire.backlog <= BUDGET + largest

        client.socket.transport.resume_reading()
        folded = Folded()
        for frame in client.frames:
            folded.fold(frame)
        await fold_on(client, folded)

    (answer,) = folded.hashes
    assert folded.texts[answer] == WHOLE
    assert folded.is_proved(answer)
    tokens = [frame for frame in client.frames if frame["type"] == "token"]
    assert len(tokens) < len(PIECES)
    assert max(len(token["content"]) for token in tokens) > len(PIECES[0])


async def test_caught_up_a_client_is_sent_each_event_again(patient: Served) -> None:
    async with patient.connect(receive_bytes=NARROW) as client:
        await stall(patient, client)
        client.socket.transport.resume_reading()
        session = (await client.next("done"))["sessionId"]
        patient.script("one ", "by ", "one")
        events = await client.answer(session)
    assert [event["content"] for event in events if event["type"] == "token"] == [
        "one ",
        "by ",
        "one",
    ]


async def test_who_takes_nothing_is_told_so_and_sent_away_and_can_go_on(
    strict: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with strict.connect(receive_bytes=NARROW) as client:
        await stall(strict, client)
        await eventually(lambda: not strict.groundwire.hub.members)
        client.socket.transport.resume_reading()
        assert await client.closed() == 1013
        error = client.frames[-1]
        assert (error["code"], error["retryable"]) == ("slow_reader", True)
    folded = Folded()
    for frame in client.frames:
        folded.fold(frame)
    session = next(frame["sessionId"] for frame in client.frames if frame["type"] == "ready")
    # A busy machine is slow as well, and this reader is to come to the end.
    hub = strict.groundwire.hub
    monkeypatch.setattr(hub, "limits", replace(hub.limits, slow_s=600))
    async with strict.connect(f"sessionId={session}&cursor={folded.cursor}") as client:
        assert (await client.next("ready"))["resumed"]
        await fold_on(client, folded)
    (answer,) = folded.hashes
    assert folded.texts[answer] == WHOLE
    assert folded.is_proved(answer)


async def test_who_takes_nothing_even_then_is_cut(
    strict: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "CLOSE_GRACE_S", 0.1)
    async with strict.connect(receive_bytes=NARROW) as client:
        member = await stall(strict, client)
        await eventually(lambda: member.outlet.wire.is_lost)
        client.socket.transport.resume_reading()
        assert await client.closed() == 1006
        assert client.frames[-1]["type"] == "token"


async def test_a_slow_client_is_told_in_the_end_who_is_there_and_not_each_coming_and_going(
    patient: Served,
) -> None:
    async with patient.connect(receive_bytes=NARROW) as client:
        await stall(patient, client)
        session = next(frame for frame in client.frames if frame["type"] == "ack")["sessionId"]
        async with patient.connect() as other, patient.browse() as browser:
            head = (await browser.get(f"/api/v1/conversations/{session}/poll")).json()["cursor"]
            own = (await other.next("welcome"))["connectionId"]
            for _ in range(20):
                await other.say("attach", sessionId=session, cursor=head)
                await other.say("typing", sessionId=session)
                await other.say("detach", sessionId=session, id="out")
                await other.until(lambda frame: frame.get("ref") == "out")
        client.socket.transport.resume_reading()
        await client.next("done")
        heard = [frame for frame in client.frames if frame.get("connectionId") == own]
    assert [(frame["type"], frame.get("state")) for frame in heard] == [("presence", "offline")]


@pytest.mark.parametrize("path", ["cursor=0", ""])
async def test_a_stream_is_held_back_and_catches_up_like_a_socket(
    patient: Served, path: str
) -> None:
    """By the whole log, or by a snapshot and what is asked next."""
    async with patient.connect() as client:
        await client.ask(session := patient.new_session())
        await client.next("done")
        at = f"{patient.http}/api/v1/conversations/{session}/events?{path}"
        async with narrow_stream(at, patient.headers(), NARROW) as reader:
            await reader.next("ready")
            patient.script(*PIECES)
            ack = await client.ask(session)
            await client.turn(ack["turnId"])
            member = next(
                member
                for member in patient.groundwire.hub.members
                if isinstance(member, Client) and not member.outlet.wire.has_room
            )
            assert member.outlet.wire.backlog > 0
            folded = Folded()
            for frame in reader.frames:
                folded.fold(frame)
            while ack["turnId"] not in {
                frame["turnId"] for frame in reader.frames if frame["type"] == "done"
            }:
                folded.fold(await reader.receive())
    answer = next(reversed(folded.hashes))
    assert folded.texts[answer] == WHOLE
    assert folded.is_proved(answer)
    tokens = [frame for frame in reader.frames if frame["type"] == "token"]
    assert len(tokens) < len(PIECES)


async def test_a_stream_that_takes_nothing_is_told_so_and_ended(strict: Served) -> None:
    hub, session = strict.groundwire.hub, strict.new_session()
    await eventually(lambda: not hub.members)
    async with strict.browse() as browser:
        commands = f"/api/v1/conversations/{session}/commands"
        strict.script(*PIECES)
        await browser.post(commands, json={"type": "chat_message", "content": "hi"})
        at = f"{strict.http}/api/v1/conversations/{session}/events?cursor=0"
        async with narrow_stream(at, strict.headers(), NARROW) as reader:
            await reader.next("ready")
            await eventually(lambda: not hub.members)
            error = await reader.end()
    assert (error["type"], error["code"], reader.ids[-1]) == ("error", "slow_reader", None)
