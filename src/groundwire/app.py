"""The use cases by name: what one may do with Groundwire, whoever asks and however.

Each checks who may first. Nothing here knows a transport.
"""

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from groundwire.answer.clean import clean
from groundwire.answer.run import Answers
from groundwire.answer.sentences import language_of, say
from groundwire.archive import TITLE, Archive
from groundwire.conversation import decide
from groundwire.conversation.approve import Verdict, decide_approval
from groundwire.conversation.asked import Accepted
from groundwire.conversation.decide import OnBusy
from groundwire.conversation.state import Message as Said
from groundwire.conversation.steer import Steering, steer
from groundwire.library import Library
from groundwire.model.access import Identity
from groundwire.model.errors import InvalidField, NotFound, UnknownModel
from groundwire.model.filters import Filter, cleaned
from groundwire.model.ids import (
    DocumentId,
    MessageId,
    NewId,
    Now,
    TurnId,
    WorkspaceId,
    conversation_log,
)
from groundwire.model.standing import DEFAULT, Options
from groundwire.ports.chat_model import Language, Models
from groundwire.ports.conversations import Conversation
from groundwire.ports.event_log import EventLog


@dataclass(frozen=True, slots=True)
class Asking:
    """A question as it comes in."""

    session: str
    content: str
    workspace: WorkspaceId | None = None
    model: str | None = None
    client_message_id: str | None = None
    language: Language | None = None
    parent: MessageId | None = None
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None
    options: Options = DEFAULT
    on_busy: OnBusy = "queue"


@dataclass(frozen=True, slots=True)
class Editing:
    """The question ``message`` in other words, as they come in.

    Without ``attachments`` it rests on what that question rested on; the same for ``filter``,
    and an empty one limits nothing.
    """

    session: str
    message: MessageId
    content: str
    model: str | None = None
    client_message_id: str | None = None
    language: Language | None = None
    attachments: tuple[DocumentId, ...] | None = None
    filter: Filter | None = None
    options: Options = DEFAULT


@dataclass(frozen=True, slots=True)
class Correcting:
    """A correction of the running answer, as it comes in."""

    session: str
    content: str
    turn: TurnId | None = None
    client_message_id: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Retrying:
    """Another try of an answer, as it comes in."""

    session: str
    answer: MessageId
    model: str | None = None
    client_message_id: str | None = None
    language: Language | None = None


