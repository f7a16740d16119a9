"""What those who wait for an answer are given: pieces, resets, the proof, or why there is none."""

from hashlib import sha256
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire_client import Answer, Message, MessagePage, Reset, Snapshot, Turn, errors
from groundwire_client._following import NOTICES, Asked, Following
from groundwire_client._log import LogReader
from groundwire_client._state import Steering
from groundwire_client._wire import Ready, Typing
from groundwire_client.errors import (
    Closed,
    ContentMismatch,
    Gone,
    GroundwireError,
    Lost,
    ModelUnavailable,
)
from groundwire_client.events import (
    AnswerReset,
    AnyEvent,
    MessageCreated,
    Recorded,
    SteerAccepted,
    SteerFailed,
    Token,
    TurnDone,
    TurnFailed,
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


async def pieces_of(answer: Answer) -> list[str | Reset]:
    return [piece async for piece in answer]


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


async def test_who_reads_slowly_gets_larger_pieces_and_the_same_text() -> None:
    server = Server()
    server.begin()
    reading = aiter(server.answer())

    server.say("one ")
    assert await anext(reading) == "one "
    server.say("two ", "three")
    server.end("one two three")

    assert [piece async for piece in reading] == ["two three"]


async def test_what_was_read_and_is_withdrawn_is_told_once_with_where_to_go_back_to() -> None:
    server = Server()
    server.begin()
    answer = server.answer()
    reading, late = aiter(answer), aiter(answer)

    server.say("one ", "two ")
    assert await anext(reading) == "one two "
    server.reset(6)
    server.reset(4)
    server.say("2")
    server.end("one 2")

    assert [piece async for piece in reading] == [Reset(4), "2"]
    assert [piece async for piece in late] == ["one 2"]


async def test_what_is_withdrawn_before_it_was_read_is_not_told() -> None:
    server = Server()
    server.begin()
    reading = aiter(server.answer())

    server.say("one ")
    assert await anext(reading) == "one "
    server.say("two ")
    server.reset(4)
    server.say("2")
    server.end("one 2")

    assert [piece async for piece in reading] == ["2"]


@given(st.data())
async def test_the_pieces_less_what_resets_take_back_are_the_text(data: st.DataObject) -> None:
    server = Server()
    server.begin()
    reading = aiter(server.answer())
    text, screen = "", ""

    def show(piece: str | Reset) -> str:
        return screen[: piece.to_offset] if isinstance(piece, Reset) else screen + piece

    for _ in range(data.draw(st.integers(0, 12))):
        match data.draw(st.sampled_from(["say", "reset", "load", "read"])):
            case "say":
                piece = data.draw(st.text("ab绿😀", min_size=1, max_size=3))
                text += piece
                server.say(piece)
            case "reset":
                text = text[: data.draw(st.integers(0, 5))]
                server.reset(len(text))
            case "load":
                text = data.draw(st.text("ab绿😀", max_size=4))
                running = Turn(turn_id="t1", message_id="a1", content=text)
                server.load("e:50", message(text, status="streaming"), turns=(running,))
            case _ if text != screen:
                screen = show(await anext(reading))
            case _:
                pass
    server.end(text)
    async for piece in reading:
        screen = show(piece)
    assert screen == text


async def test_a_failed_answer_yields_what_there_is_and_then_raises_its_error() -> None:
    server = Server()
    server.begin()
    server.say("Because")
    server.tell(TurnFailed(turn_id="t1", code="model_unavailable", message="No.", retryable=True))
    server.end("Because", "error")
    answer = server.answer()
    reading = aiter(answer)

    assert await anext(reading) == "Because"
    with pytest.raises(ModelUnavailable) as caught:
        await anext(reading)
    assert caught.value.retryable
    with pytest.raises(ModelUnavailable):
        await answer.done()
    assert answer.text == "Because"


async def test_a_cancelled_answer_is_no_error() -> None:
    server = Server()
    server.begin()
    server.say("Because")
    server.end("Because", "cancelled")

    assert await pieces_of(server.answer()) == ["Because"]
    assert (await server.answer().done()).finish_reason == "cancelled"


async def test_a_text_that_is_not_the_hash_s_is_read_once_more_before_it_is_done() -> None:
    server = Server()
    server.begin()
    answer = server.answer()
    reading = aiter(answer)
    server.say("tampered")
    assert await anext(reading) == "tampered"
    server.end("true text")

    assert server.reattached == [None]
    assert is_pending(answer)
    text = "true text"
    server.load("e:4", message(text, content_hash=hash_of(text), finish_reason="stop"))

    assert [piece async for piece in reading] == [Reset(1), "rue text"]
    assert outcome(answer) == server.following.state.messages[-1]


async def test_a_text_that_the_snapshot_does_not_mend_is_an_error_and_is_not_read_again() -> None:
    server = Server()
    server.begin()
    server.say("tampered")
    server.end("true text")
    server.load("e:4", message("tampered", content_hash=hash_of("true text")))

    assert server.reattached == [None]
    with pytest.raises(ContentMismatch):
        outcome(server.answer())


async def test_a_question_that_the_log_no_longer_has_is_lost() -> None:
    server = Server()
    server.begin()
    answer = server.answer()
    assert is_pending(answer)

    server.load("f:0")

    with pytest.raises(Lost):
        outcome(answer)


async def test_a_question_that_is_not_read_yet_is_not_lost() -> None:
    server = Server()
    answer = server.answer(seq=3)
    unread = server.answer(turn_id="t2", seq=9, epoch=None)

    server.tell(MessageCreated(turn_id="t0", message_id="q0", content="Before."))

    assert is_pending(answer)
    assert is_pending(unread)
    server.following.reader.interrupt()
    assert is_pending(server.answer(turn_id="t9"))


@pytest.mark.parametrize("error", [Gone("It was deleted."), Closed("Closed here.")])
async def test_the_end_of_the_following_ends_what_is_not_done_and_nothing_else(
    error: GroundwireError,
) -> None:
    server = Server()
    server.begin()
    server.say("x")
    server.end("x")
    server.begin("t2", "a2")
    done, running = server.answer(), server.answer(turn_id="t2")

    server.following.reader.refuse(error)

    assert outcome(done) is not None
    with pytest.raises(type(error)):
        outcome(running)


ACCEPTED = SteerAccepted(
    turn_id="t1", message_id="q2", client_message_id="k2", content="In English.", author="p"
)
CORRECTION: dict[str, Any] = {
    "turn_id": "t2",
    "seq": 3,
    "client_message_id": "k2",
    "content": "In English.",
    "is_correction": True,
}


class TestCorrections:
    async def test_one_that_waits_is_waited_for_and_then_answered(self) -> None:
        server = Server()
        server.begin()
        server.tell(ACCEPTED)
        answer = server.answer(**CORRECTION)
        assert is_pending(answer)

        server.end("", "steered")
        # Between the end of the one turn and the beginning of the other.
        assert is_pending(answer)
        server.tell(
            MessageCreated(
                turn_id="t2", message_id="q2", content="In English.", client_message_id="k2"
            ),
            TurnStarted(turn_id="t2", message_id="a2", model="scripted"),
            TurnDone(turn_id="t2", message_id="a2", finish_reason="stop", content_hash=hash_of("")),
        )

        assert outcome(answer) == server.following.state.messages[-1]

    async def test_one_that_is_given_back_is_an_error_with_its_text(self) -> None:
        server = Server()
        server.begin()
        server.tell(
            ACCEPTED,
            SteerFailed(
                turn_id="t1",
                message_id="q2",
                client_message_id="k2",
                content="In English.",
                reason="cancelled",
            ),
        )
        server.end("", "cancelled")

        with pytest.raises(errors.SteerFailed) as caught:
            outcome(server.answer(**CORRECTION))
        assert caught.value.content == "In English."

    async def test_one_that_a_snapshot_shows_waiting_is_waited_for(self) -> None:
        server = Server()
        steering = Steering(
            message_id="q2", content="In English.", author="p", client_message_id="k2"
        )
        server.load("e:9", turns=(Turn(turn_id="t1", steers=(steering,)),))

        assert is_pending(server.answer(**CORRECTION))

    async def test_one_of_which_a_snapshot_shows_nothing_is_given_back(self) -> None:
        server = Server()
        server.load("e:9")

        with pytest.raises(errors.SteerFailed):
            outcome(server.answer(**CORRECTION))


def test_of_notices_that_nobody_takes_the_oldest_are_dropped() -> None:
    server = Server()
    for n in range(NOTICES + 3):
        server.following.reader.receive(Typing(connection_id=str(n), principal="p"))

    assert [notice.connection_id for notice in server.following.notices][:2] == ["3", "4"]
    assert len(server.following.notices) == NOTICES


def numbered(*numbers: int) -> list[Message]:
    return [message(str(n), message_id=str(n), turn_id=f"t{n}") for n in numbers]


def numbers(server: Server) -> list[int]:
    return [int(each.message_id) for each in server.following.state.messages]


class TestOlderMessages:
    def page(self, server: Server, *numbers: int, has_more: bool) -> None:
        before = server.following.paged_to
        assert before is not None
        page = MessagePage(messages=tuple(numbered(*numbers)), has_more=has_more)
        server.following.put_before(before, page)

    def test_pages_lead_to_the_first_message(self) -> None:
        server = Server()
        server.load("e:9", *numbered(*range(71, 121)))

        self.page(server, *range(31, 71), has_more=True)
        assert server.following.state.has_more
        self.page(server, *range(1, 31), has_more=False)

        assert numbers(server) == list(range(1, 121))
        assert not server.following.state.has_more

    def test_what_a_snapshot_leaves_out_in_the_middle_is_filled_in(self) -> None:
        """A branch that leaves off far back comes in two parts."""
        server = Server()
        server.load("e:9", *numbered(1, 2, 3, *range(71, 121)))
        assert server.following.paged_to == "71"

        self.page(server, *range(41, 71), has_more=True)
        assert numbers(server) == [1, 2, 3, *range(41, 121)]
        self.page(server, *range(2, 41), has_more=True)
        self.page(server, 1, has_more=False)

        assert numbers(server) == list(range(1, 121))

    def test_a_page_of_what_was_loaded_anew_meanwhile_is_left_out(self) -> None:
        server = Server()
        server.load("e:9", *numbered(*range(71, 121)))
        page = MessagePage(messages=tuple(numbered(*range(1, 71))), has_more=False)

        server.load("f:3", *numbered(500))
        server.following.put_before("71", page)

        assert numbers(server) == [500]
