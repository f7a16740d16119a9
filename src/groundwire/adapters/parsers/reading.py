"""What the server knows of a file while it is being read, part by part."""

import msgspec

from groundwire.adapters.parsers import parts
from groundwire.adapters.parsers.messages import (
    Begun,
    Chunks,
    Drawn,
    Message,
    Part,
    Refusal,
    Reply,
)
from groundwire.model.documents import Cut, Parsed
from groundwire.model.errors import NotFound, UnreadableDocument
from groundwire.model.ids import DocumentId, chunk_id


class Reading:
    """``following`` is the member to go on with, from 0; ``None`` when all has been said.

    ``chars`` is how much text there is. A parser's end in the middle of a member costs that
    member only.
    """

    def __init__(self) -> None:
        self.chars = 0
        self.following: int | None = 0
        self._parts: list[Parsed] = []
        self._chunks: list[Chunks] = []
        # Those of what is not read to its end yet.
        self._coming: list[Chunks] = []
        self._begun: Begun | None = None
        self._reply: Reply | None = None

    def take(self, message: Message) -> bool:
        """Note what a parser says; return whether it was its last word."""
        match message:
            case Begun():
                self._begun = message
            case Chunks(chunks):
                self._coming.append(message)
                self.chars += sum(len(chunk.text) for chunk in chunks)
            case Part(parsed):
                self._parts.append(parsed)
                self.chars += sum(len(block.text) for block in parsed.blocks)
                self._keep_chunks()
                self._begun = None
            case Reply(following=following):
                self.following = following
                self._reply = message
                if message.parsed is not None:
                    self._keep_chunks()
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
        self._coming.clear()

    def give_up(self, refusal: Refusal) -> None:
        self.following, self._reply = None, Reply(refusal=refusal)

    def outcome(self) -> Parsed:
        """Return all that was read, without what is in chunks. Raises ``UnreadableDocument``."""
        reply, read = self._reply, self._parts
        if reply and reply.parsed is not None:
            return reply.parsed
        if reply and reply.refusal is not None:
            if not self._has_text():
                raise UnreadableDocument(reply.refusal.reason, reply.refusal.message)
            read = [*read, parts.lost("…", reply.refusal)]
        joined = parts.together(read)
        if not self._has_text():
            raise parts.nothing(joined.unread)
        return joined

    def cut(self, document: DocumentId, version: int) -> Cut:
        """Return all that was read as chunks of ``document``. Raises ``UnreadableDocument``."""
        whole = self.outcome()
        chunks = (chunk for some in self._chunks for chunk in some.chunks)
        return Cut(
            chunks=[
                msgspec.structs.replace(
                    chunk,
                    id=chunk_id(document, position, version),
                    document=document,
                    position=position,
                )
                for position, chunk in enumerate(chunks)
            ],
            terms=[terms for some in self._chunks for terms in some.terms],
            pages=whole.pages,
            unread=whole.unread,
        )

    def _has_text(self) -> bool:
        return bool(self._chunks) or any(part.blocks for part in self._parts)

    def _keep_chunks(self) -> None:
        self._chunks += self._coming
        self._coming.clear()


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
