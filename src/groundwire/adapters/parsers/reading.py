"""What the server knows of a file while it is being read, part by part."""

from groundwire.adapters.parsers import parts
from groundwire.adapters.parsers.messages import Begun, Drawn, Message, Part, Refusal, Reply
from groundwire.model.documents import Parsed
from groundwire.model.errors import NotFound, UnreadableDocument


class Reading:
    """``following`` is the member to go on with, from 0; ``None`` when all has been said.

    ``chars`` is how much text there is. A parser's end in the middle of a member costs that
    member only.
    """

    def __init__(self) -> None:
        self.chars = 0
        self.following: int | None = 0
        self._parts: list[Parsed] = []
        self._begun: Begun | None = None
        self._reply: Reply | None = None

    def take(self, message: Message) -> bool:
        """Note what a parser says; return whether it was its last word."""
        match message:
            case Begun():
                self._begun = message
            case Part(parsed):
                self._parts.append(parsed)
                self.chars += sum(len(block.text) for block in parsed.blocks)
                self._begun = None
            case Reply(following=following):
                self.following = following
                self._reply = message
                return True
            case _:
                pass
        return False

    def fail(self, refusal: Refusal) -> None:
        """Note that the parser has ended before its last word."""
        if self._begun is None:
            self.give_up(refusal)
            return
        self._parts.append(parts.lost(self._begun.name, refusal))
        self.following, self._begun = self._begun.number + 1, None

    def give_up(self, refusal: Refusal) -> None:
        self.following, self._reply = None, Reply(refusal=refusal)

    def outcome(self) -> Parsed:
        """Return all that was read. Raises ``UnreadableDocument``."""
        reply = self._reply
        if reply and reply.parsed is not None:
            return reply.parsed
        if reply and reply.refusal is not None:
            if not any(part.blocks for part in self._parts):
                raise UnreadableDocument(reply.refusal.reason, reply.refusal.message)
            self._parts.append(parts.lost("…", reply.refusal))
        return parts.join(self._parts)


class Drawing:
    """What the server knows of a page that is being drawn."""

    chars = 0

    def __init__(self) -> None:
        self._drawn = Drawn()

    def take(self, message: Message) -> bool:
        if isinstance(message, Drawn):
            self._drawn = message
        return isinstance(message, Drawn)

    def fail(self, refusal: Refusal) -> None:
        self._drawn = Drawn(refusal=refusal)

    give_up = fail

    def outcome(self) -> bytes:
        """Return the picture. Raises ``UnreadableDocument`` and ``NotFound``."""
        if self._drawn.refusal is not None:
            raise UnreadableDocument(self._drawn.refusal.reason, self._drawn.refusal.message)
        if self._drawn.image is None:
            raise NotFound("page")
        return self._drawn.image
