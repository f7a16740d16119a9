"""What is kept of a file whose parser says its chunks, and may end at any moment."""

import msgspec
import pytest

from groundwire.adapters.parsers.messages import (
    BROKEN,
    TIMED_OUT,
    Begun,
    Chunks,
    Message,
    Part,
    Reply,
)
from groundwire.adapters.parsers.reading import Reading
from groundwire.model.documents import Chunk, Parsed, Terms, Unread
from groundwire.model.errors import UnreadableDocument
from groundwire.model.ids import DocumentId, chunk_id

GUIDE, OTHER = DocumentId("d_guide"), DocumentId("d_other")
NOTHING = Parsed(blocks=())


@pytest.fixture
def reading() -> Reading:
    return Reading()


def chunks(*texts: str) -> Chunks:
    """Return what a parser says that would have its chunks be those of another document."""
    return Chunks(
        [Chunk(id=chunk_id(OTHER, 7), document=OTHER, position=7, text=text) for text in texts],
        [Terms("", text) for text in texts],
    )


def read_member(reading: Reading, number: int, text: str) -> None:
    """Have the parser say a file that holds ``text``, which is also its name."""
    reading.take(Begun(number, f"{text}.txt"))
    reading.take(chunks(text))
    reading.take(Part(NOTHING))


def kept(reading: Reading) -> list[str]:
    cut = reading.cut(GUIDE, 2)
    assert [terms.text for terms in cut.terms] == [chunk.text for chunk in cut.chunks]
    positions = range(len(cut.chunks))
    assert [chunk.position for chunk in cut.chunks] == list(positions)
    assert [chunk.id for chunk in cut.chunks] == [chunk_id(GUIDE, n, 2) for n in positions]
    assert {chunk.document for chunk in cut.chunks} == {GUIDE}
    return [chunk.text for chunk in cut.chunks]


def test_chunks_come_in_several_messages_and_are_of_whom_the_server_says(reading: Reading) -> None:
    reading.take(chunks("a", "b"))
    reading.take(chunks("c"))
    is_last = reading.take(Reply(parsed=Parsed(blocks=(), pages=3)))

    assert is_last
    assert kept(reading) == ["a", "b", "c"]
    assert reading.cut(GUIDE, 1).pages == 3


def test_a_file_that_is_lost_leaves_no_chunks_and_no_gap(reading: Reading) -> None:
    read_member(reading, 0, "one")
    reading.take(Begun(1, "two.txt"))
    reading.take(chunks("half of two"))
    reading.fail(BROKEN)

    assert reading.following == 2
    read_member(reading, 2, "three")
    reading.take(Reply())
    assert kept(reading) == ["one", "three"]
    assert [each.where for each in reading.cut(GUIDE, 1).unread] == ["two.txt"]


def test_a_file_that_is_refused_in_the_middle_is_refused(reading: Reading) -> None:
    reading.take(chunks("a"))
    reading.take(Reply(refusal=BROKEN))

    with pytest.raises(UnreadableDocument) as caught:
        reading.cut(GUIDE, 1)
    assert caught.value.reason == "broken"


def test_what_was_read_is_kept_when_the_rest_takes_too_long(reading: Reading) -> None:
    read_member(reading, 0, "one")
    reading.take(Begun(1, "two.txt"))
    reading.take(chunks("half of two"))
    reading.give_up(TIMED_OUT)

    assert kept(reading) == ["one"]
    (rest,) = reading.cut(GUIDE, 1).unread
    assert (rest.where, rest.code) == ("…", "timed_out")


def test_files_of_which_nothing_is_read_say_why(reading: Reading) -> None:
    lost = Unread(where="one.txt", code="encrypted", reason="It has a password.")
    reading.take(Begun(0, "one.txt"))
    reading.take(Part(Parsed(blocks=(), unread=(lost,))))
    reading.take(Reply())

    with pytest.raises(UnreadableDocument, match=r"one\.txt: It has a password\.") as caught:
        reading.cut(GUIDE, 1)
    assert caught.value.reason == "encrypted"


def test_chunks_without_their_terms_are_no_message() -> None:
    said = msgspec.json.encode({"type": "chunks", "chunks": [], "terms": [["", "oil"]]})

    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(said, type=Message)
