"""Where a command's work is done: in this process, or by the server that has the data folder."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from groundwire.app import Asking
from groundwire.bootstrap import Groundwire, open_groundwire
from groundwire.cli.places import LocalPlaces, Places
from groundwire.cli.remote import open_remote
from groundwire.cli.taken import Events, Taken
from groundwire.conversation.follow import follow
from groundwire.model.access import Identity
from groundwire.model.errors import FolderInUse
from groundwire.model.ids import LogId, WorkspaceId, conversation_log, workspace_log
from groundwire.settings import Settings

READ_BYTES = 262_144


class Session(Protocol):
    @property
    def places(self) -> Places:
        """Where documents come from."""
        ...

    async def workspace(self, name: str | None) -> str:
        """Return the id of the workspace of that name, made if needed, or the default one."""
        ...

    async def upload(self, workspace: str, path: Path) -> Taken:
        """Raises what the upload is refused with."""
        ...

    def documents(self, workspace: str) -> contextlib.AbstractAsyncContextManager[Events]:
        """Give the events of the workspace's documents from now on."""
        ...

    def ask(self, workspace: str, question: str, model: str | None) -> Events:
        """Ask in a new conversation and give its events, encoded, from the first on."""
        ...


@dataclass(frozen=True, slots=True)
class LocalSession:
    """`Session` in this process."""

    groundwire: Groundwire
    identity: Identity

    @property
    def places(self) -> Places:
        return LocalPlaces(self.groundwire.feeding, self.identity)

    async def workspace(self, name: str | None) -> str:
        library = self.groundwire.assistant.library
        if name is None:
            return await library.default_workspace(self.identity)
        for workspace in await library.list_workspaces(self.identity):
            if name in (workspace.name, workspace.id):
                return workspace.id
        return (await library.create_workspace(self.identity, name)).id

    async def upload(self, workspace: str, path: Path) -> Taken:
        library = self.groundwire.assistant.library
        document = await library.upload(
            self.identity, WorkspaceId(workspace), path.name, _content(path)
        )
        return Taken(document.id, document.searchable)

    @contextlib.asynccontextmanager
    async def documents(self, workspace: str) -> AsyncGenerator[Events]:
        log = workspace_log(WorkspaceId(workspace))
        head = await self.groundwire.assistant.log.head(log)
        async with contextlib.aclosing(self._follow(log, head.seq)) as events:
            yield events

    async def ask(self, workspace: str, question: str, model: str | None) -> Events:
        assistant = self.groundwire.assistant
        conversation = await assistant.archive.begin(self.identity, WorkspaceId(workspace))
        asking = Asking(session=conversation.name, content=question, model=model)
        await assistant.ask(self.identity, asking)
        try:
            log = conversation_log(conversation.id)
            async with contextlib.aclosing(self._follow(log, 0)) as events:
                async for event in events:
                    yield event
        finally:
            # Here nobody else can be looking, and nobody comes back to what was broken off.
            await assistant.cancel(self.identity, conversation.name)

    async def _follow(self, log: LogId, after: int) -> Events:
        batches = follow(self.groundwire.assistant.log, log, after=after)
        async with contextlib.aclosing(batches):
            async for batch in batches:
                for recorded in batch:
                    yield recorded.data


@contextlib.asynccontextmanager
async def open_session(settings: Settings) -> AsyncGenerator[Session]:
    """Open the data folder here; if a server has it, work through that server."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            groundwire = await stack.enter_async_context(open_groundwire(settings))
        except FolderInUse:
            yield await stack.enter_async_context(open_remote(settings))
            return
        identity = await groundwire.authenticator.local_identity()
        yield LocalSession(groundwire, identity)


async def _content(path: Path) -> AsyncIterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(READ_BYTES):
            yield part
