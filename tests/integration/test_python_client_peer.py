"""What the Python client makes of what a server says, does not say, and closes with."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from groundwire_client import Groundwire, TransportName, connect, errors
from tests.support.peer import Client, Peer, peer, stay
from tests.support.socket import eventually

WEBSOCKET: tuple[TransportName, ...] = ("websocket",)


@pytest.fixture
async def server() -> AsyncGenerator[Peer]:
    async with peer() as served:
        yield served


def client(server: Peer, **options: Any) -> Groundwire:
    known: dict[str, Any] = {"token": "gw_k", "transports": WEBSOCKET, "timeout_s": 10}
    return connect(server.http, **(known | options))


async def test_a_question_is_sent_again_until_it_is_acknowledged(server: Peer) -> None:
    asked: list[dict[str, Any]] = []

    async def deaf(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        asked.append(await client.hear("chat_message"))
        client.socket.transport.abort()

    async def kind(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        asked.append(frame := await client.hear("chat_message"))
        await client.say("ack", ref=frame["id"], sessionId="c", turnId="t1", messageSeq=1)
        await client.until_closed()

    server.play(deaf, deaf, kind)
    async with client(server) as groundwire:
        answer = await groundwire.conversation("c").ask("Why?")

        assert answer.turn_id == "t1"
        assert len(asked) == 3
        assert [frame["clientMessageId"] for frame in asked] == [answer.client_message_id] * 3


async def test_a_command_that_came_too_soon_is_sent_again_when_it_may_be(server: Peer) -> None:
    async def strict(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        first = await client.hear("chat_message")
        slow = {"code": "rate_limited", "message": "Slow.", "retryable": True, "retryAfterMs": 50}
        await client.say("error", ref=first["id"], **slow)
        second = await client.hear("chat_message")
        assert second["clientMessageId"] == first["clientMessageId"]
        await client.say("ack", ref=second["id"], sessionId="c", turnId="t1", messageSeq=1)
        await client.until_closed()

    server.play(strict)
    async with client(server) as groundwire:
        assert (await groundwire.conversation("c").ask("Why?")).turn_id == "t1"


@pytest.mark.parametrize("missing", ["a middle", "a tail"])
async def test_what_was_lost_on_the_way_is_asked_for_again(server: Peer, missing: str) -> None:
    async def lossy(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        await client.say("aurora", sessionId="c", seq=1)
        if missing == "a tail":
            await client.say("ping", head={"c": 3})
        else:
            await client.say("aurora", sessionId="c", seq=3)
        attach = await client.serve_log(head=3)
        assert attach["cursor"] == "e:1"
        for seq in (1, 2, 3):
            await client.say("aurora", sessionId="c", seq=seq)
        await client.until_closed()

    server.play(lossy)
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: conversation.cursor == "e:3")

        assert conversation.is_current
        assert len(server.clients) == 1


async def test_the_head_of_one_log_says_nothing_about_another(server: Peer) -> None:
    async def honest(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        await client.say("ping", head={"d": 7, "c": 0})
        await client.say("aurora", sessionId="c", seq=1)
        await client.until_closed()

    server.play(honest)
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: conversation.cursor == "e:1")


async def test_a_server_that_falls_silent_is_left(server: Peer) -> None:
    async def silent(client: Client) -> None:
        await client.welcome(heartbeatMs=60)
        await client.serve_log()
        await client.until_closed()

    server.play(silent, stay)
    async with client(server) as groundwire:
        groundwire.conversation("c")

        await eventually(lambda: len(server.clients) == 2)


async def test_a_server_that_never_says_a_word_is_left(
    server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwire_client._websocket.OPEN_S", 0.05)
    server.play(Client.until_closed, stay)
    async with client(server) as groundwire:
        await groundwire.conversation("c").loaded()

        assert len(server.clients) == 2


async def test_what_is_not_the_protocol_ends_it_with_a_sentence(server: Peer) -> None:
    async def strange(client: Client) -> None:
        await client.welcome()
        await client.socket.send("<html>")
        await client.until_closed()

    server.play(strange)
    async with client(server) as groundwire:
        with pytest.raises(errors.ProtocolViolation, match="cannot read"):
            await groundwire.conversation("c").ask("Why?")


async def test_a_fault_of_the_library_itself_is_no_hang(
    server: Peer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("not meant to happen")

    monkeypatch.setattr("groundwire_client._websocket.WebSocketTransport._ready", broken)
    server.play(stay)
    async with client(server) as groundwire:
        with pytest.raises(errors.Internal):
            await groundwire.conversation("c").ask("Why?")

        assert "not meant to happen" in caplog.text


def at_once(_attempt: int) -> float:
    return 0.0


async def test_after_some_failures_it_says_that_it_is_offline(
    server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwire_client._connection.backoff_s", at_once)
    server.answers["/api/v1/chat/stream"] = (502, {})
    seen: list[str] = []
    async with client(server) as groundwire:
        groundwire.conversation("c")
        async for status in groundwire.connection.changes():
            if status.state not in seen:
                seen.append(status.state)
            if status.state == "offline":
                server.answers.clear()
                server.play(stay)
            if status.state == "live":
                break

    assert seen == ["connecting", "offline", "live"]


async def test_presence_typing_and_read_marks_are_told_and_heard(server: Peer) -> None:
    said: list[tuple[str, Any]] = []
    other = {"sessionId": "c", "connectionId": "n2", "principal": "p2"}

    async def social(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        await client.say("presence", **other, state="online")
        await client.say("typing", **other)
        await client.say("read", **other, upTo=7)
        for _ in range(3):
            frame = await client.hear("presence", "typing", "read")
            said.append((frame["type"], frame.get("state", frame.get("seq"))))
        client.socket.transport.abort()

    async def again(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        said.append(((await client.hear("presence"))["state"], None))
        await client.say("presence", **other, state="offline")
        await client.until_closed()

    server.play(social, again)
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")
        notices = conversation.notices()
        assert [type(await anext(notices)).__name__ for _ in range(3)] == [
            "Presence", "Typing", "Read",
        ]  # fmt: skip
        assert conversation.present["n2"].state == "online"

        conversation.presence("away")
        conversation.typing()
        conversation.read()

        # What is said of the moment is said again after a cut only where it still holds.
        await eventually(lambda: said[3:] == [("away", None)])
        assert said[:3] == [("presence", "away"), ("typing", None), ("read", 0)]
        await eventually(lambda: not conversation.present)


async def test_to_close_does_not_wait_for_a_server_that_does_not_answer(server: Peer) -> None:
    began = asyncio.Event()

    async def deaf(client: Client) -> None:
        await client.welcome()
        began.set()
        client.socket.transport.pause_reading()
        await client.socket.wait_closed()

    server.play(deaf)
    groundwire = client(server)
    groundwire.conversation("c")
    await began.wait()

    async with asyncio.timeout(8):
        await groundwire.aclose()

    assert groundwire.connection.status.state == "closed"
