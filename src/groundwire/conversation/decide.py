"""What a conversation may do next: pure decisions on its desk.

A decision runs inside the transaction that stores it, alone on its conversation, so that
two of them can never both believe that they came first.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Literal

import msgspec

from groundwire.conversation.approve import end_approval
from groundwire.conversation.asked import Accepted, digest, known, remember, rest_parts
from groundwire.conversation.steer import Steering, apply, give_back, steer
from groundwire.model.errors import Busy, Fenced, QueueFull
from groundwire.model.events import (
    Done,
    FinishReason,
    MessageCreated,
    Progress,
    TurnFailed,
    TurnStarted,
)
from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, TurnId
from groundwire.model.standing import DEFAULT, Active, Options, Waiting
from groundwire.ports.event_log import Desk

OnBusy = Literal["queue", "reject", "steer", "cancel"]
EMPTY_HASH = sha256(b"").hexdigest()
# Whoever stopped an answer does not want it gone on with, and one that failed cannot be.
_GIVES_BACK: frozenset[FinishReason] = frozenset({"cancelled", "error", "interrupted"})


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks; ``turn``, ``message`` and ``answer`` are its ids if it is new.

    It follows ``parent``, or the newest answer. ``fork_of`` is the question that it is another
    wording of; it then follows what that one follows, which may be nothing.
    """

    turn: TurnId
    message: MessageId
    answer: MessageId
    author: str
    content: str
    client_message_id: str | None = None
    model: str | None = None
    language: str = "en"
    parent: MessageId | None = None
    fork_of: MessageId | None = None
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None
    options: Options = DEFAULT
    on_busy: OnBusy = "queue"
    queued_msg: str = ""
    queue_limit: int = 10

    @property
    def digest(self) -> str:
        forks = (self.fork_of,) if self.fork_of else ()
        rests_on = rest_parts(self.attachments, self.filter)
        said = (*forks, self.content, self.model or "", *rests_on)
        return digest("edit" if forks else "ask", *said)


@dataclass(frozen=True, slots=True)
class Retry:
    """Another try, ``answer``, of the answer ``fork_of`` to ``question``."""

    turn: TurnId
    question: MessageId
    answer: MessageId
    fork_of: MessageId
    author: str
    client_message_id: str | None = None
    model: str | None = None
    language: str = "en"
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None
    queued_msg: str = ""
    queue_limit: int = 10

    @property
    def digest(self) -> str:
        return digest("regenerate", self.fork_of, self.model or "")


def ask(desk: Desk, question: Question) -> Accepted:
    """Record the question and let its turn wait; or do what its asker wishes while one runs.

    Raises ``IdempotencyConflict``, ``Busy`` and ``QueueFull``.
    """
    if accepted := known(desk, question):
        return accepted
    if question.on_busy == "reject" and desk.standing.is_busy:
        raise Busy
    if question.on_busy == "steer" and (accepted := steer(desk, _as_steering(question))):
        return accepted
    _check_room(desk, question.queue_limit)
    seq = desk.append(
        MessageCreated(
            turn_id=question.turn,
            message_id=question.message,
            role="user",
            content=question.content,
            author=question.author,
            client_message_id=question.client_message_id,
            parent_id=question.parent
            if question.fork_of
            else question.parent or desk.standing.leaf,
            fork_of=question.fork_of,
            model=question.model,
            language=question.language,
            attachments=question.attachments,
            filter=question.filter,
        )
    )
    if desk.standing.is_busy:
        desk.append(Progress(turn_id=question.turn, status="queued", msg=question.queued_msg))
    active = desk.standing.active
    accepted = _enqueue(desk, question, _waiting(question), seq)
    if question.on_busy == "cancel" and active is not None:
        return replace(accepted, ends=active.asked.turn)
    return accepted


def regenerate(desk: Desk, retry: Retry) -> Accepted:
    """Let another try of an answer wait. Raises as `ask` does."""
    if accepted := known(desk, retry):
        return accepted
    _check_room(desk, retry.queue_limit)
    seq = desk.append(Progress(turn_id=retry.turn, status="queued", msg=retry.queued_msg))
    waiting = Waiting(
        turn=retry.turn,
        question=retry.question,
        answer=retry.answer,
        author=retry.author,
        model=retry.model,
        language=retry.language,
        fork_of=retry.fork_of,
        attachments=retry.attachments,
        filter=retry.filter,
    )
    return _enqueue(desk, retry, waiting, seq)


