"""The use cases by name: what one may do with Groundwire, whoever asks and however.

Each checks who may first. Nothing here knows a transport.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from groundwire.access.authorize import require
from groundwire.answer.clean import clean
from groundwire.answer.run import Answers
from groundwire.answer.sentences import language_of, say
from groundwire.conversation import decide
from groundwire.conversation.fold import Fold, Running
from groundwire.conversation.fold import Message as Said
from groundwire.conversation.follow import fold_all
from groundwire.library import Library
from groundwire.model.access import Identity
from groundwire.model.cursor import Cursor, Head, unservable
from groundwire.model.errors import Forbidden, InvalidField, NotFound, UnknownModel
from groundwire.model.ids import (
    ConversationId,
    LogId,
    MessageId,
    NewId,
    Now,
    TurnId,
    WorkspaceId,
    conversation_log,
    workspace_log,
)
from groundwire.ports.chat_model import Language, Models
from groundwire.ports.conversations import Conversation, Conversations
from groundwire.ports.event_log import EventLog

CONVERSATION_PREFIX = "c_"
MAX_NAME = 200
TITLE = 80


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as it comes in."""

    session: str
    content: str
    workspace: WorkspaceId | None = None
    model: str | None = None
    client_message_id: str | None = None
    language: Language | None = None
    on_busy: Literal["queue", "reject"] = "queue"


@dataclass(frozen=True, slots=True)
class Retrying:
    """Another try of an answer, as it comes in."""

    session: str
    answer: MessageId
    model: str | None = None
    client_message_id: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class View:
    """A conversation's state as of ``cursor``."""

    conversation: Conversation
    cursor: Cursor
    messages: list[Said]
    running: Running | None


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
class Assistant:
    log: EventLog
    conversations: Conversations
    library: Library
    models: Models
    answers: Answers
    now: Now
    new_id: NewId
    queue_limit: int = 10

    async def ask(self, identity: Identity, asking: Asking) -> tuple[Conversation, decide.Accepted]:
        """Record a question, durably, and have it answered; returns what the ack tells.

        A session that the principal does not have yet begins with it. Raises ``InvalidField``,
        ``UnknownModel``, ``IdempotencyConflict``, ``Busy``, ``QueueFull``.
        """
        content = clean(asking.content).strip()
        if not content:
            raise InvalidField("content", "Ask something: `content` is empty.")
        await self._check_model_of(identity, asking)
        conversation = await self.open(identity, asking.session, asking.workspace)
        language = asking.language or language_of(content)
        question = decide.Question(
            turn=TurnId(self.new_id("t")),
            message=MessageId(self.new_id("m")),
            answer=MessageId(self.new_id("m")),
            author=identity.principal.id,
            content=content,
            client_message_id=asking.client_message_id,
            model=asking.model,
            language=language,
            on_busy=asking.on_busy,
            queued_msg=say("queued", language),
            queue_limit=self.queue_limit,
        )
        log = conversation_log(conversation.id)
        title = " ".join(content.split())[:TITLE]
        # Beside each other, so that one commit holds both.
        accepted, _ = await asyncio.gather(
            self.log.decide(log, lambda desk: decide.ask(desk, question)),
            self.conversations.touch(conversation.id, at=self.now(), title=title),
        )
        self.answers.wake(log)
        return conversation, accepted

    async def regenerate(
        self, identity: Identity, retrying: Retrying
    ) -> tuple[Conversation, decide.Accepted]:
        """Have an answer written anew beside the first. Raises as `ask`, and ``NotFound``."""
        conversation = await self.find(identity, retrying.session)
        await self._check_model(retrying.model, retrying.language)
        log = conversation_log(conversation.id)
        fold = await self._fold(log)
        answer = fold.messages.get(retrying.answer)
        if answer is None or answer.role != "assistant" or answer.parent_id is None:
            raise NotFound("answer in this conversation")
        asked = fold.messages[answer.parent_id]
        language = retrying.language or ("zh" if asked.language == "zh" else "en")
        retry = decide.Retry(
            turn=TurnId(self.new_id("t")),
            question=asked.message_id,
            answer=MessageId(self.new_id("m")),
            fork_of=answer.message_id,
            author=identity.principal.id,
            client_message_id=retrying.client_message_id,
            model=retrying.model,
            language=language,
            queued_msg=say("queued", language),
            queue_limit=self.queue_limit,
        )
        accepted = await self.log.decide(log, lambda desk: decide.regenerate(desk, retry))
        self.answers.wake(log)
        return conversation, accepted

    async def cancel(
        self,
        identity: Identity,
        session: str,
        *,
        turn: TurnId | None = None,
        client_message_id: str | None = None,
    ) -> TurnId | None:
        """End a turn, or the active one; returns which, or ``None`` if none was running."""
        conversation = await self.find(identity, session)
        log = conversation_log(conversation.id)
        if turn is None and client_message_id is not None:
            turn = await self._find_turn(identity, conversation, client_message_id)
            if turn is None:
                return None
        return await self.answers.cancel(log, turn)

    async def open(
        self, identity: Identity, session: str, workspace: WorkspaceId | None = None
    ) -> Conversation:
        """Return the principal's conversation of that name, which begins if there is none."""
        found = await self._find(identity, session)
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
        found = await self._find(identity, session)
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

    async def remove(self, identity: Identity, session: str) -> None:
        """Forget a conversation; a turn that runs in it ends."""
        conversation = await self.find(identity, session)
        log = conversation_log(conversation.id)
        await self.answers.cancel(log, None)
        await self.conversations.remove(conversation.id)
        await self.log.remove(log)

    async def view(self, identity: Identity, session: str) -> View:
        """Return the state of a conversation together with the cursor it is as of."""
        return await self._view(await self.find(identity, session))

    async def attach(self, identity: Identity, session: str, cursor: str | None) -> Attached:
        """Return where to follow a conversation from; one not there yet begins."""
        conversation = await self.open(identity, session)
        log = conversation_log(conversation.id)
        head = await self.log.head(log)
        after, reason = _serve(cursor, head)
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

    async def _check_model_of(self, identity: Identity, asking: Asking) -> None:
        """Let a question that was accepted before pass: its model may have gone meanwhile."""
        try:
            await self._check_model(asking.model, asking.language)
        except UnknownModel:
            conversation = await self._find(identity, asking.session)
            key = asking.client_message_id
            if conversation is None or key is None:
                raise
            if await self._find_turn(identity, conversation, key) is None:
                raise

    async def _find_turn(
        self, identity: Identity, conversation: Conversation, client_message_id: str
    ) -> TurnId | None:
        author = identity.principal.id
        find = partial(decide.find_turn, author=author, client_message_id=client_message_id)
        return await self.log.decide(conversation_log(conversation.id), find, sync=False)

    async def _check_model(self, model: str | None, language: Language | None) -> None:
        """Refuse a model that is not there before anything is recorded."""
        if model is not None:
            await self.models.choose(model, language=language or "en", grounded=True)

    async def _find(self, identity: Identity, session: str) -> Conversation | None:
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

    async def _view(self, conversation: Conversation) -> View:
        log = conversation_log(conversation.id)
        head = await self.log.head(log)
        fold = await self._fold(log)
        cursor = Cursor(head.epoch, fold.seq)
        return View(conversation, cursor, list(fold.messages.values()), fold.running)

    async def _fold(self, log: LogId) -> Fold:
        return await fold_all(self.log, log)


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
