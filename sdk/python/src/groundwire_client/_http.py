"""What SSE and long-poll have in common: a request per log, and commands by POST."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import suppress
from uuid import NAMESPACE_URL, uuid5

import httpx

from groundwire_client._calls import part
from groundwire_client._line import Dropped, Kind, Line, end, kind_of, race
from groundwire_client._log import LogReader
from groundwire_client._problems import as_error, is_ours
from groundwire_client._rest import Rest
from groundwire_client._wire import (
    Ack,
    Command,
    HistoryPage,
    Pong,
    SessionCommand,
    SteerRefused,
    decode,
    encode,
)
from groundwire_client.errors import Gone, GroundwireError, NotFound, Unauthorized, Unreachable

BEGUN_S = 15.0
WAITING = 1024
"""How many commands may wait to be posted; at one more the transport is given up, and what
was not acknowledged is sent again by the next one.
"""


class HttpTransport(ABC):
    """Commands are posted one after the other, so that they arrive in their order."""

    def __init__(self, http: httpx.AsyncClient, device: str, line: Line) -> None:
        self._http = http
        self._device = device
        self._line = line
        self._begun: dict[str, asyncio.Event] = {}
        self._commands: asyncio.Queue[SessionCommand] = asyncio.Queue(WAITING)
        self._following: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @abstractmethod
    async def follow(self, reader: LogReader) -> None:
        """Bring one log until it is refused. Raises ``Dropped``."""

    async def run(self) -> None:
        try:
            await Rest(self._http).me()
            self._line.live()
            await race(self._post(), self._until_ended())
        except Unauthorized as error:
            # A fresh token was shown already: see `Bearer`.
            raise Dropped(error, "final") from None
        finally:
            await end(*self._tasks)
            if not self._ended.cancel():
                self._ended.exception()

    def attach(self, reader: LogReader) -> None:
        self.detach(reader)
        self._begun.setdefault(reader.id, asyncio.Event())
        task = asyncio.create_task(self._keep(reader), name=f"groundwire {reader.key}")
        self._following[reader.key] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def detach(self, reader: LogReader) -> None:
        task = self._following.pop(reader.key, None)
        if task is not None:
            task.cancel()

    def send(self, command: Command) -> None:
        if not isinstance(command, SessionCommand):
            return
        try:
            self._commands.put_nowait(command)
        except asyncio.QueueFull:
            self._end(Dropped(Unreachable("The server takes no more commands."), "again"))

    def device_of(self, id: str) -> dict[str, str]:
        """Return the name by which a stream and the commands of one log belong together."""
        return {"deviceId": uuid5(NAMESPACE_URL, f"{self._device}/{id}").hex}

    async def until_begun(self, reader: LogReader) -> None:
        """Wait for a command that begins a conversation, or for some time: others may begin it.

        Returns at once for one that will not be followed.
        """
        begun = self._begun[reader.id]
        with suppress(TimeoutError):
            async with asyncio.timeout(BEGUN_S if reader.refusal is None else 0.0):
                await begun.wait()
        begun.clear()

    def path_of(self, reader: LogReader) -> str:
        collection = "conversations" if reader.field == "sessionId" else "workspaces"
        return f"/{collection}/{part(reader.id)}"

    async def _until_ended(self) -> None:
        await asyncio.shield(self._ended)

    async def _keep(self, reader: LogReader) -> None:
        try:
            await self.follow(reader)
        except (Dropped, GroundwireError) as error:
            self._end(error)
        except httpx.HTTPError as error:
            self._end(lost(error))

    def _end(self, error: Dropped | GroundwireError) -> None:
        if not self._ended.done():
            self._ended.set_exception(error)

    async def _post(self) -> None:
        while True:
            command = await self._commands.get()
            try:
                response = await self._http.post(
                    f"/conversations/{part(command.session_id)}/commands",
                    params=self.device_of(command.session_id),
                    content=encode(command),
                    headers={"Content-Type": "application/json"},
                )
            except httpx.HTTPError as error:
                raise lost(error) from error
            self._line.received(response.content)
            if response.is_success:
                self._settle(command, response.content)
            else:
                self._refuse(
                    command, as_error(response.status_code, response.headers, response.content)
                )

    def _settle(self, command: SessionCommand, body: bytes) -> None:
        reply = decode(body).frame
        if isinstance(reply, Ack | SteerRefused | HistoryPage | Pong):
            if (begun := self._begun.get(command.session_id)) is not None:
                begun.set()
            self._line.answered(command.id, reply)
        self._line.heard(reply)

    def _refuse(self, command: Command, error: GroundwireError) -> None:
        if not is_ours(error) and error.retryable:
            # A gateway before the server: whether the command came through is unknown.
            raise Dropped(error)
        if isinstance(error, Unauthorized):
            raise error
        self._line.refused(command.id, error)


def lost(error: httpx.HTTPError) -> Dropped:
    """Return what became of a transport whose request failed."""
    what = str(error) or type(error).__name__
    # Where nothing answers at all no other transport is better off.
    kind: Kind = "again" if isinstance(error, httpx.ConnectError) else "lost"
    return Dropped(Unreachable(f"The server cannot be reached: {what}."), kind)


def refuse(reader: LogReader, response: httpx.Response, body: bytes) -> None:
    """Tell a reader why its log is not brought: that it may not be followed, or has yet to
    begin. Raises ``Dropped`` where it means the end of the transport.
    """
    error = as_error(response.status_code, response.headers, body)
    if not is_ours(error):
        raise Dropped(error)
    kind = kind_of(error)
    if kind != "access":
        raise Dropped(error, "final" if kind == "identity" else kind)
    if isinstance(error, Gone) or not isinstance(error, NotFound) or not reader.absent():
        reader.refuse(error)