@dataclass(frozen=True, slots=True)
class Assistant:
    log: EventLog
    archive: Archive
    library: Library
    models: Models
    answers: Answers
    now: Now
    new_id: NewId
    queue_limit: int = 10

    async def ask(self, identity: Identity, asking: Asking) -> tuple[Conversation, Accepted]:
        """Record a question, durably, and have it answered; returns what the ack tells.

        A session that the principal does not have yet begins with it. Raises ``InvalidField``,
        ``UnknownModel``, ``IdempotencyConflict``, ``Busy``, ``QueueFull``.
        """
        content = _content(asking.content)
        asking = replace(asking, filter=cleaned(asking.filter))
        await self._check_new(identity, asking)
        conversation = await self.archive.open(identity, asking.session, asking.workspace)
        if asking.parent is not None:
            await self._message(conversation, asking.parent, "assistant")
        question = self._question(identity, asking, content)
        return conversation, await self._ask(conversation, question)

    async def edit(self, identity: Identity, editing: Editing) -> tuple[Conversation, Accepted]:
        """Ask a question in other words, in a branch beside it. Raises as `ask`, ``NotFound``."""
        content = _content(editing.content)
        conversation = await self.archive.find(identity, editing.session)
        await self._check_model(editing.model, editing.language)
        edited = await self._message(conversation, editing.message, "user")
        given, filter = editing.attachments, cleaned(editing.filter)
        await self.library.check_attachments(identity, conversation.workspace, given or ())
        await self.library.check_filter(identity, conversation.workspace, filter)
        asking = Asking(
            session=editing.session,
            content=content,
            model=editing.model,
            client_message_id=editing.client_message_id,
            language=editing.language,
            parent=edited.parent_id,
            attachments=edited.attachments if given is None else given,
            filter=edited.filter if editing.filter is None else filter,
            options=editing.options,
        )
        question = self._question(identity, asking, content)
        fork = replace(question, fork_of=edited.message_id)
        return conversation, await self._ask(conversation, fork)

    async def steer(
        self, identity: Identity, correcting: Correcting
    ) -> tuple[Conversation, Accepted | None]:
        """Correct the running answer; ``None`` if there is none to correct any more.

        Raises ``InvalidField``, ``NotFound``, ``IdempotencyConflict``.
        """
        content = _content(correcting.content)
        conversation = await self.archive.find(identity, correcting.session)
        log = conversation_log(conversation.id)
        steering = Steering(
            turn=TurnId(self.new_id("t")),
            message=MessageId(self.new_id("m")),
            answer=MessageId(self.new_id("m")),
            author=identity.principal.id,
            content=content,
            steered=correcting.turn,
            client_message_id=correcting.client_message_id,
            language=correcting.language or language_of(content),
        )
        accepted = await self.log.decide(log, lambda desk: steer(desk, steering))
        if accepted is not None and accepted.ends is not None:
            self.answers.steer(log, accepted.ends)
        return conversation, accepted

    async def approve(
        self, identity: Identity, session: str, verdict: Verdict
    ) -> tuple[Conversation, Accepted]:
        """Allow or deny a tool's call. Raises ``NotFound``, ``ApprovalExpired``, ``Conflict``."""
        conversation = await self.archive.find(identity, session)
        now = self.now()
        accepted = await self.log.decide(
            conversation_log(conversation.id), lambda desk: decide_approval(desk, verdict, now)
        )
        return conversation, accepted

    async def regenerate(
        self, identity: Identity, retrying: Retrying
    ) -> tuple[Conversation, Accepted]:
        """Have an answer written anew beside the first. Raises as `ask`, and ``NotFound``."""
        conversation = await self.archive.find(identity, retrying.session)
        await self._check_model(retrying.model, retrying.language)
        log = conversation_log(conversation.id)
        answer = await self._message(conversation, retrying.answer, "assistant")
        assert answer.parent_id is not None
        asked = await self._message(conversation, answer.parent_id, "user")
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
            attachments=asked.attachments,
            filter=asked.filter,
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
        conversation = await self.archive.find(identity, session)
        log = conversation_log(conversation.id)
        if turn is None and client_message_id is not None:
            turn = await self._find_turn(identity, conversation, client_message_id)
            if turn is None:
                return None
        return await self.answers.cancel(log, turn)

    async def remove(self, identity: Identity, session: str) -> None:
        """Forget a conversation; a turn that runs in it ends."""
        conversation = await self.archive.find(identity, session)
        log = conversation_log(conversation.id)
        await self.answers.cancel(log, None)
        await self.archive.remove(conversation)

    def _question(self, identity: Identity, asking: Asking, content: str) -> decide.Question:
        self.answers.maker.toolbox.check(asking.options)
        language = asking.language or language_of(content)
        return decide.Question(
            turn=TurnId(self.new_id("t")),
            message=MessageId(self.new_id("m")),
            answer=MessageId(self.new_id("m")),
            author=identity.principal.id,
            content=content,
            client_message_id=asking.client_message_id,
            model=asking.model,
            language=language,
            parent=asking.parent,
            attachments=asking.attachments,
            filter=asking.filter,
            options=asking.options,
            on_busy=asking.on_busy,
            queued_msg=say("queued", language),
            queue_limit=self.queue_limit,
        )

    async def _ask(self, conversation: Conversation, question: decide.Question) -> Accepted:
        log = conversation_log(conversation.id)
        title = " ".join(question.content.split())[:TITLE]
        # Beside each other, so that one commit holds both.
        accepted, _ = await asyncio.gather(
            self.log.decide(log, lambda desk: decide.ask(desk, question)),
            self.archive.conversations.touch(conversation.id, at=self.now(), title=title),
        )
        if accepted.ends is not None and question.on_busy == "steer":
            self.answers.steer(log, accepted.ends)
        elif accepted.ends is not None:
            await self.answers.cancel(log, accepted.ends)
        self.answers.wake(log)
        return accepted

    async def _message(
        self, conversation: Conversation, id: MessageId, role: Literal["user", "assistant"]
    ) -> Said:
        """Raises ``NotFound``."""
        found = await self.archive.find_message(conversation, id)
        if found is None or found.role != role:
            raise NotFound("answer" if role == "assistant" else "question")
        return found

    async def _check_new(self, identity: Identity, asking: Asking) -> None:
        """Refuse what names a model or a document that is not there.

        A question that was accepted before may pass: they may have gone meanwhile.
        """
        try:
            await self._check_model(asking.model, asking.language)
            await self._check_limits(identity, asking)
        except (UnknownModel, InvalidField):
            conversation = await self.archive.peek(identity, asking.session)
            key = asking.client_message_id
            if conversation is None or key is None:
                raise
            if await self._find_turn(identity, conversation, key) is None:
                raise

    async def _check_limits(self, identity: Identity, asking: Asking) -> None:
        if not (asking.attachments or asking.filter):
            return
        conversation = await self.archive.peek(identity, asking.session)
        workspace = conversation.workspace if conversation else asking.workspace
        if workspace is None:
            workspace = await self.library.default_workspace(identity)
        await self.library.check_attachments(identity, workspace, asking.attachments)
        await self.library.check_filter(identity, workspace, asking.filter)

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


def _content(content: str) -> str:
    """Return what is asked, fit to be stored. Raises ``InvalidField``."""
    content = clean(content).strip()
    if not content:
        raise InvalidField("content", "Ask something: `content` is empty.")
    return content
