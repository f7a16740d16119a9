"""What a conversation's log must know to decide on the next command."""

from datetime import datetime

import msgspec

from groundwire.model.filters import Filter
from groundwire.model.ids import DocumentId, MessageId, TurnId


class Options(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """How an answer is to be made; what is left out is up to the installation.

    ``tools`` are the names of those that the model may use, among the ones that there are.
    """

    temperature: float | None = None
    max_tokens: int | None = None
    tools: tuple[str, ...] | None = None


DEFAULT = Options()


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that was asked for and has not begun.

    ``question`` is the message it answers, ``answer`` the one it will write; ``fork_of`` is
    the answer that it is another try of. ``attachments`` are the documents that it is to rest
    on, if not on all; ``filter`` limits which these may be.
    """

    turn: TurnId
    question: MessageId
    answer: MessageId
    author: str
    model: str | None = None
    language: str = "en"
    fork_of: MessageId | None = None
    options: Options = DEFAULT
    attachments: tuple[DocumentId, ...] = ()
    filter: Filter | None = None


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """The turn that is being answered, and the number its one writer holds.

    ``attempt`` counts the writers that it had, from 1.
    """

    asked: Waiting
    fence: int
    attempt: int = 1


class Steer(msgspec.Struct, frozen=True, kw_only=True):
    """A correction of the active turn that was accepted, and the turn that it asks for."""

    becomes: Waiting
    content: str
    client_message_id: str | None = None


class OpenApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call of the active turn that a person has yet to allow."""

    id: str
    tool_call_id: str
    expires_at: datetime


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of a conversation that are not done.

    ``steers`` and ``approvals`` are those of the active turn. ``leaf`` is the message that the
    next question follows: the newest answer, be it written yet or not.
    """

    active: Active | None = None
    waiting: tuple[Waiting, ...] = ()
    steers: tuple[Steer, ...] = ()
    approvals: tuple[OpenApproval, ...] = ()
    leaf: MessageId | None = None

    @property
    def is_busy(self) -> bool:
        return self.active is not None or bool(self.waiting)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was accepted under its author's ``client_message_id``.

    ``digest`` is of what was asked, so that another text under the same id is noticed;
    ``seq`` is where its first event stands.
    """

    author: str
    client_message_id: str
    digest: str
    turn: TurnId
    seq: int
