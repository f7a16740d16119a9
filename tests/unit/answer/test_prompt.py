from collections.abc import Sequence

import msgspec
import pytest

from groundwire.answer import prompt
from groundwire.model.errors import ContextOverflow
from groundwire.model.ids import DocumentId, PassageId
from groundwire.model.passages import Passage
from groundwire.ports.chat_model import Call, Message, ToolSpec


def passage(n: int, text: str = "words " * 20) -> Passage:
    return Passage(
        id=PassageId(f"k{n}"),
        document=DocumentId("d"),
        title="Guide",
        text=text,
        score=1,
        relevance=1,
    )


def build(window: int, passages: int = 3, turns: int = 0) -> prompt.Prompt:
    said = [
        Message(role="user" if n % 2 == 0 else "assistant", content=f"turn {n}")
        for n in range(turns)
    ]
    return prompt.build(
        "What is it?", [passage(n) for n in range(passages)], said, "en", (window, len)
    )


def test_passages_fill_the_window_by_rank_and_are_never_cut() -> None:
    built = build(850)
    assert 0 < len(built.passages) < 3
    assert [each.id for each in built.passages] == ["k0", "k1"][: len(built.passages)]
    for n, each in enumerate(built.passages, start=1):
        assert prompt.passage_text(n, each) in built.messages[0].content


def test_the_prompt_stays_within_the_window() -> None:
    for window in range(900, 4000, 100):
        built = build(window, passages=8, turns=9)
        size = sum(len(message.content) + prompt.MESSAGE_TOKENS for message in built.messages)
        assert size + built.max_tokens <= window


def test_the_last_turns_are_kept_and_begin_with_a_question() -> None:
    built = build(4000, passages=1, turns=9)
    earlier = built.messages[1:-1]
    assert earlier[0].role == "user"
    assert earlier[-1].content == "turn 8"


def pinned(n: int, document: str, text: str = "words " * 20) -> Passage:
    return msgspec.structs.replace(
        passage(n, text),
        id=PassageId(f"{document}:{n}"),
        document=DocumentId(document),
        pinned=True,
    )


def with_pinned(window: int, *passages: Passage) -> tuple[list[str], int]:
    built = prompt.build("What is it?", passages, (), "en", (window, len))
    for n, each in enumerate(built.passages, start=1):
        assert prompt.passage_text(n, each) in built.messages[0].content
    return [each.id for each in built.passages], len(built.messages[0].content)


def test_what_is_pinned_comes_first_document_by_document_and_nothing_twice() -> None:
    found = [
        msgspec.structs.replace(pinned(0, "b"), id=PassageId(id), pinned=False)
        for id in ("a:1", "b:0-1", "b:1-2")
    ]
    by_turns = [pinned(0, "b"), pinned(0, "a"), pinned(1, "b"), pinned(1, "a")]

    assert with_pinned(9_000, *by_turns, *found, passage(0))[0] == [
        "b:0",
        "b:1",
        "a:0",
        "a:1",
        "b:1-2",
        "k0",
    ]


def test_what_was_found_in_another_version_of_what_is_pinned_is_left_out() -> None:
    before = msgspec.structs.replace(pinned(7, "a"), pinned=False)
    now = msgspec.structs.replace(before, id=PassageId("a:8.2"))

    kept, _ = with_pinned(
        9_000, msgspec.structs.replace(pinned(0, "a"), id=PassageId("a:0.2")), before, now
    )

    assert kept == ["a:0.2", "a:8.2"]


def test_what_is_pinned_takes_half_of_the_room_and_leaves_the_other_to_what_was_found() -> None:
    window = 4_000
    many = [pinned(n, "a") for n in range(40)]
    found = [passage(n) for n in range(40)]

    kept, size = with_pinned(window, *many, *found)

    of_pinned = sum(id.startswith("a") for id in kept)
    of_found = len(kept) - of_pinned
    assert kept == [f"a:{n}" for n in range(of_pinned)] + [f"k{n}" for n in range(of_found)]
    assert 0 < of_pinned <= of_found <= of_pinned + 1
    assert size < window


def test_a_passage_that_found_no_room_as_pinned_may_come_as_found() -> None:
    many = [pinned(n, "a") for n in range(40)]
    last = msgspec.structs.replace(many[-1], pinned=False)

    assert with_pinned(4_000, *many, last)[0][-1] == last.id


def test_a_question_larger_than_the_window_is_refused() -> None:
    with pytest.raises(ContextOverflow):
        build(300)


def test_without_passages_it_is_a_plain_chat() -> None:
    assert "no documents" in build(2000, passages=0).messages[0].content


def test_a_passage_says_where_it_stands() -> None:
    found = msgspec.structs.replace(passage(1, "Dig deep."), page=3, headings=("Rods", "Depth"))
    assert prompt.passage_text(2, found) == "[2] (Guide › Rods › Depth › p. 3)\nDig deep."


def used(n: int, result: str) -> list[Message]:
    call = Call(id=f"c{n}", name="read", input={"page": n})
    return [
        Message(role="assistant", content=f"Let me see {n}.", calls=(call,)),
        Message(role="tool", content=result, call=call.id),
    ]


def size_of(messages: Sequence[Message]) -> int:
    """Return at least what they cost, by the same count as `build`."""
    return sum(len(each.content) + prompt.MESSAGE_TOKENS for each in messages)


def test_what_tools_were_used_for_follows_the_question() -> None:
    built = build(4000, passages=1, turns=4)
    told = prompt.with_tools(built.messages, [used(1, "One."), used(2, "Two.")], (4000, len))
    assert told[: len(built.messages)] == built.messages
    assert [each.content for each in told[len(built.messages) :]] == [
        "Let me see 1.", "One.", "Let me see 2.", "Two.",
    ]  # fmt: skip


def test_results_take_the_place_of_the_earliest_turns() -> None:
    built = build(2000, passages=0, turns=40)
    told = prompt.with_tools(built.messages, [used(1, "long " * 160)], (2000, len))
    left = [each.content for each in told if each.content.startswith("turn")]
    assert 0 < len(left) < 40
    assert left[-1] == "turn 39"
    assert size_of(told) + built.max_tokens <= 2000


def test_of_results_without_room_the_oldest_are_not_shown() -> None:
    built = build(2000, passages=0, turns=4)
    exchanges = [used(n, f"{n} " + "long " * 80) for n in range(1, 5)]
    told = prompt.with_tools(built.messages, exchanges, (2000, len))
    results = [each.content for each in told if each.role == "tool"]
    assert results[0] == prompt.UNSEEN
    assert results[-1].startswith("4 ")
    assert size_of(told) + built.max_tokens <= 2000


def test_the_tools_themselves_take_room() -> None:
    tool = ToolSpec(name="read", description="Reads. " * 60, schema={"type": "object"})
    built = prompt.build("What?", (), [], "en", (2000, len), tools=[tool])
    assert built.messages[-1].content == "What?"
    with pytest.raises(ContextOverflow):
        prompt.build("What? " * 200, (), [], "en", (2000, len), tools=[tool])
    assert prompt.build("What? " * 200, (), [], "en", (2000, len)).messages


def test_a_result_that_does_not_fit_at_all_is_not_shown() -> None:
    built = build(2000, passages=0)
    told = prompt.with_tools(built.messages, [used(1, "long " * 2000)], (2000, len))
    assert [each.content for each in told if each.role == "tool"] == [prompt.UNSEEN]
