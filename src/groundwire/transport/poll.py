"""Long-poll: a log for whoever can only ask what comes next."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive

from groundwire.app import Assistant
from groundwire.archive import Attached
from groundwire.conversation.coalesce import coalesce
from groundwire.conversation.follow import follow
from groundwire.model.access import Identity
from groundwire.model.cursor import Cursor
from groundwire.model.errors import Gone, InvalidField, NotFound, UnrecoverableCursor
from groundwire.model.events import Recorded
from groundwire.model.ids import WorkspaceId
from groundwire.transport.bodies import Body, answer
from groundwire.transport.commands import snapshot
from groundwire.transport.connection import Connection
from groundwire.transport.frames import Snapshot
from groundwire.transport.hangup import until_hung_up, until_one_of
from groundwire.transport.hub import Hub
from groundwire.transport.identity import Doorkeeper
from groundwire.transport.pages import fitting
from groundwire.transport.waiting import Waiting

WAIT_S = 25.0
MAX_WAIT_S = 60.0
LIMIT = 500
MAX_LIMIT = 1_000


class Page(Body):
    """What follows a cursor; ``cursor`` is where to go on from, ``head`` the end of the log."""

    events: list[msgspec.Raw]
    cursor: str
    head: int
    has_more: bool
    snapshot: Snapshot | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class Polls:
    """The logs of conversations and workspaces, page by page."""

    assistant: Assistant
    doorkeeper: Doorkeeper
    hub: Hub

    def routes(self) -> list[Route]:
        return [
            Route("/conversations/{id}/poll", self.of_conversation, methods=["GET"]),
            Route("/workspaces/{id}/poll", self.of_workspace, methods=["GET"]),
        ]

    async def of_conversation(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        session = request.path_params["id"]
        archive = self.assistant.archive
        # Reading begins nothing, as with streams.
        await archive.find(identity, session)
        attached = await archive.attach(identity, session, _cursor(request))
        link = f"/api/v1/conversations/{quote(session, safe='')}"
        return await self._answer(request, identity, attached, link)

    async def of_workspace(self, request: Request) -> Response:
        identity = await self.doorkeeper.require(request)
        workspace = WorkspaceId(request.path_params["id"])
        attached = await self.assistant.archive.attach_documents(
            identity, workspace, _cursor(request)
        )
        link = f"/api/v1/workspaces/{workspace}/documents"
        return await self._answer(request, identity, attached, link)

    async def _answer(
        self, request: Request, identity: Identity, attached: Attached, link: str
    ) -> Response:
        wait_s = _number(request, "wait", WAIT_S, 0.0, MAX_WAIT_S)
        limit = int(_number(request, "limit", LIMIT, 1, MAX_LIMIT))
        if attached.reason is not None:
            raise UnrecoverableCursor(attached.reason, snapshot=link)
        if _cursor(request) is None:
            return answer(_beginning(attached))
        waiting = Waiting(Connection(self.hub.limits, self.hub.clock(), identity))
        try:
            self.hub.enter(waiting)
            self.hub.claim(waiting, identity.principal.id)
            log = self.assistant.log
            found = await log.read(attached.log, after=attached.after, limit=limit)
            if not found and wait_s:
                found = await self._wait(request.receive, waiting, attached, limit, wait_s)
        finally:
            self.hub.leave(waiting)
        return answer(await self._page(attached, found))

    async def _wait(
        self,
        receive: Receive,
        waiting: Waiting,
        attached: Attached,
        limit: int,
        wait_s: float,
    ) -> Sequence[Recorded]:
        """Return what comes first, or nothing: in time, or until it has to end."""
        found: list[Recorded] = []

        async def first() -> None:
            reading = follow(self.assistant.log, attached.log, after=attached.after, limit=limit)
            async with aclosing(reading) as batches:
                found.extend(await anext(batches))

        over = waiting.over.wait()
        try:
            await until_one_of(first(), asyncio.sleep(wait_s), until_hung_up(receive), over)
        except NotFound as error:
            raise Gone("conversation any more") from error
        if waiting.error is not None:
            raise waiting.error
        return found

    async def _page(self, attached: Attached, found: Sequence[Recorded]) -> Page:
        events = fitting(found)
        head = (await self.assistant.log.head(attached.log)).seq
        seq = events[-1].seq if events else attached.after
        has_more = seq < head
        if has_more:
            # Who is behind is sent what brings it forward soonest.
            events = coalesce(events)
        return Page(
            events=[msgspec.Raw(event.data) for event in events],
            cursor=str(Cursor(attached.epoch, seq)),
            head=head,
            has_more=has_more,
        )


def _beginning(attached: Attached) -> Page:
    """Return where to begin: the state of a conversation, or the end of a workspace's log."""
    return Page(
        events=[],
        cursor=str(Cursor(attached.epoch, attached.after)),
        head=attached.head,
        has_more=False,
        snapshot=msgspec.UNSET if attached.view is None else snapshot(attached.view),
    )


def _cursor(request: Request) -> str | None:
    return request.query_params.get("cursor") or None


def _number(request: Request, name: str, default: float, least: float, most: float) -> float:
    text = request.query_params.get(name)
    try:
        number = default if text is None else float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InvalidField(name, f"`{name}` is a number from {least:g} to {most:g}.")
    return number
