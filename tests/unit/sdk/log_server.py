"""A log that is told event by event to one who follows it."""

from hashlib import sha256
from typing import Any, cast

from groundwire_client import Answer, Message, Snapshot, Turn
from groundwire_client._following import Asked, Following
from groundwire_client._log import LogReader
from groundwire_client._wire import Ready
from groundwire_client.events import (
    AnswerReset,
    AnyEvent,
    MessageCreated,
    Recorded,
    Token,
    TurnDone,
    TurnStarted,
)


class Server:
    """A log that is told event by event to one who follows it."""

    def __init__(self) -> None:
        self.following = Following("c", self)
        self.reattached: list[str | None] = []
        self.load("e:0")

    def reattach(self, reader: LogReader) -> None:
        self.reattached.append(reader.cursor)

    def load(self, cursor: str, *messages: Message, turns: tuple[Turn, ...] = ()) -> None:
        epoch, _, seq = cursor.partition(":")
        reader = self.following.reader
        reader.receive(Ready(epoch=epoch, head=int(seq)))
        reader.receive(Snapshot(session_id="c", cursor=cursor, messages=messages, turns=turns))

    def tell(self, *events: AnyEvent) -> None:
        for event in events:
            seq = self.following.reader.seq + 1
            self.following.reader.receive(Recorded(seq=seq, first=seq, ts="t", event=event))

    def begin(self, turn: str = "t1", answer: str = "a1") -> None:
        self.tell(
            MessageCreated(turn_id=turn, message_id=f"q-{turn}", content="Why?"),
            TurnStarted(turn_id=turn, message_id=answer, model="scripted"),
        )

    def say(self, *pieces: str) -> None:
        self.tell(*(Token(turn_id="t1", message_id="a1", content=piece) for piece in pieces))

    def reset(self, to: int) -> None:
        self.tell(AnswerReset(turn_id="t1", message_id="a1", to_offset=to))

    def end(self, text: str, reason: str = "stop") -> None:
        self.tell(
            TurnDone(
                turn_id="t1", message_id="a1", finish_reason=reason, content_hash=hash_of(text)
            )
        )

    def answer(self, **fields: Any) -> Answer:
        known: dict[str, Any] = {"turn_id": "t1", "seq": 1, "epoch": "e"}
        return Answer(self.following, NOBODY, Asked(**(known | fields)))


class Nobody:
    async def cancel(self, turn_id: str | None = None) -> bool:
        raise NotImplementedError

    async def steer(self, content: str, *, turn_id: str | None = None) -> Answer:
        raise NotImplementedError

    async def regenerate(self, message_id: str, *, model: str | None = None) -> Answer:
        raise NotImplementedError


NOBODY = Nobody()


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def message(text: str, **fields: Any) -> Message:
    known: dict[str, Any] = {"message_id": "a1", "turn_id": "t1", "role": "assistant"}
    known |= {"content": text, "status": "complete", "created_at": "t"}
    return Message(**(known | fields))


def outcome(answer: Answer) -> Message | None:
    """Return what became of it by now, or ``None`` if there may be more."""
    waiting = answer.done()
    try:
        waiting.send(None)
    except StopIteration as done:
        return cast("Message", done.value)
    waiting.close()
    return None


def is_pending(answer: Answer) -> bool:
    return outcome(answer) is None
