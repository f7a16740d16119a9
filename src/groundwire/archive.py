"""Conversations: the use cases around what was asked before."""

from collections.abc import Sequence
from dataclasses import dataclass

from groundwire.access.authorize import require
from groundwire.conversation.recollect import recollect
from groundwire.conversation.state import Message as Said
from groundwire.conversation.state import Running
from groundwire.conversation.window import Page, page, window
from groundwire.library import Library
from groundwire.model.access import Identity
from groundwire.model.cursor import Cursor, Head, unservable
from groundwire.model.errors import Compacted, Forbidden, InvalidField, NotFound
from groundwire.model.ids import (
    ConversationId,
    LogId,
    MessageId,
    NewId,
    Now,
    WorkspaceId,
    conversation_log,
    workspace_log,
)
from groundwire.ports.conversations import Conversation, Conversations
from groundwire.ports.event_log import EventLog

CONVERSATION_PREFIX = "c_"
MAX_NAME = 200
TITLE = 80


@dataclass(frozen=True, slots=True)
class View:
    """A conversation's state as of ``cursor``; ``turns`` are those that are not done.

    ``messages`` are the newest; ``has_more`` tells that there are others.
    """

    conversation: Conversation
    cursor: Cursor
    messages: list[Said]
    turns: list[Running]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Attached:
    """A log to follow past ``after``; ``view`` is what came before, where that must be told.

    ``reason`` says why the reader's cursor could not be served.
    """

    log: LogId
    name: str
    epoch: str
    head: int
    after: int
    view: View | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Archive:
    log: EventLog
    conversations: Conversations
    library: Library
    now: Now
    new_id: NewId

    async def open(
        self, identity: Identity, session: str, workspace: WorkspaceId | None = None
    ) -> Conversation:
        """Return the principal's conversation of that name, which begins if there is none."""
        found = await self.peek(identity, session)
        if found is not None:
            return found
        if session.startswith(CONVERSATION_PREFIX):
            raise NotFound("conversation")
        return await self._begin(identity, session, workspace)

    async def begin(self, identity: Identity, workspace: WorkspaceId | None) -> Conversation:
        """Begin a conversation under an id of ours."""
        return await self._begin(identity, None, workspace)

    async def find(self, identity: Identity, session: str) -> Conversation:
        """Raises ``NotFound``, and ``Forbidden`` for another's conversation."""
        found = await self.peek(identity, session)
        if found is None:
            raise NotFound("conversation")
        return found

    async def list_conversations(
        self, identity: Identity, workspace: WorkspaceId
    ) -> Sequence[Conversation]:
        await require(self.library.workspaces, identity, "conversation:ask", workspace)
        return await self.conversations.list_of(identity.principal.id, workspace)

    async def rename(self, identity: Identity, session: str, title: str) -> None:
        conversation = await self.find(identity, session)
        if not title.strip():
            raise InvalidField("title", "A title cannot be empty.")
        await self.conversations.rename(conversation.id, title.strip()[:TITLE])

    async def remove(self, conversation: Conversation) -> None:
        """Forget it; its readers are told that it is gone."""
        await self.conversations.remove(conversation.id)
        await self.log.remove(conversation_log(conversation.id))

    async def view(self, identity: Identity, session: str) -> View:
        """Return the state of a conversation together with the cursor it is as of."""
        return await self._view(await self.find(identity, session))

    async def list_messages(
        self, identity: Identity, session: str, *, before: MessageId | None, limit: int
    ) -> Page:
        """Return the last ``limit`` messages before ``before``. Raises ``NotFound``."""
        conversation = await self.find(identity, session)
        log = conversation_log(conversation.id)
        return await recollect(self.log, log, lambda past: page(past, before, limit))

    async def attach(self, identity: Identity, session: str, cursor: str | None) -> Attached:
        """Return where to follow a conversation from; one not there yet begins."""
        conversation = await self.open(identity, session)
        log = conversation_log(conversation.id)
        head = await self.log.head(log)
        after, reason = _serve(cursor, head)
        if after is not None and await self._is_compacted(log, after):
            after, reason = None, "compacted"
        if after is not None:
            return Attached(log, conversation.name, head.epoch, head.seq, after)
        view = await self._view(conversation)
        seq = view.cursor.seq
        return Attached(log, conversation.name, view.cursor.epoch, seq, seq, view, reason)

    async def attach_documents(
        self, identity: Identity, workspace: WorkspaceId, cursor: str | None
    ) -> Attached:
        """Return where to follow a workspace's documents from: the end, unless told.

        The documents themselves are what their listing says, so a cursor that cannot be
        served starts at the end with its reason.
        """
        await require(self.library.workspaces, identity, "document:read", workspace)
        log = workspace_log(workspace)
        await self.log.create(log, name=workspace)
        head = await self.log.head(log)
        after, reason = _serve(cursor, head)
        if after is not None:
            return Attached(log, workspace, head.epoch, head.seq, after)
        return Attached(log, workspace, head.epoch, head.seq, head.seq, reason=reason)

    async def find_message(self, conversation: Conversation, id: MessageId) -> Said | None:
        """Return a message as far as it has come."""
        log = conversation_log(conversation.id)
        return await recollect(self.log, log, lambda past: past.find(id))

    async def peek(self, identity: Identity, session: str) -> Conversation | None:
        """Return the principal's conversation of that name, if there is one."""
        if not session or len(session) > MAX_NAME:
            raise InvalidField("sessionId", f"A sessionId has 1 to {MAX_NAME} characters.")
        found = await self.conversations.find(identity.principal.id, session)
        if found is None and session.startswith(CONVERSATION_PREFIX):
            await self._refuse_foreign(session)
        if found is not None:
            workspaces = self.library.workspaces
            await require(workspaces, identity, "conversation:ask", found.workspace)
        return found

    async def _refuse_foreign(self, session: str) -> None:
        """Say of an id of ours, which nobody can guess, that it is somebody else's."""
        try:
            await self.conversations.get(ConversationId(session))
        except NotFound:
            return
        raise Forbidden("This conversation belongs to somebody else.")

    async def _begin(
        self, identity: Identity, name: str | None, workspace: WorkspaceId | None
    ) -> Conversation:
        if workspace is None:
            workspace = await self.library.default_workspace(identity)
        await require(self.library.workspaces, identity, "conversation:ask", workspace)
        id = ConversationId(self.new_id("c"))
        now = self.now()
        conversation = Conversation(
            id=id,
            principal=identity.principal.id,
            name=name or id,
            workspace=workspace,
            created_at=now,
            updated_at=now,
        )
        log = conversation_log(id)
        await self.log.create(log, name=conversation.name)
        stored = await self.conversations.add(conversation)
        if stored.id != id:
            # Another connection of the same principal began it at the same moment.
            await self.log.remove(log)
        return stored

    async def _is_compacted(self, log: LogId, after: int) -> bool:
        """Whether ``after`` lies within an event that stands for many."""
        try:
            await self.log.read(log, after=after, limit=1)
        except Compacted:
            return True
        return False

    async def _view(self, conversation: Conversation) -> View:
        seen = await recollect(self.log, conversation_log(conversation.id), window)
        return View(conversation, seen.cursor, seen.messages, list(seen.turns), seen.has_more)


def _serve(cursor: str | None, head: Head) -> tuple[int | None, str | None]:
    """Return the position to go on from, or ``None`` and why there is none to go on from."""
    if cursor is None:
        return None, None
    try:
        at = Cursor.parse(cursor)
    except InvalidField:
        return None, "unreadable"
    reason = unservable(at, head)
    return (at.seq, None) if reason is None else (None, reason)
