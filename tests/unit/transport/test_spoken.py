"""What a client is told that only appends what it gets."""

from typing import Any

import msgspec

from groundwire.transport.spoken import Spoken


def said(*events: dict[str, Any]) -> str:
    spoken = Spoken()
    return "".join(
        spoken.text(msgspec.json.encode({"messageId": "a1", **event})) for event in events
    )


def token(content: str, offset: int = 0, **fields: object) -> dict[str, Any]:
    return {"type": "token", "content": content, "offset": offset, **fields}


def reset(to: int, **fields: object) -> dict[str, Any]:
    return {"type": "answer.reset", "toOffset": to, **fields}


def test_it_is_the_text_of_answers_and_why_one_failed() -> None:
    events = [
        {"type": "message.created", "content": "a question"},
        token("Hel"),
        {"type": "reasoning", "content": "hm", "offset": 0},
        token("lo", 3),
        {"type": "error", "message": "It is down."},
        {"type": "done"},
    ]
    assert said(*events) == "Hello\nIt is down.\n"


def test_an_answer_that_begins_again_says_so() -> None:
    assert said(token("Hallo"), reset(0), token("Hello")) == (
        "Hallo\n[the answer begins again]\nHello"
    )


def test_an_answer_of_which_a_part_is_withdrawn_says_how_much() -> None:
    events = [token("one 二三"), reset(4), token("two", 4), reset(4)]
    assert said(*events) == (
        "one 二三\n[the last 2 characters of the answer are withdrawn]\n"
        "two\n[the last 3 characters of the answer are withdrawn]\n"
    )


def test_of_what_was_never_said_nothing_is_withdrawn() -> None:
    assert said(reset(0)) == ""
    assert said(token("a"), reset(1)) == "a"
    assert said(token("a"), reset(0, messageId="a2")) == "a"
    assert said(token("a"), reset(0), reset(0)) == "a\n[the answer begins again]\n"


def test_it_knows_how_long_an_answer_is_that_it_joins_midway() -> None:
    assert said(token("end", 10), reset(10)).endswith(
        "[the last 3 characters of the answer are withdrawn]\n"
    )
