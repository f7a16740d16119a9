"""Two readers saw the same events, whichever of them was sent some in merged form."""

from typing import Any

from groundwire.conformance.checks.words import joined


def token(seq: int, content: str, offset: int, **more: Any) -> dict[str, Any]:
    return {
        "type": "token", "messageId": "m", "seq": seq, "content": content, "offset": offset, **more,
    }  # fmt: skip


DONE = {"type": "done", "messageId": "m", "seq": 4}


def test_merged_pieces_are_the_pieces_that_they_cover() -> None:
    apart = [token(1, "a", 0), token(2, "b", 1), token(3, "c", 2), DONE]
    merged = [token(1, "a", 0), token(3, "bc", 1, covers=[2, 3]), DONE]

    assert joined(apart) == joined(merged) == [token(3, "abc", 0), DONE]


def test_another_text_another_place_or_another_order_is_not_the_same() -> None:
    apart = joined([token(1, "a", 0), token(2, "b", 1), DONE])

    assert joined([token(1, "a", 0), token(2, "c", 1), DONE]) != apart
    assert joined([token(2, "a", 0), token(3, "b", 1), DONE]) != apart
    assert joined([token(1, "a", 0), DONE, token(2, "b", 1)]) != apart


def test_pieces_of_two_messages_stay_apart() -> None:
    events = [token(1, "a", 0), {**token(2, "b", 0), "messageId": "n"}]

    assert joined(events) == events
