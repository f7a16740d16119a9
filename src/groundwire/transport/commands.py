"""What each command does, and what it is answered with: the same on every transport."""

from dataclasses import dataclass

from groundwire.app import Asking, Assistant, Correcting, Editing, Retrying
from groundwire.archive import Attached, View
from groundwire.conversation.approve import Verdict
from groundwire.conversation.asked import Accepted
from groundwire.conversation.state import open_approvals
from groundwire.model.access import Identity
from groundwire.model.errors import GroundwireError, InvalidField
from groundwire.model.ids import LogId, MessageId, TurnId, WorkspaceId, conversation_log
from groundwire.model.ids import workspace_log as log_of_workspace
from groundwire.ports.conversations import Conversation
from groundwire.transport import frames
from groundwire.transport.company import Company, Ephemeral, Sender
from groundwire.transport.frames import Ref, ServerFrame
from groundwire.transport.history import history
from groundwire.transport.stamp import stamp

Asks = frames.ChatMessage | frames.Regenerate | frames.Edit
Changes = frames.Cancel | frames.Steer | frames.ToolApproval | frames.Auth


@dataclass(frozen=True, slots=True)
class Follow:
    """Send the log past ``attached.after``, anew if that goes on already."""

    attached: Attached


@dataclass(frozen=True, slots=True)
class Forget:
    """Send no more of this log."""

    log: LogId


