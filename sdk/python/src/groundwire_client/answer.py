"""An answer while it is given, and once it is there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from groundwire_client._following import Asked, Following, Place
from groundwire_client._signal import Stream
from groundwire_client._state import Message, ToolUse, Turn
from groundwire_client.events import Citation, Source


@dataclass(frozen=True, slots=True)
class Reset:
    """The answer is begun anew from ``to_offset`` (code points): take back what came after.

    It comes when another attempt took over, after a server that answered was lost.
    """

    to_offset: int


class Asker(Protocol):
    """What an answer asks of its conversation."""

    async def cancel(self, turn_id: str | None = None) -> bool: ...

    async def steer(self, content: str, *, turn_id: str | None = None) -> "Answer": ...

    async def regenerate(self, message_id: str, *, model: str | None = None) -> "Answer": ...


class Answer:
    """The answer to one question. It goes on whether or not anybody reads it.

    ``async for piece in answer`` yields its text from the beginning in pieces, each a ``str``,
    and a ``Reset`` where text that was yielded does not stand: concatenated, less what resets
    take back, the pieces are ``text``. Who reads slowly gets larger pieces. The loop ends with
    the answer, and raises the error of one that failed.
    """

    def __init__(self, following: Following, asker: Asker, asked: Asked) -> None:
        self._following = following
        self._asker = asker
        self._asked = asked

    def __repr__(self) -> str:
        return f"<Answer {self.turn_id} {self.status}>"

    @property
    def turn_id(self) -> str:
        return self._asked.turn_id

    @property
    def client_message_id(self) -> str | None:
        """The id under which it was asked: to ask again with it is no second question."""
        return self._asked.client_message_id

    @property
    def message(self) -> Message | None:
        """The answer as far as it has come; ``None`` before it has begun."""
        return self._following.state.find_answer(self.turn_id)

    @property
    def turn(self) -> Turn | None:
        """What goes on, as a word and as a sentence; ``None`` once it is done."""
        return self._following.state.find_turn(self.turn_id)

    @property
    def status(self) -> str:
        """A word for what goes on (``queued``, ``retrieving`` …), or ``done``."""
        if self.turn is not None:
            return self.turn.status
        return "queued" if self.message is None else "done"

    @property
    def text(self) -> str:
        return self.message.content if self.message is not None else ""

    @property
    def reasoning(self) -> str:
        return (self.message.reasoning or "") if self.message is not None else ""

    @property
    def sources(self) -> tuple[Source, ...]:
        return self.message.sources if self.message is not None else ()

    @property
    def citations(self) -> tuple[Citation, ...]:
        return self.message.citations if self.message is not None else ()

    @property
    def tools(self) -> tuple[ToolUse, ...]:
        return self.message.tools if self.message is not None else ()

    @property
    def finish_reason(self) -> str | None:
        return self.message.finish_reason if self.message is not None else None

    def __aiter__(self) -> AsyncIterator[str | Reset]:
        following, place = self._following, self._following.place(self.turn_id)
        return Stream(
            lambda: _next_piece(following, place),
            following.signal,
            is_over=lambda: following.settled(self._asked) is not None,
        )

    async def done(self) -> Message:
        """Return the whole answer, once its text has been compared with the server's hash.

        Raises the error of a turn that failed (what was said by then stays in ``text``). One
        that was cancelled is no error: see ``finish_reason``.
        """
        while (message := self._following.settled(self._asked)) is None:
            await self._following.signal.wait()
        return message

    async def cancel(self) -> bool:
        """End it, and return whether there was anything to end. What was said stays."""
        return await self._asker.cancel(self.turn_id)

    async def steer(self, content: str) -> "Answer":
        """Correct it while it runs; return the answer that goes on in its place.

        Raises ``SteerFailed`` if it had ended before.
        """
        return await self._asker.steer(content, turn_id=self.turn_id)

    async def regenerate(self, *, model: str | None = None) -> "Answer":
        """Answer the same question once more, beside this answer."""
        message = await self.done()
        return await self._asker.regenerate(message.message_id, model=model)


def _next_piece(following: Following, place: Place) -> str | Reset | None:
    if place.withdrawn is not None:
        to_offset, place.withdrawn = place.withdrawn, None
        return Reset(to_offset)
    answer = following.state.find_answer(place.turn_id)
    if answer is None or len(answer.content) <= place.at:
        return None
    piece = answer.content[place.at :]
    place.at = len(answer.content)
    return piece
