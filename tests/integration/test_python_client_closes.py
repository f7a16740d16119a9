"""What the Python client does when a connection ends: for good, or for a while."""

import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from groundwire_client import ConnectionStatus, Groundwire, TransportName, connect, errors
from tests.support.peer import Client, Peer, Script, peer, stay
from tests.support.socket import eventually

WEBSOCKET: tuple[TransportName, ...] = ("websocket",)


@pytest.fixture
async def server() -> AsyncGenerator[Peer]:
    async with peer() as served:
        yield served


def client(server: Peer, **options: Any) -> Groundwire:
    known: dict[str, Any] = {"token": "gw_k", "transports": WEBSOCKET, "timeout_s": 10}
    return connect(server.http, **(known | options))


def closing(code: int, /, **error: object) -> Script:
    """Welcome, serve an empty log, and close with ``code`` after an ``error``, if there is one."""

    async def script(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        told = {"message": "So it is.", "retryable": False, **error} if error else None
        await client.close(code, told)

    return script


FINAL = [
    (1002, errors.ProtocolViolation),
    (1003, errors.InvalidField),
    (1007, errors.BadJson),
    (1008, errors.InvalidField),
    (1009, errors.TooLarge),
    (4400, errors.BadJson),
    (4401, errors.Unauthorized),
    (4403, errors.Forbidden),
    (4406, errors.UnsupportedVersion),
    (4409, errors.Conflict),
]


@pytest.mark.parametrize(("code", "kind"), FINAL, ids=[str(code) for code, _ in FINAL])
async def test_a_final_close_ends_the_connection_and_all_that_waits(
    server: Peer, code: int, kind: type[errors.GroundwireError]
) -> None:
    server.answers["/api/v1/conversations/c"] = (200, EMPTY)
    server.play(closing(code))
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")

        with pytest.raises(kind) as caught:
            await conversation.ask("Why?")

        assert groundwire.connection.status == ConnectionStatus(
            "closed", "websocket", reason=caught.value
        )
        assert conversation.is_closed
        with pytest.raises(kind):
            await groundwire.conversation("d").loaded()
        assert len(server.clients) == 1


EMPTY: dict[str, Any] = {"type": "snapshot", "sessionId": "c", "cursor": "e:0", "messages": []}


@pytest.mark.parametrize(
    ("close", "status", "code", "kind"),
    [
        (4403, 403, "forbidden", errors.Forbidden),
        (4404, 404, "not_found", errors.Gone),
    ],
)
async def test_a_close_that_does_not_say_what_it_is_about_ends_what_may_not_be_read(
    server: Peer, close: int, status: int, code: str, kind: type[errors.GroundwireError]
) -> None:
    server.answers["/api/v1/conversations/c"] = (status, {"code": code, "title": "No."})
    server.answers["/api/v1/conversations/d"] = (200, EMPTY)
    attached: list[dict[str, Any]] = []

    async def again(client: Client) -> None:
        await client.welcome()
        attached.append(await client.serve_log("d"))
        await client.until_closed()

    server.play(closing(close), again)
    async with client(server) as groundwire:
        gone, other = groundwire.conversation("c"), groundwire.conversation("d")

        with pytest.raises(kind):
            _ = [state async for state in gone.changes()]

        await eventually(lambda: bool(attached))
        assert [frame["sessionId"] for frame in attached] == ["d"]
        assert not other.is_closed


async def test_where_it_cannot_be_asked_what_a_close_is_about_the_next_connection_tells(
    server: Peer,
) -> None:
    server.answers["/api/v1/conversations/c"] = (502, {})
    server.play(closing(4403), stay)
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")
        await eventually(lambda: len(server.clients) == 2)
        await conversation.loaded()


async def test_what_was_told_before_the_close_is_the_reason(server: Peer) -> None:
    server.play(closing(4409, code="conflict", message="Your phone has taken over."))
    async with client(server) as groundwire:
        with pytest.raises(errors.Conflict, match="Your phone has taken over"):
            await groundwire.conversation("c").ask("Why?")


async def test_what_was_told_counts_where_a_proxy_turns_the_code_into_another(
    server: Peer,
) -> None:
    async def dropped(client: Client) -> None:
        await client.welcome()
        await client.serve_log()
        await client.say("error", code="conflict", message="Taken over.", retryable=False)
        await client.hear("chat_message")
        client.socket.transport.abort()

    server.play(dropped)
    async with client(server) as groundwire:
        with pytest.raises(errors.Conflict):
            await groundwire.conversation("c").ask("Why?")


@pytest.mark.parametrize("code", [1000, 1001, 1011, 1012, 1013, 4404, 4408, 4429])
async def test_after_any_other_close_it_comes_back_with_its_cursor(server: Peer, code: int) -> None:
    server.answers["/api/v1/conversations/c"] = (200, EMPTY)
    attached: list[dict[str, Any]] = []

    async def again(client: Client) -> None:
        await client.welcome()
        attached.append(await client.serve_log())
        await client.until_closed()

    server.play(closing(code), again)
    async with client(server) as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: bool(attached))

        assert attached[0]["cursor"] == "e:0"
        await conversation.loaded()
        assert groundwire.connection.status.state == "live"


async def test_it_stays_away_as_long_as_it_is_told_to(server: Peer) -> None:
    times: list[float] = []

    async def drained(client: Client) -> None:
        await client.welcome()
        times.append(time.monotonic())
        await client.say("reconnect", delayMs=400, reason="restart")
        await client.close(1012)

    async def back(client: Client) -> None:
        times.append(time.monotonic())
        await stay(client)

    server.play(drained, back)
    async with client(server) as groundwire:
        await groundwire.conversation("c").loaded()

        drained_at, back_at = times
        assert back_at - drained_at >= 0.4


async def test_it_stays_away_as_long_as_an_error_says(server: Peer) -> None:
    server.play(closing(4429, code="connection_limit", retryable=True, retryAfterMs=60_000), stay)
    async with client(server, timeout_s=0.5) as groundwire:
        conversation = groundwire.conversation("c")

        with pytest.raises(errors.Unanswered) as caught:
            await conversation.ask("Why?")

        assert isinstance(caught.value.__cause__, errors.ConnectionLimit)
        assert len(server.clients) == 1
        groundwire.connection.retry_now()
        await conversation.loaded()
        assert len(server.clients) == 2


async def test_a_handshake_that_is_refused_says_how_long_to_wait(server: Peer) -> None:
    busy = {"code": "overloaded", "title": "No room.", "retryable": True, "retryAfterMs": 60_000}
    server.answers["/api/v1/chat/stream"] = (503, busy)
    async with client(server) as groundwire:
        groundwire.conversation("c")

        await eventually(lambda: groundwire.connection.status.retry_at is not None)

        assert isinstance(groundwire.connection.status.reason, errors.Overloaded)
        assert len(server.requests) == 1
