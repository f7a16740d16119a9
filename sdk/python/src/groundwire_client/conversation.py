"""A conversation that is followed: what was said in it, and what may be done there."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self
from uuid import uuid4

from groundwire_client._connection import Connection
from groundwire_client._filter import Filter
from groundwire_client._following import Asked, Following
from groundwire_client._log import parse_cursor
from groundwire_client._rest import Rest
from groundwire_client._signal import Stream, changes
from groundwire_client._state import Approval, Message, State, Turn
from groundwire_client._wire import (
    Ack,
    Cancel,
    ChatMessage,
    Edit,
    History,
    HistoryPage,
    Language,
    Notice,
    OnBusy,
    Options,
    Presence,
    Regenerate,
    Reply,
    SayPresence,
    SayRead,
    SayTyping,
    SessionCommand,
    Steer,
    SteerRefused,
    ToolApproval,
    decode_event,
)
from groundwire_client.answer import Answer
from groundwire_client.errors import Closed, ProtocolViolation, SteerFailed
from groundwire_client.events import Recorded

Asking = ChatMessage | Edit | Regenerate | Steer


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events of the log, in order; ``has_more`` in the direction that was asked for."""

    events: tuple[Recorded, ...]
    has_more: bool


class Conversation:
    """One conversation, kept current over every reconnect until it is closed.

    What was said is in ``messages``; wait for ``changes`` to see it grow. A command returns
    once the server has taken it for good; asked of a server that is away it waits, for
    ``timeout_s`` at most, and then raises ``Unanswered``.
    """

    def __init__(
        self, id: str, connection: Connection, rest: Rest, *, timeout_s: float | None
    ) -> None:
        self.id = id
        self._connection = connection
        self._rest = rest
        self._timeout_s = timeout_s
        self._following = Following(id, connection)
        connection.attach(self._following.reader)

    def __repr__(self) -> str:
        return f"<Conversation {self.id!r}>"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Follow it no longer. Its answers go on at the server."""
        reader = self._following.reader
        self._connection.detach(reader)
        reader.refuse(Closed("This conversation was closed here."))

    @property
    def is_closed(self) -> bool:
        """Whether it is followed no longer: closed here, gone, or no longer yours."""
        return self._following.reader.refusal is not None

    # What was said.

    @property
    def state(self) -> State:
        """All of it as it is known now; another object after every change."""
        return self._following.state

    @property
    def messages(self) -> tuple[Message, ...]:
        return self.state.messages

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The turns that are not done, oldest first."""
        return self.state.turns

    @property
    def approvals(self) -> tuple[Approval, ...]:
        """The calls of tools that wait for a person."""
        return self.state.approvals

    @property
    def cursor(self) -> str | None:
        """The place in the log up to which everything is here; ``None`` before any is."""
        return self._following.reader.cursor

    @property
    def is_current(self) -> bool:
        """Whether it is known to be as the server has it."""
        return self._following.reader.is_current

    def restore(self, state: State, cursor: str) -> None:
        """Go on from the ``state`` and ``cursor`` of another time, as a program that kept them.

        Right after the conversation was opened: then what has happened since is all that is
        sent. A cursor that the server cannot serve costs nothing; it sends the whole.
        """
        epoch, seq = parse_cursor(cursor)
        self._following.restore(state, epoch, seq)

    def changes(self) -> AsyncIterator[State]:
        """Yield the state now and after every change. Who is slow skips states, never events.

        Raises the error that ends the conversation: deleted, or no longer yours.
        """
        return changes(lambda: self.state, self._following.signal, is_over=self._is_over)

    async def loaded(self) -> State:
        """Return the state once it is as the server has it. Raises what is in the way of it."""
        while not self.is_current:
            if (refusal := self._following.reader.refusal) is not None:
                raise refusal
            await self._following.signal.wait()
        return self.state

    async def older(self, limit: int = 50) -> tuple[Message, ...]:
        """Return the page of messages before those that are here, and put them among ``messages``.

        Page by page that leads to the first; ``state.has_more`` says whether there are more.
        They are here until the conversation has to be loaded anew.
        """
        await self.loaded()
        before = self._following.paged_to
        if before is None or not self.state.has_more:
            return ()
        page = await self._rest.messages(self.id, before=before, limit=limit)
        self._following.put_before(before, page)
        return page.messages

    async def history(
        self, *, before: int | None = None, after: int | None = None, limit: int = 100
    ) -> EventPage:
        """Return the events before or after a place in the log, or the last; at most 200."""
        command = History(session_id=self.id, before=before, after=after, limit=limit)
        page = await self._command(command)
        if not isinstance(page, HistoryPage):
            raise _unexpected(page)
        return EventPage(tuple(map(decode_event, page.events)), page.has_more)

    # Asking.

    async def ask(
        self,
        content: str,
        *,
        model: str | None = None,
        workspace_id: str | None = None,
        language: Language | None = None,
        parent_id: str | None = None,
        attachments: Sequence[str] = (),
        filter: Filter | None = None,
        options: Options | None = None,
        on_busy: OnBusy = "queue",
        client_message_id: str | None = None,
    ) -> Answer:
        """Ask. Returns once the question is on the server's disk; its answer then comes, however
        often the connection is lost.

        A conversation that was not there yet begins, in ``workspace_id`` or the default one.
        The question follows the answer ``parent_id``, or the newest one; its answer rests on
        the documents ``attachments``, or on any, within ``filter``. While another is answered it
        waits (``queue``), is refused (``reject``), corrects that answer (``steer``) or ends it
        (``cancel``). To ask again after an unknown outcome give the same ``client_message_id``.
        """
        command = ChatMessage(
            session_id=self.id,
            content=content,
            client_message_id=client_message_id or _new_id(),
            model=model,
            workspace_id=workspace_id,
            language=language,
            parent_id=parent_id,
            attachments=tuple(attachments),
            filter=filter,
            options=options or Options(),
            on_busy=on_busy,
        )
        return await self._ask(command, content, is_correction=on_busy == "steer")

    async def edit(
        self,
        message_id: str,
        content: str,
        *,
        model: str | None = None,
        language: Language | None = None,
        attachments: Sequence[str] | None = None,
        filter: Filter | None = None,
        options: Options | None = None,
        client_message_id: str | None = None,
    ) -> Answer:
        """Ask the question ``message_id`` in other words, in a branch beside it, of what it was
        asked of if nothing else is named.
        """
        command = Edit(
            session_id=self.id,
            message_id=message_id,
            content=content,
            client_message_id=client_message_id or _new_id(),
            model=model,
            language=language,
            attachments=None if attachments is None else tuple(attachments),
            filter=filter,
            options=options or Options(),
        )
        return await self._ask(command, content)

    async def regenerate(
        self,
        message_id: str,
        *,
        model: str | None = None,
        language: Language | None = None,
        client_message_id: str | None = None,
    ) -> Answer:
        """Answer the question of the answer ``message_id`` once more, in a branch beside it."""
        command = Regenerate(
            session_id=self.id,
            message_id=message_id,
            client_message_id=client_message_id or _new_id(),
            model=model,
            language=language,
        )
        return await self._ask(command)

    async def steer(
        self,
        content: str,
        *,
        turn_id: str | None = None,
        language: Language | None = None,
        client_message_id: str | None = None,
    ) -> Answer:
        """Correct the answer that runs; return the one that goes on in its place.

        Raises ``SteerFailed`` if no answer runs, or not that of ``turn_id``.
        """
        command = Steer(
            session_id=self.id,
            content=content,
            client_message_id=client_message_id or _new_id(),
            turn_id=turn_id,
            language=language,
        )
        return await self._ask(command, content, is_correction=True)

    def answer(self, turn_id: str) -> Answer:
        """Return the answer of a turn that was asked elsewhere or earlier."""
        asked = Asked(turn_id, seq=0, epoch=None)
        return Answer(self._following, self, asked)

    async def cancel(
        self, turn_id: str | None = None, *, client_message_id: str | None = None
    ) -> bool:
        """End a turn, the running one if none is named; return whether there was one.

        ``client_message_id`` names the turn by the question that was asked under it.
        """
        if turn_id is None and client_message_id is None:
            # Named, so that sent again it does not end the turn after.
            turn_id = self.state.turn.turn_id if self.state.turn is not None else None
        command = Cancel(session_id=self.id, turn_id=turn_id, client_message_id=client_message_id)
        return not (await self._acknowledged(command)).noop

    async def approve(
        self, approval_id: str, *, edited_input: dict[str, object] | None = None
    ) -> None:
        """Allow a call of a tool; ``edited_input`` is what the tool gets instead.

        Raises ``Conflict`` if it was denied before, ``ApprovalExpired`` if it is too late.
        """
        command = ToolApproval(
            session_id=self.id,
            approval_id=approval_id,
            approved=True,
            edited_input=edited_input,
        )
        await self._acknowledged(command)

    async def deny(self, approval_id: str, *, reason: str = "") -> None:
        """Refuse a call of a tool; the model is told the reason and goes on."""
        command = ToolApproval(
            session_id=self.id, approval_id=approval_id, approved=False, reason=reason
        )
        await self._acknowledged(command)

    # The other devices.

    @property
    def present(self) -> Mapping[str, Presence]:
        """Who else is here, by the id of the connection."""
        return self._following.present

    def presence(self, state: Literal["online", "away"]) -> None:
        """Tell the other devices whether somebody is at this one."""
        greeting = SayPresence(session_id=self.id, state=state)
        # Said again after each reconnect, which the others take for a coming back.
        self._following.reader.greeting = greeting
        self._connection.tell(greeting)

    def typing(self) -> None:
        """Tell the other devices that somebody writes. Lost while not live."""
        self._connection.tell(SayTyping(session_id=self.id))

    def read(self, seq: int | None = None) -> None:
        """Tell the other devices that all, or all up to ``seq``, was seen. Lost while not live."""
        seq = self._following.reader.seq if seq is None else seq
        self._connection.tell(SayRead(session_id=self.id, seq=seq))

    def notices(self) -> AsyncIterator[Notice]:
        """Yield what other devices tell: ``Presence``, ``Typing`` and ``Read``.

        Of those that nobody takes the last 64 are kept.
        """
        following = self._following

        def take() -> Notice | None:
            return following.notices.popleft() if following.notices else None

        return Stream(take, following.signal, is_over=self._is_over)

    def _is_over(self) -> bool:
        refusal = self._following.reader.refusal
        if refusal is None or isinstance(refusal, Closed):
            return refusal is not None
        raise refusal

    async def _ask(
        self, command: Asking, content: str = "", *, is_correction: bool = False
    ) -> Answer:
        ack = await self._acknowledged(command)
        if ack.turn_id is None:
            raise _unexpected(ack)
        asked = Asked(
            ack.turn_id,
            seq=ack.message_seq or 0,
            epoch=self._following.reader.epoch,
            content=content,
            client_message_id=command.client_message_id,
            is_correction=is_correction,
        )
        return Answer(self._following, self, asked)

    async def _acknowledged(self, command: SessionCommand) -> Ack:
        match await self._command(command):
            case Ack() as ack:
                return ack
            case SteerRefused() as refused:
                raise SteerFailed(refused.content)
            case reply:
                raise _unexpected(reply)

    async def _command(self, command: SessionCommand) -> Reply:
        if (refusal := self._following.reader.refusal) is not None:
            raise refusal
        return await self._connection.command(command, self._timeout_s)


def _unexpected(reply: Reply) -> ProtocolViolation:
    return ProtocolViolation(f"The server answered with {type(reply).__name__}.")


def _new_id() -> str:
    return uuid4().hex
