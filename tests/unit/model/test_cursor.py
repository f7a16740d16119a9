import pytest

from groundwire.model.cursor import Cursor, Head, unservable
from groundwire.model.errors import InvalidField


@pytest.mark.parametrize("cursor", [Cursor("e1", 0), Cursor("e1", 42), Cursor("a-b_c", 10**18 - 1)])
def test_a_cursor_is_read_as_it_is_written(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "7", ":7", "e1:", "e1:-1", "e1:1.5", "e1:seven", "e1:" + "9" * 19]
)
def test_what_is_no_cursor_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidField) as refused:
        Cursor.parse(text)
    assert refused.value.details == {"field": "cursor"}


@pytest.mark.parametrize("text", ["0", "e1:0", "e1:7"], ids=["start", "start of e1", "head"])
def test_a_reader_goes_on_from_anywhere_in_the_same_lifetime(text: str) -> None:
    assert unservable(Cursor.parse(text), Head("e1", 7)) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [("e0:3", "epoch_changed"), ("e0:0", "epoch_changed"), ("e1:8", "ahead_of_head")],
)
def test_a_cursor_that_cannot_be_served_says_why(text: str, reason: str) -> None:
    assert unservable(Cursor.parse(text), Head("e1", 7)) == reason
