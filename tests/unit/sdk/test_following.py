"""What those who wait for an answer are given: pieces, resets, the proof, or why there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwire_client import Answer, Reset, Turn
from groundwire_client._following import NOTICES
from groundwire_client._wire import Typing
from groundwire_client.errors import (
    Closed,
    ContentMismatch,
    Gone,
    GroundwireError,
    Lost,
    ModelUnavailable,
)
from groundwire_client.events import MessageCreated, TurnFailed
from tests.unit.sdk.log_server import Server, hash_of, is_pending, message, outcome


async def pieces_of(answer: Answer) -> list[str | Reset]:
    return [piece async for piece in answer]


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


def test_of_notices_that_nobody_takes_the_oldest_are_dropped() -> None:
    server = Server()
    for n in range(NOTICES + 3):
        server.following.reader.receive(Typing(connection_id=str(n), principal="p"))

    assert [notice.connection_id for notice in server.following.notices][:2] == ["3", "4"]
    assert len(server.following.notices) == NOTICES