@dataclass(frozen=True, slots=True)
class Done:
    replies: tuple[ServerFrame, ...]
    then: Follow | Forget | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    assistant: Assistant
    company: Company

    async def prepare(self, frame: frames.ClientFrame) -> None:
        """Do what may take a while and decides nothing: ask the providers for a model."""
        if not isinstance(frame, Asks) or not frame.model:
            return
        try:
            await self.assistant.models.choose(frame.model, language="en", grounded=True)
        except GroundwireError:
            # What was asked before is acknowledged again, whatever became of its model.
            if frame.client_message_id is None:
                raise

    async def run(self, sender: Sender, frame: frames.ClientFrame) -> Done:
        """Carry out one command."""
        identity, position = sender.identity, sender.position
        match frame:
            case frames.ChatMessage() | frames.Regenerate() | frames.Edit():
                conversation, accepted = await self._ask(identity, frame)
                return await self._accepted(conversation, accepted, frame, position)
            case frames.Attach():
                return await self._attach(identity, frame)
            case frames.Detach():
                return await self._detach(identity, frame)
            case frames.Ping(t=t, id=id):
                return Done((frames.Pong(t=t, head=position, ref=id, ts=stamp()),))
            case frames.History():
                return Done((await self._history(identity, frame),))
            case frames.Presence() | frames.Typing() | frames.Read():
                return Done((await self._pass_on(sender, frame),))
            case _:
                return Done((await self._change(identity, frame),))

    async def _change(self, identity: Identity, frame: Changes) -> ServerFrame:
        match frame:
            case frames.Cancel():
                return await self._cancel(identity, frame)
            case frames.Steer():
                return await self._steer(identity, frame)
            case frames.ToolApproval():
                return await self._approve(identity, frame)
            case frames.Auth():
                raise InvalidField("type", "`auth` belongs to the connection.")

    async def _ask(self, identity: Identity, frame: Asks) -> tuple[Conversation, Accepted]:
        match frame:
            case frames.ChatMessage():
                asking = Asking(
                    session=frame.session_id,
                    content=frame.content,
                    workspace=WorkspaceId(frame.workspace_id) if frame.workspace_id else None,
                    model=frame.model,
                    client_message_id=frame.client_message_id,
                    language=frame.language,
                    parent=MessageId(frame.parent_id) if frame.parent_id else None,
                    attachments=tuple(dict.fromkeys(frame.attachments or ())),
                    filter=frame.filter,
                    options=frame.options,
                    on_busy=frame.on_busy,
                )
                return await self.assistant.ask(identity, asking)
            case frames.Edit():
                editing = Editing(
                    session=frame.session_id,
                    message=MessageId(frame.message_id),
                    content=frame.content,
                    model=frame.model,
                    client_message_id=frame.client_message_id,
                    language=frame.language,
                    attachments=frame.attachments,
                    filter=frame.filter,
                    options=frame.options,
                )
                return await self.assistant.edit(identity, editing)
            case frames.Regenerate():
                retrying = Retrying(
                    session=frame.session_id,
                    answer=MessageId(frame.message_id),
                    model=frame.model,
                    client_message_id=frame.client_message_id,
                    language=frame.language,
                )
                return await self.assistant.regenerate(identity, retrying)

    async def _steer(
        self, identity: Identity, frame: frames.Steer
    ) -> frames.Ack | frames.SteerRefused:
        correcting = Correcting(
            session=frame.session_id,
            content=frame.content,
            turn=TurnId(frame.turn_id) if frame.turn_id else None,
            client_message_id=frame.client_message_id,
            language=frame.language,
        )
        conversation, accepted = await self.assistant.steer(identity, correcting)
        if accepted is None:
            return frames.SteerRefused(
                session_id=conversation.name,
                content=frame.content,
                client_message_id=frame.client_message_id,
                reason="not_running",
                ref=frame.id,
                ts=stamp(),
            )
        return _ack(conversation, accepted, frame.id, frame.client_message_id)

    async def _approve(self, identity: Identity, frame: frames.ToolApproval) -> frames.Ack:
        verdict = Verdict(
            approval=frame.approval_id,
            author=identity.principal.id,
            approved=frame.approved,
            reason=frame.reason,
            input=frame.edited_input,
        )
        conversation, accepted = await self.assistant.approve(identity, frame.session_id, verdict)
        return _ack(conversation, accepted, frame.id)

    async def _accepted(
        self,
        conversation: Conversation,
        accepted: Accepted,
        frame: Asks,
        position: dict[str, int],
    ) -> Done:
        ack = _ack(conversation, accepted, frame.id, frame.client_message_id)
        if conversation.name in position:
            return Done((ack,))
        # The asker follows from the question on.
        log = conversation_log(conversation.id)
        head = await self.assistant.log.head(log)
        ready = frames.Ready(
            session_id=conversation.name,
            epoch=head.epoch,
            head=head.seq,
            resumed=True,
            ref=frame.id,
            ts=stamp(),
        )
        attached = Attached(log, conversation.name, head.epoch, head.seq, accepted.seq - 1)
        return Done((ack, ready), Follow(attached))

    async def _cancel(self, identity: Identity, frame: frames.Cancel) -> frames.Ack:
        turn = await self.assistant.cancel(
            identity,
            frame.session_id,
            turn=TurnId(frame.turn_id) if frame.turn_id else None,
            client_message_id=frame.client_message_id,
        )
        return frames.Ack(
            ref=frame.id, session_id=frame.session_id, turn_id=turn, noop=turn is None, ts=stamp()
        )

    async def _history(self, identity: Identity, frame: frames.History) -> frames.HistoryPage:
        conversation = await self.assistant.archive.find(identity, frame.session_id)
        log = conversation_log(conversation.id)
        return await history(self.assistant.log, log, conversation.name, frame)

    async def _pass_on(self, sender: Sender, frame: Ephemeral) -> frames.Ack:
        conversation = await self.assistant.archive.find(sender.identity, frame.session_id)
        log = conversation_log(conversation.id)
        if isinstance(frame, frames.Read):
            head = await self.assistant.log.head(log)
            if frame.seq > head.seq:
                raise InvalidField("seq", f"There is nothing past the seq {head.seq} yet.")
        was_told = self.company.pass_on(log, sender, frame)
        return frames.Ack(ref=frame.id, session_id=conversation.name, noop=not was_told, ts=stamp())

    async def _attach(self, identity: Identity, frame: frames.Attach) -> Done:
        if frame.workspace_id is not None and frame.session_id is None:
            workspace = WorkspaceId(frame.workspace_id)
            attached = await self.assistant.archive.attach_documents(
                identity, workspace, frame.cursor
            )
        elif frame.session_id is not None:
            attached = await self.assistant.archive.attach(identity, frame.session_id, frame.cursor)
        else:
            raise InvalidField("sessionId", "Attach to a `sessionId` or to a `workspaceId`.")
        is_workspace = frame.session_id is None
        ready = frames.Ready(
            session_id=None if is_workspace else attached.name,
            workspace_id=attached.name if is_workspace else None,
            epoch=attached.epoch,
            head=attached.head,
            resumed=frame.cursor is not None and attached.reason is None,
            reason=attached.reason,
            ref=frame.id,
            ts=stamp(),
        )
        replies: tuple[ServerFrame, ...] = (ready,)
        if attached.view is not None:
            replies = (ready, snapshot(attached.view))
        return Done(replies, Follow(attached))

    async def _detach(self, identity: Identity, frame: frames.Detach) -> Done:
        if frame.session_id is not None:
            conversation = await self.assistant.archive.find(identity, frame.session_id)
            log = conversation_log(conversation.id)
        elif frame.workspace_id is not None:
            log = log_of_workspace(WorkspaceId(frame.workspace_id))
        else:
            raise InvalidField("sessionId", "Detach from a `sessionId` or from a `workspaceId`.")
        return Done(
            (frames.Ack(ref=frame.id, session_id=frame.session_id, ts=stamp()),), Forget(log)
        )


def _ack(
    conversation: Conversation, accepted: Accepted, ref: Ref, client_message_id: str | None = None
) -> frames.Ack:
    return frames.Ack(
        ref=ref,
        session_id=conversation.name,
        client_message_id=client_message_id,
        turn_id=accepted.turn,
        message_seq=accepted.seq,
        duplicate=accepted.duplicate,
        ts=stamp(),
    )


def snapshot(view: View) -> frames.Snapshot:
    """Return a conversation's state as a frame, and as the body of its resource."""
    return frames.Snapshot(
        session_id=view.conversation.name,
        workspace_id=view.conversation.workspace,
        title=view.conversation.title,
        as_of=view.cursor.seq,
        cursor=str(view.cursor),
        messages=view.messages,
        turn=next(iter(view.turns), None),
        turns=view.turns,
        approvals=open_approvals(view.messages),
        has_more=view.has_more,
        ts=stamp(),
    )
