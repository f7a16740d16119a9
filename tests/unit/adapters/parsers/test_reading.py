"""What is kept of a file whose parser says its chunks, and may end at any moment."""

import pytest

from groundwire.adapters.parsers.messages import (
    BROKEN,
    TIMED_OUT,
    Begun,
    Chunks,
    Cutting,
    Part,
    Reply,
)
from groundwire.adapters.parsers.reading import Reading
from groundwire.model.documents import Chunk, Parsed, Terms, Unread
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId, chunk_id

GUIDE = DocumentId("d_guide")
NOTHING = Parsed(blocks=())


@pytest.fixture
def reading() -> Reading:
    return Reading(Cutting(GUIDE, 1))


def chunks(*texts: str, position: int = 0) -> Chunks:
    return Chunks(
        [
            Chunk(id=chunk_id(GUIDE, at), document=GUIDE, position=at, text=text)
            for at, text in enumerate(texts, position)
        ],
        [Terms("", text) for text in texts],
    )


def kept(reading: Reading) -> list[str]:
    cut = reading.cut()
    assert [terms.text for terms in cut.terms] == [chunk.text for chunk in cut.chunks]
    return [chunk.text for chunk in cut.chunks]


def test_chunks_come_in_several_messages(reading: Reading) -> None:
    reading.take(chunks("a", "b"))
    reading.take(chunks("c", position=2))
    is_last = reading.take(Reply(parsed=Parsed(blocks=(), pages=3)))

    assert is_last
    assert kept(reading) == ["a", "b", "c"]
    assert reading.cut().pages == 3


def test_a_file_that_is_lost_leaves_no_chunks_and_no_gap(reading: Reading) -> None:
    reading.take(Begun(0, "one.txt"))
    reading.take(chunks("one"))
    reading.take(Part(NOTHING))
    reading.take(Begun(1, "two.txt"))
    reading.take(chunks("half of two", position=1))
    reading.fail(BROKEN)

    asked = reading.request("/blob", "all.zip")
    assert (asked.start, asked.cutting) == (2, Cutting(GUIDE, 1, position=1))

    reading.take(Begun(2, "three.txt"))
    reading.take(chunks("three", position=1))
    reading.take(Part(NOTHING))
    reading.take(Reply())
    assert kept(reading) == ["one", "three"]
    assert [each.where for each in reading.cut().unread] == ["two.txt"]


def test_a_turn_goes_on_where_the_one_before_ended(reading: Reading) -> None:
    reading.take(Begun(0, "one.txt"))
    reading.take(chunks("one", "more of one"))
    reading.take(Part(NOTHING))
    reading.take(Reply(following=1))

    asked = reading.request("/blob", "all.zip")

    assert (asked.start, asked.cutting) == (1, Cutting(GUIDE, 1, position=2))


def test_a_file_that_is_refused_in_the_middle_is_refused(reading: Reading) -> None:
    reading.take(chunks("a"))
    reading.take(Reply(refusal=BROKEN))

    with pytest.raises(UnreadableDocument) as caught:
        reading.cut()
    assert caught.value.reason == "broken"


def test_what_was_read_is_kept_when_the_rest_takes_too_long(reading: Reading) -> None:
    reading.take(Begun(0, "one.txt"))
    reading.take(chunks("one"))
    reading.take(Part(NOTHING))
    reading.take(Begun(1, "two.txt"))
    reading.take(chunks("half of two", position=1))
    reading.give_up(TIMED_OUT)

    assert kept(reading) == ["one"]
    assert [(each.where, each.code) for each in reading.cut().unread] == [("…", "timed_out")]


def test_files_of_which_nothing_is_read_say_why(reading: Reading) -> None:
    lost = Unread(where="one.txt", code="encrypted", reason="It has a password.")
    reading.take(Begun(0, "one.txt"))
    reading.take(Part(Parsed(blocks=(), unread=(lost,))))
    reading.take(Reply())

    with pytest.raises(UnreadableDocument, match=r"one\.txt: It has a password\.") as caught:
        reading.cut()
    assert caught.value.reason == "encrypted"