def start(desk: Desk) -> Active | None:
    """Make the turn that waits longest the active one; ``None`` if none waits or one runs."""
    standing = desk.standing
    if standing.active is not None or not standing.waiting:
        return None
    active = Active(asked=standing.waiting[0], fence=desk.next_fence())
    desk.standing = msgspec.structs.replace(standing, active=active, waiting=standing.waiting[1:])
    return active


def take_over(desk: Desk) -> Active | None:
    """Make this process the writer of the turn that another one left active, if one did."""
    active = desk.standing.active
    if active is None:
        return None
    taken = msgspec.structs.replace(active, fence=desk.next_fence(), attempt=active.attempt + 1)
    desk.standing = msgspec.structs.replace(desk.standing, active=taken)
    return taken


def finish(
    desk: Desk,
    active: Active,
    done: Done,
    *,
    failed: TurnFailed | None = None,
    has_begun: bool = True,
) -> int:
    """End the active turn, of which ``turn.started`` was said if it ``has_begun``.

    Corrections that were accepted meanwhile are the next turns, unless it was cancelled or
    failed: then their texts are given back. Raises ``Fenced`` if it is not the active one any
    more.
    """
    if desk.standing.active != active:
        raise Fenced
    if not has_begun:
        _begin(desk, active.asked)
    for approval in desk.standing.approvals:
        end_approval(desk, approval.id, "conflict", "The answer ended first.")
    if done.finish_reason in _GIVES_BACK:
        give_back(desk, active, done.finish_reason)
    if failed is not None:
        desk.append(failed)
    desk.standing = msgspec.structs.replace(desk.standing, active=None)
    seq = desk.append(done)
    apply(desk, active)
    return seq


def withdraw(desk: Desk, turn: TurnId | None, reason: FinishReason) -> TurnId | None:
    """End ``turn`` if it still waits, or for ``None`` the next one unless one is active.

    Returns the turn that ended.
    """
    standing = desk.standing
    if turn is None and standing.active is None and standing.waiting:
        turn = standing.waiting[0].turn
    asked = next((each for each in standing.waiting if each.turn == turn), None)
    if asked is None:
        return None
    rest = tuple(each for each in standing.waiting if each is not asked)
    desk.standing = msgspec.structs.replace(standing, waiting=rest)
    _begin(desk, asked)
    desk.append(
        Done(
            turn_id=asked.turn,
            message_id=asked.answer,
            finish_reason=reason,
            content_hash=EMPTY_HASH,
        )
    )
    return asked.turn


def find_turn(desk: Desk, author: str, client_message_id: str) -> TurnId | None:
    """Return the turn that its author asked for under this id."""
    asked = desk.find_asked(author, client_message_id)
    return asked.turn if asked else None


def _begin(desk: Desk, asked: Waiting) -> None:
    """Give a turn that ends before it was begun its answer, an empty one.

    What was asked after it follows that answer.
    """
    desk.append(
        TurnStarted(
            turn_id=asked.turn,
            message_id=asked.answer,
            parent_id=asked.question,
            model=asked.model or "auto",
            fork_of=asked.fork_of,
        )
    )


def _check_room(desk: Desk, limit: int) -> None:
    if len(desk.standing.waiting) >= limit:
        raise QueueFull(limit)


def _enqueue(desk: Desk, command: Question | Retry, waiting: Waiting, seq: int) -> Accepted:
    standing = desk.standing
    desk.standing = msgspec.structs.replace(
        standing, waiting=(*standing.waiting, waiting), leaf=waiting.answer
    )
    return remember(desk, command, command.turn, seq)


def _waiting(question: Question) -> Waiting:
    return Waiting(
        turn=question.turn,
        question=question.message,
        answer=question.answer,
        author=question.author,
        model=question.model,
        language=question.language,
        options=question.options,
        attachments=question.attachments,
        filter=question.filter,
    )


def _as_steering(question: Question) -> Steering:
    return Steering(
        turn=question.turn,
        message=question.message,
        answer=question.answer,
        author=question.author,
        content=question.content,
        client_message_id=question.client_message_id,
        model=question.model,
        language=question.language,
        options=question.options,
        attachments=question.attachments,
        filter=question.filter,
    )
