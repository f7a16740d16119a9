"""What a conversation's log must know to decide on the next command."""

import msgspec

from groundwire.model.ids import MessageId, TurnId


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A turn that was asked for and has not begun.

    ``question`` is the message it answers, ``answer`` the one it will write; ``fork_of`` is
    the answer that it is another try of.
    """

    turn: TurnId
    question: MessageId
    answer: MessageId
    author: str
    model: str | None = None
    language: str = "en"
    fork_of: MessageId | None = None


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """The turn that is being answered, and the number its one writer holds."""

    asked: Waiting
    fence: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The turns of a conversation that are not done.

    ``leaf`` is the message that the next question follows: the newest answer, be it written
    yet or not.
    """

    active: Active | None = None
    waiting: tuple[Waiting, ...] = ()
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
