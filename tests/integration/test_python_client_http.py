"""What the Python client makes of streams, polls and posts that do not go as they should."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from groundwire_client import Groundwire, TransportName, connect, errors
from tests.support.application import serving
from tests.support.socket import eventually

Handler = Callable[[Request, int], Response]
Json = dict[str, Any]


class Peer:
    """Answers each kind of request with the next of what a test gave; the last goes on."""

    def __init__(self) -> None:
        self.url = ""
        self.events: list[Handler] = [quiet]
        self.polls: list[Handler] = [nothing_new]
        self.posts: list[Handler] = [acknowledged]
        self.lists: list[Handler] = [listed()]
        self.seen: dict[str, list[Request]] = {
            "events": [], "poll": [], "commands": [], "documents": [],
        }  # fmt: skip
        self.posted: list[Json] = []

    def application(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/api/v1/me", self.me),
                Route("/api/v1/conversations/{id}/events", self.stream),
                Route("/api/v1/conversations/{id}/poll", self.poll),
                Route("/api/v1/conversations/{id}/commands", self.command, methods=["POST"]),
                Route("/api/v1/conversations/{id}/messages", self.messages),
                Route("/api/v1/workspaces/{id}/events", self.stream),
                Route("/api/v1/workspaces/{id}/documents", self.documents),
            ]
        )

    async def me(self, _: Request) -> Response:
        return JSONResponse({"principal": {"id": "p", "name": "p", "role": "owner"}})

    async def stream(self, request: Request) -> Response:
        return self._next("events", self.events, request)

    async def poll(self, request: Request) -> Response:
        return self._next("poll", self.polls, request)

    async def command(self, request: Request) -> Response:
        self.posted.append(json.loads(await request.body()))
        return self._next("commands", self.posts, request)

    async def messages(self, request: Request) -> Response:
        """Serve pages of a conversation whose messages are called by their numbers."""
        before, limit = int(request.query_params["before"]), int(request.query_params["limit"])
        first = max(1, before - limit)
        page = [message(n) for n in range(first, before)]
        return JSONResponse({"messages": page, "hasMore": first > 1})

    async def documents(self, request: Request) -> Response:
        return self._next("documents", self.lists, request)

    def cursors(self) -> list[str | None]:
        """Return where each stream was to go on from."""
        return [request.headers.get("last-event-id") for request in self.seen["events"]]

    def _next(self, kind: str, handlers: list[Handler], request: Request) -> Response:
        self.seen[kind].append(request)
        handler = handlers.pop(0) if len(handlers) > 1 else handlers[0]
        return handler(request, len(self.seen[kind]))


def event(type: str, **fields: object) -> bytes:
    return b"data: " + json.dumps({"type": type, "ts": "t", **fields}).encode() + b"\n\n"


def ready(head: int = 0, *, resumed: bool = False) -> bytes:
    return event("ready", sessionId="c", epoch="e", head=head, resumed=resumed)


def snapshot(seq: int = 0) -> Json:
    return {"type": "snapshot", "sessionId": "c", "cursor": f"e:{seq}", "messages": []}


def message(n: int) -> Json:
    known = {"messageId": str(n), "turnId": f"t{n}", "role": "user", "content": f"question {n}"}
    return {**known, "status": "complete", "createdAt": "t"}


def listed(*titles: str) -> Handler:
    documents = [{"id": title, "title": title, "status": "ready"} for title in titles]
    return always(lambda: JSONResponse({"documents": documents}))


BEGINNING = [ready(), event(**snapshot())]


def always(make: Callable[[], Response]) -> Handler:
    def handler(_request: Request, _count: int) -> Response:
        return make()

    return handler


def streaming(*chunks: bytes, stays: bool = False) -> Handler:
    async def body() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk
        if stays:
            await asyncio.Event().wait()

    return always(lambda: StreamingResponse(body(), media_type="text/event-stream"))


def quiet(request: Request, _: int) -> Response:
    chunks = [ready(resumed=True)] if "last-event-id" in request.headers else BEGINNING
    return streaming(*chunks, stays=True)(request, 0)


def page(*seqs: int, head: int = 0, more: bool = False) -> Handler:
    events = [{"type": "aurora", "seq": seq, "ts": "t"} for seq in seqs]
    cursor = f"e:{seqs[-1] if seqs else head}"
    body = {"events": events, "cursor": cursor, "head": head, "hasMore": more}
    return always(lambda: JSONResponse(body))


def first_page(*_: object) -> Response:
    return JSONResponse(
        {"events": [], "cursor": "e:0", "head": 0, "hasMore": False, "snapshot": snapshot()}
    )


def nothing_new(request: Request, _: int) -> Response:
    if "cursor" not in request.query_params:
        return first_page()
    return JSONResponse(
        {"events": [], "cursor": request.query_params["cursor"], "head": 0, "hasMore": False}
    )


def acknowledged(_: Request, count: int) -> Response:
    return JSONResponse({"type": "ack", "ts": "t", "turnId": f"t{count}", "messageSeq": 99})


def refused(status: int, code: str | None = None, **fields: object) -> Handler:
    body: Json = {} if code is None else {"code": code, "title": "So it is.", **fields}
    return always(lambda: JSONResponse(body, status))


@pytest.fixture
async def server() -> AsyncGenerator[Peer]:
    peer = Peer()
    async with serving(peer.application()) as peer.url:
        yield peer


def client(server: Peer, *transports: TransportName, **options: Any) -> Groundwire:
    known: dict[str, Any] = {"token": "gw_k", "timeout_s": 10}
    return connect(server.url, transports=transports, **(known | options))


async def test_a_stream_that_is_cut_is_gone_on_with(server: Peer) -> None:
    text = event("aurora", seq=1, sessionId="c", note="one\u2028line\x85only")
    server.events = [streaming(*BEGINNING, text, b'data: {"type": "aur'), quiet]
    async with client(server, "sse") as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: len(server.cursors()) == 2)

        assert server.cursors() == [None, "e:1"]
        await conversation.loaded()


async def test_a_stream_that_says_to_come_back_later_is_obeyed(server: Peer) -> None:
    server.events = [
        streaming(*BEGINNING, event("reconnect", delayMs=60_000, reason="restart")),
        quiet,
    ]
    async with client(server, "sse") as groundwire:
        conversation = groundwire.conversation("c")
        await eventually(lambda: groundwire.connection.status.retry_at is not None)
        assert len(server.seen["events"]) == 1

        groundwire.connection.retry_now()

        await eventually(lambda: server.cursors() == [None, "e:0"])
        await conversation.loaded()


@pytest.mark.parametrize(("code", "kind"), [("gone", errors.Gone), ("forbidden", errors.Forbidden)])
async def test_a_stream_that_says_that_its_log_may_not_be_read_ends_that_one_only(
    server: Peer, code: str, kind: type[errors.GroundwireError]
) -> None:
    told = event("error", code=code, message="So it is.", retryable=False)
    server.events = [streaming(*BEGINNING, told), quiet]
    async with client(server, "sse") as groundwire:
        with pytest.raises(kind):
            _ = [state async for state in groundwire.conversation("c").changes()]
        await groundwire.conversation("d").loaded()
        assert groundwire.connection.status.state == "live"


async def test_a_stream_that_was_read_too_slowly_is_gone_on_with(server: Peer) -> None:
    told = event("error", code="slow_reader", message="Too slow.", retryable=True)
    server.events = [streaming(*BEGINNING, told), quiet]
    async with client(server, "sse") as groundwire:
        conversation = groundwire.conversation("c")
        await eventually(lambda: server.cursors() == [None, "e:0"])
        await conversation.loaded()


@pytest.mark.parametrize(
    "stream",
    [
        streaming(stays=True),
        streaming(),
        streaming(b": held back\n\n", stays=True),
        refused(502),
        always(lambda: JSONResponse({"no": "stream"})),
    ],
    ids=["nothing", "an end", "no event", "a gateway", "something else"],
)
async def test_where_streams_do_not_come_through_there_are_polls(
    server: Peer, monkeypatch: pytest.MonkeyPatch, stream: Handler
) -> None:
    monkeypatch.setattr("groundwire_client._sse.OPEN_S", 0.1)
    server.events = [stream]
    async with client(server, "sse", "poll") as groundwire:
        await groundwire.conversation("c").loaded()

        assert groundwire.connection.status.transport == "poll"
        assert len(server.seen["events"]) == 2


async def test_a_stream_is_not_climbed_to_while_it_is_held_back(
    server: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("groundwire_client._sse.OPEN_S", 0.02)
    server.events = [streaming(stays=True)]
    async with client(server, "sse", "poll", better_after_s=0.01) as groundwire:
        await groundwire.conversation("c").loaded()
        await eventually(lambda: len(server.seen["events"]) > 4)
        assert groundwire.connection.status.transport == "poll"

        server.events = [quiet]

        await eventually(lambda: groundwire.connection.status.transport == "sse")


async def test_what_a_gateway_swallowed_is_posted_again(server: Peer) -> None:
    server.posts = [refused(502), acknowledged]
    async with client(server, "poll") as groundwire:
        conversation = groundwire.conversation("c")

        answer = await conversation.ask("Why?")

        assert answer.turn_id == "t2"
        ids = [command["clientMessageId"] for command in server.posted]
        assert ids == [answer.client_message_id] * 2


async def test_what_the_server_refuses_is_not_posted_again(server: Peer) -> None:
    server.posts = [refused(503, "overloaded", retryable=True), acknowledged]
    async with client(server, "poll") as groundwire:
        with pytest.raises(errors.Overloaded):
            await groundwire.conversation("c").ask("Why?")
        assert len(server.posted) == 1


async def test_what_came_too_soon_is_posted_again_when_it_may_be(server: Peer) -> None:
    server.posts = [
        refused(429, "rate_limited", retryable=True, retryAfterMs=30),
        acknowledged,
    ]
    async with client(server, "poll") as groundwire:
        assert (await groundwire.conversation("c").ask("Why?")).turn_id == "t2"


async def test_commands_arrive_in_the_order_in_which_they_were_given(server: Peer) -> None:
    async with client(server, "poll") as groundwire:
        conversation = groundwire.conversation("c")

        await asyncio.gather(*(conversation.ask(f"question {n}") for n in range(20)))

        assert [command["content"] for command in server.posted] == [
            f"question {n}" for n in range(20)
        ]


async def test_a_cursor_that_cannot_be_served_begins_anew(server: Peer) -> None:
    server.polls = [
        first_page,
        refused(410, "unrecoverable_cursor", reason="epoch_changed"),
        first_page,
        page(1, head=1),
        nothing_new,
    ]
    async with client(server, "poll") as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: conversation.cursor == "e:1")

        cursors = [request.query_params.get("cursor") for request in server.seen["poll"]]
        assert cursors[:4] == [None, "e:0", None, "e:0"]


async def test_where_there_is_more_it_asks_at_once_and_else_it_waits(server: Peer) -> None:
    server.polls = [first_page, page(1, head=3, more=True), page(2, 3, head=3), nothing_new]
    async with client(server, "poll") as groundwire:
        conversation = groundwire.conversation("c")

        await eventually(lambda: conversation.cursor == "e:3")
        await eventually(lambda: len(server.seen["poll"]) > 3)

        waits = [float(request.query_params["wait"]) for request in server.seen["poll"]]
        assert waits[:4] == [0.0, 0.0, 0.0, 25.0]


async def test_what_is_no_answer_to_a_poll_ends_it_with_a_sentence(server: Peer) -> None:
    server.polls = [always(lambda: Response("<html>", media_type="text/html"))]
    async with client(server, "poll") as groundwire:
        with pytest.raises(errors.ProtocolViolation, match="no answer to a poll"):
            await groundwire.conversation("c").loaded()


async def test_older_messages_are_put_in_front_until_there_are_none(server: Peer) -> None:
    newest: Json = {**snapshot(9), "messages": [message(7), message(8)], "hasMore": True}
    server.events = [streaming(ready(9), event(**newest), stays=True)]
    async with client(server, "sse") as groundwire:
        conversation = groundwire.conversation("c")

        page = await conversation.older(limit=4)

        assert [each.message_id for each in page] == ["3", "4", "5", "6"]
        assert conversation.state.has_more
        await conversation.older(limit=4)
        assert [each.message_id for each in conversation.messages] == [str(n) for n in range(1, 9)]
        assert not conversation.state.has_more


async def test_documents_are_listed_again_until_that_succeeds(server: Peer) -> None:
    server.lists = [refused(503, "overloaded", retryable=True), listed("guide.pdf")]
    server.events = [streaming(event("ready", workspaceId="w", epoch="e", head=3), stays=True)]
    async with client(server, "sse") as groundwire:
        (document,) = await groundwire.workspace("w").loaded()

        assert (document.title, len(server.seen["documents"])) == ("guide.pdf", 2)


async def test_documents_that_may_not_be_listed_end_the_following(server: Peer) -> None:
    server.lists = [refused(403, "forbidden", retryable=False)]
    server.events = [streaming(event("ready", workspaceId="w", epoch="e", head=3), stays=True)]
    async with client(server, "sse") as groundwire:
        workspace = groundwire.workspace("w")
        with pytest.raises(errors.Forbidden):
            await workspace.loaded()
        with pytest.raises(errors.Forbidden):
            _ = [documents async for documents in workspace.changes()]
        assert workspace.is_closed


async def test_what_happens_while_documents_are_listed_is_not_lost(server: Peer) -> None:
    """A list that is older than the event that came meanwhile, as far as the client can know."""
    removed = {"documentId": "old.pdf", "title": "old.pdf", "workspaceId": "w", "seq": 4}
    slow = event("document.removed", **removed)
    server.lists = [listed("old.pdf", "guide.pdf")]
    server.events = [
        streaming(event("ready", workspaceId="w", epoch="e", head=3), slow, stays=True)
    ]
    async with client(server, "sse") as groundwire:
        documents = await groundwire.workspace("w").loaded()
        async for documents in groundwire.workspace("w").changes():
            if len(documents) == 1:
                break

        assert [document.title for document in documents] == ["guide.pdf"]
