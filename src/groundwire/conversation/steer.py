"""Correcting an answer while it runs: pure decisions on a conversation's desk.

The running turn ends as soon as it can (with the next token, or when the tool that runs is
done) and a turn of its own goes on with the steering text.
"""

from dataclasses import dataclass, replace

import msgspec

from groundwire.conversation.asked import Accepted, digest, known, remember, rest_parts
from groundwire.model.events import MessageCreated, SteerAccepted, SteerApplied, SteerFailed
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, TurnId
from groundwire.model.standing import DEFAULT, Active, Options, Steer, Waiting
from groundwire.ports.event_log import Desk


@dataclass(frozen=True, slots=True)
class Steering:
    """A correction of ``steered``, or of whichever turn is active.

    ``turn``, ``message`` and ``answer`` are the ids of the turn that goes on with it.
    """

    turn: TurnId
    message: MessageId
    answer: MessageId
    author: str
    content: str
    steered: TurnId | None = None
    client_message_id: str | None = None
    model: str | None = None
    language: str = "en"
    options: Options = DEFAULT
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None

    @property
    def digest(self) -> str:
        rests_on = rest_parts(self.attachments, self.filter)
        return digest("ask", self.content, self.model or "", *rests_on)


def steer(desk: Desk, steering: Steering) -> Accepted | None:
    """Accept the correction; ``None`` if no such turn runs any more.

    It goes on with the model and the documents of that turn, if it names no others.
    Raises ``IdempotencyConflict``.
    """
    if accepted := known(desk, steering):
        return accepted
    standing = desk.standing
    active = standing.active
    if active is None or steering.steered not in (None, active.asked.turn):
        return None
    seq = desk.append(
        SteerAccepted(
            turn_id=active.asked.turn,
            message_id=steering.message,
            client_message_id=steering.client_message_id,
            content=steering.content,
            author=steering.author,
        )
    )
    steers = (*standing.steers, _pending(steering, active))
    desk.standing = msgspec.structs.replace(standing, steers=steers)
    return replace(remember(desk, steering, steering.turn, seq), ends=active.asked.turn)


def give_back(desk: Desk, active: Active, reason: str) -> None:
    """Return the texts of corrections that the end of the turn leaves no room for."""
    for each in desk.standing.steers:
        desk.append(
            SteerFailed(
                turn_id=active.asked.turn,
                message_id=each.becomes.question,
                client_message_id=each.client_message_id,
                content=each.content,
                reason=reason,
            )
        )
    desk.standing = msgspec.structs.replace(desk.standing, steers=())


def apply(desk: Desk, active: Active) -> None:
    """Let the corrections of the turn that has just ended be the next turns, in their order.

    They follow the answer that they corrected. What waits already was asked without knowing
    of them and keeps its place in the tree.
    """
    standing = desk.standing
    parent = active.asked.answer
    for each in standing.steers:
        turn = each.becomes
        desk.append(
            MessageCreated(
                turn_id=turn.turn,
                message_id=turn.question,
                role="user",
                content=each.content,
                author=turn.author,
                client_message_id=each.client_message_id,
                parent_id=parent,
                model=turn.model,
                language=turn.language,
                attachments=turn.attachments,
                filter=turn.filter,
            )
        )
        desk.append(
            SteerApplied(
                turn_id=turn.turn,
                message_id=turn.question,
                client_message_id=each.client_message_id,
                steered=active.asked.turn,
            )
        )
        parent = turn.answer
    desk.standing = msgspec.structs.replace(
        standing,
        steers=(),
        waiting=(*(each.becomes for each in standing.steers), *standing.waiting),
        leaf=parent if standing.leaf == active.asked.answer else standing.leaf,
    )


def _pending(steering: Steering, active: Active) -> Steer:
    return Steer(
        becomes=Waiting(
            turn=steering.turn,
            question=steering.message,
            answer=steering.answer,
            author=steering.author,
            model=steering.model or active.asked.model,
            language=steering.language,
            options=steering.options,
            attachments=steering.attachments or active.asked.attachments,
            filter=steering.filter or active.asked.filter,
        ),
        content=steering.content,
        client_message_id=steering.client_message_id,
    )
